//! Arrays and handles of privacy from the caller's side.

use super::super::tests::{last_error, take};
use super::*;
use crate::ffi::raw::{FLOAT16, FLOAT64};
use std::ptr::{null, null_mut};

fn clip_sum(dtype: i32, table: *const FgParameter, parameters: usize, norms: &mut [f64]) -> (i32, String) {
    let options = "{\"flat\": 1}";
    // SAFETY: the tests' tables are valid or null, which is checked; there are as many norms as examples.
    take(|out| unsafe {
        let (norms, examples) = (norms.as_mut_ptr(), norms.len());
        fg_privacy_clip_sum(options.as_ptr(), options.len(), dtype, table, parameters, examples, norms, out)
    })
}

#[test]
fn arrays_are_clipped_in_place_and_bad_pointers_are_errors() {
    let gradients = [3.0f64, 4.0, 0.3, 0.4, f64::NAN, 1.0];
    let (mut sum, mut norms) = ([0.0f64; 2], [0.0; 3]);
    let good = FgParameter { gradients: gradients.as_ptr().cast(), features: 2, out: sum.as_mut_ptr().cast() };
    let (code, report) = clip_sum(FLOAT64, &raw const good, 1, &mut norms);
    assert_eq!((code, report.as_str()), (0, "{\"examples\":3,\"clipped\":1,\"non_finite\":[2],\"clip_norm\":1.0}"));
    assert!((sum[0] - 0.9).abs() < 1e-15 && (sum[1] - 1.2).abs() < 1e-15 && norms[0] == 5.0 && norms[2].is_nan());

    let with = |change: fn(&mut FgParameter)| {
        let mut table = good;
        change(&mut table);
        table
    };
    let bad = [
        (FLOAT16, good, -101, "gradients"),
        (FLOAT64, with(|p| p.gradients = null()), -100, "gradients"),
        (FLOAT64, with(|p| p.out = null_mut()), -100, "out"),
        (FLOAT64, with(|p| p.out = p.gradients.cast_mut()), -100, "share memory"),
        (FLOAT64, with(|p| p.features = usize::MAX / 2), -100, "memory can hold"),
        (FLOAT64, with(|p| p.features = 0), -102, "gradients"),
    ];
    for (dtype, table, code, word) in bad {
        assert_eq!(clip_sum(dtype, &raw const table, 1, &mut norms).0, code, "{word}");
        let message = last_error();
        assert!(message.contains(word), "{message}");
    }
    assert_eq!(clip_sum(FLOAT64, null(), 1, &mut norms).0, -100);
    assert_eq!(clip_sum(FLOAT64, null(), 0, &mut norms).0, -102);
    let twice = [good, good];
    assert_eq!(clip_sum(FLOAT64, twice.as_ptr(), 2, &mut norms).0, -100);
}

#[test]
fn handles_that_are_null_and_questions_that_are_none_are_errors() {
    let options = "{\"dataset_size\": 10, \"sample_rate\": 1.0}";
    let (mut noise, mut sampler, mut lot) = (null_mut(), null_mut(), [0i64; 10]);
    // SAFETY: all pointers are valid or null, which is checked.
    unsafe {
        assert_eq!(fg_noise_new(1, 7, &raw mut noise), 0);
        assert_eq!(fg_noise_new(0, 0, null_mut()), -100);
        assert_eq!(fg_sampler_new(null(), options.as_ptr(), options.len(), &raw mut sampler), -100);
        assert_eq!(fg_sampler_new(noise, options.as_ptr(), options.len(), &raw mut sampler), 0);
        fg_noise_free(noise);
        assert_eq!(fg_sampler_draw(sampler), 10);
        assert_eq!(fg_sampler_take(sampler, lot.as_mut_ptr(), 9), -100);
        assert_eq!(fg_sampler_take(sampler, lot.as_mut_ptr(), 10), 0);
        assert_eq!(lot, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(fg_sampler_draw(null()), -100);
        fg_sampler_free(sampler);
        fg_sampler_free(null_mut());
        assert_eq!(fg_correlated_step(null(), null_mut(), 0), -100);
        for question in ["", "{", "{\"call\": \"gossip\"}", "{\"call\": \"epsilon\"}"] {
            let (code, _) = take(|out| fg_privacy_ask(question.as_ptr(), question.len(), out));
            assert_eq!(code, -100, "{question}");
        }
    }
}
