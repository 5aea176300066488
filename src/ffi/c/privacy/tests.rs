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
    let (mut run, mut sampler, mut lot) = (null_mut(), null_mut(), [0i64; 10]);
    let seed = "{\"seed\": 7}";
    // SAFETY: all pointers are valid or null, which is checked.
    unsafe {
        assert_eq!(fg_run_new(seed.as_ptr(), seed.len(), &raw mut run), 0);
        assert_eq!(fg_run_new(null(), 0, null_mut()), -100);
        assert_eq!(fg_sampler_new(null(), 0, &raw mut sampler), -100);
        assert_eq!(fg_sampler_new(options.as_ptr(), options.len(), &raw mut sampler), 0);
        fg_run_free(run);
        fg_run_free(null_mut());
        assert_eq!(fg_sampler_draw(sampler, 0.0), -100);
        assert_eq!(fg_sampler_draw(sampler, 1.0), 10);
        assert_eq!(fg_sampler_take(sampler, lot.as_mut_ptr(), 9), -100);
        assert_eq!(fg_sampler_take(sampler, lot.as_mut_ptr(), 10), 1);
        assert_eq!(
            take(|out| fg_sampler_spend(sampler, 1, out)),
            (0, "{\"sampler\":\"poisson\",\"sample_rate\":1.0}".into())
        );
        assert_eq!(take(|out| fg_sampler_spend(sampler, 1, out)), (0, "{\"sampler\":\"full_batch\"}".into()));
        assert_eq!(take(|out| fg_sampler_spend(sampler, 2, out)).0, -100);
        assert_eq!(lot, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(fg_sampler_draw(null(), 1.0), -100);
        fg_sampler_free(sampler);
        fg_sampler_free(null_mut());
        assert_eq!(fg_correlated_step(null(), null_mut(), 0, null(), 0), -100);
        for question in ["", "{", "{\"call\": \"gossip\"}", "{\"call\": \"epsilon\"}"] {
            let (code, _) = take(|out| fg_privacy_ask(question.as_ptr(), question.len(), out));
            assert_eq!(code, -100, "{question}");
        }
    }
}

#[test]
fn a_release_is_counted_and_what_is_refused_is_not() {
    let (mut run, mut sampler, mut noise) = (null_mut(), null_mut(), null_mut());
    let (mut sum, norms) = ([1.0f64; 2], [0.5f64, 2.0]);
    let table = FgParameter { gradients: null(), features: 2, out: sum.as_mut_ptr().cast() };
    // SAFETY: all pointers are valid or null, which is checked.
    unsafe {
        assert_eq!(fg_run_new(null(), 0, &raw mut run), 0);
        let options = "{\"dataset_size\": 9, \"sample_rate\": 0.5}";
        assert_eq!(fg_sampler_new(options.as_ptr(), options.len(), &raw mut sampler), 0);
        fg_sampler_draw(sampler, 0.5);
        let id = fg_sampler_id(sampler);
        let release = |lot: &str, step: &str| {
            let options = format!("{{\"lot\": {lot}, \"step\": {step}}}");
            let (options, norms) = (options.as_bytes(), norms.as_ptr().cast_mut());
            take(|out| fg_run_sum(run, options.as_ptr(), options.len(), FLOAT64, &raw const table, 1, 2, norms, out)).0
        };
        let step = "{\"clip_norm\": 1, \"noise_multiplier\": 1}";
        assert_eq!(release(&format!("{{\"drawn\": {{\"sampler\": {id}, \"number\": 1}}}}"), step), 0);
        assert_eq!(release("\"unknown\"", step), 0);
        assert_eq!(release("\"unknown\"", step), 0);
        let released = sum;
        for lot in [
            "{\"drawn\": {\"sampler\": 0, \"number\": 1}}",
            "{\"claimed\": {\"sampler\": \"poisson\", \"sample_rate\": 0.1}}", // nobody's word is taken
        ] {
            assert_eq!(release(lot, step), -100, "{lot}");
        }
        assert_eq!(release("\"unknown\"", "{\"clip_norm\": 0, \"noise_multiplier\": 1}"), -100);
        assert_eq!((released[0] != 1.0, sum), (true, released));
        let ask = |question: &str| take(|out| fg_run_ask(run, question.as_ptr(), question.len(), out));
        assert_eq!(ask("{\"call\": \"steps\"}"), (0, "[3,true]".into()));
        assert!(ask("{\"call\": \"accountant\"}").1.matches("noise_multiplier").count() == 2);
        assert!(ask("{\"call\": \"records\"}").1.contains("\"origin\":\"unknown\""));
        let tree = "{\"mechanism\": \"tree\", \"dimension\": 2, \"steps\": 2, \"participations\": 1, \
                    \"min_separation\": 1, \"clip_norm\": 1, \"noise_multiplier\": 2}";
        assert_eq!(fg_run_begin(run, tree.as_ptr(), tree.len(), &raw mut noise), 0);
        let examples = [3u64, 4];
        assert_eq!(fg_correlated_step(noise, sum.as_mut_ptr(), 2, examples.as_ptr(), 2), 0);
        assert_eq!(fg_correlated_step(noise, sum.as_mut_ptr(), 2, examples.as_ptr(), 1), -100);
        fg_run_free(run); // what was begun holds on to it
        assert_eq!(fg_correlated_step(noise, sum.as_mut_ptr(), 2, null(), 0), 0);
        fg_correlated_free(noise);
        fg_sampler_free(sampler);
    }
}
