//! The pass over an output, in multiples of the time of a plain sum of squares over the same array.
//!
//! `cargo bench --bench observe`. Medians of many short runs, sides interleaved, so that a busy
//! machine disturbs both.

use std::hint::black_box;
use std::time::Instant;

use fluxguard::guard::{FalseAlarms, Guard, GuardOptions, Length, Per};
use fluxguard::profile::{OutputKind, Profile, ProfileOptions};
use fluxguard::sketch::Moments;
use fluxguard::tensor::{Elements, Tensor};

/// Sum of squares with enough independent sums to keep the vector units busy.
fn sum_abs2(x: &[f32]) -> f32 {
    let mut sums = [0.0f32; 64];
    let (whole, rest) = x.as_chunks::<64>();
    for block in whole {
        for (s, x) in sums.iter_mut().zip(block) {
            *s += x * x;
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|x| x * x).sum::<f32>()
}

/// Nanoseconds of `work`, once.
fn nanoseconds(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn random(n: usize) -> Vec<f32> {
    let mut state = 1u64;
    (0..n)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (0..4).map(|i| ((state >> (8 + 12 * i)) & 0xFFF) as f32 / 1024.0).sum::<f32>() - 8.0
        })
        .collect()
}

fn guard(p: usize, output: OutputKind) -> Guard {
    let reference = random(p * 2000);
    let mut profile =
        Profile::new(ProfileOptions { output, ..Default::default() }).expect("options");
    profile.fit(&Tensor::new(Elements::F32(&reference), 2000).expect("shape")).expect("finite");
    let false_alarms = FalseAlarms { rate: 1e-12, per: Per::Window };
    Guard::new(
        &profile,
        GuardOptions { window: Length::Observations(1000), false_alarms, ..Default::default() },
    )
    .expect("options")
}

/// Calls in a row before the worker may catch up: few enough that it is never behind.
const BURST: usize = 4;

fn main() {
    println!("{:<12} {:<28} {:>12} {:>10} {:>8}", "output", "work", "ns/call", "ns/value", "x sum");
    for p in [10, 1000] {
        // Different ones, as a model's are: one that repeats would look like drift, which costs the
        // tests more.
        let batches: Vec<Vec<f32>> =
            random(16 * p * 256).chunks(p * 256).map(<[f32]>::to_vec).collect();
        let tensor = |i: usize| Tensor::new(Elements::F32(&batches[i % 16]), 256).expect("shape");
        let y = &batches[0];
        let mut moments = Moments::new(vec![0.0; p]);
        let guards = [guard(p, OutputKind::Values), guard(p, OutputKind::Logits)];
        let mut times: [Vec<f64>; 6] = Default::default();
        for round in 0..300 {
            times[0].push(nanoseconds(|| _ = black_box(sum_abs2(black_box(y)))));
            times[1].push(nanoseconds(|| moments.update(black_box(&y[..]))));
            for (g, guard) in guards.iter().enumerate() {
                for i in 0..BURST {
                    let batch = tensor(BURST * round + i);
                    black_box(sum_abs2(black_box(&batches[(BURST * round + i) % 16])));
                    times[2 + 2 * g]
                        .push(nanoseconds(|| _ = black_box(guard.observe(&batch, 0, false))));
                }
                let flush = nanoseconds(|| guard.flush().expect("worker"));
                times[3 + 2 * g].push(flush / BURST as f64);
            }
        }
        let names = [
            "sum of squares",
            "moments, range, non-finite",
            "values: in the call",
            "values: in the background",
            "logits: in the call",
            "logits: in the background",
        ];
        let times = times.map(median);
        for (name, time) in names.iter().zip(times) {
            let per_value = time / y.len() as f64;
            println!(
                "{:<12} {name:<28} {time:>12.0} {per_value:>10.3} {:>8.1}",
                format!("{p} x 256"),
                time / times[0]
            );
        }
    }
}
