//! Privacy beside its limits, in one run: medians.
//!
//!     cargo bench --bench privacy
//!
//! Read bandwidth is measured in the same run, over the same bytes and threads.

use fluxguard::privacy::accountant::{Accountant, AccountantKind, Phase, Relation, Sampling};
use fluxguard::privacy::calibrate::{CalibrationOptions, noise_multiplier};
use fluxguard::privacy::clip::{Clipping, Gradients, clip_sum};
use fluxguard::privacy::noise::{DiscreteGaussian, NoiseKind, NoiseSource};
use fluxguard::privacy::release::{Lot, MeanOptions, PrivateRun, RunOptions};
use std::hint::black_box;
use std::time::Instant;

const FEATURES: usize = 235_146;
const EXAMPLES: usize = 256;

/// Median of `repeats` timings, in seconds.
fn median(repeats: usize, mut work: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    let mut times: Vec<f64> = (0..repeats).map(time).collect();
    times.sort_by(f64::total_cmp);
    times[repeats / 2]
}

/// Reads every word once, on all threads: the limit of a pass.
fn read_all(data: &[f32]) -> f32 {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let share = data.len().div_ceil(threads);
        let readers: Vec<_> = data.chunks(share).map(|part| scope.spawn(|| sum(part))).collect();
        readers.into_iter().map(|reader| reader.join().unwrap_or(0.0)).sum()
    })
}

fn sum(part: &[f32]) -> f32 {
    let mut sums = [0f32; 64];
    for chunk in part.chunks_exact(64) {
        sums.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += x);
    }
    sums.iter().sum()
}

fn arrays() {
    let mut source = NoiseSource::seeded(1);
    let mut data = vec![0f32; FEATURES * EXAMPLES];
    source.fill_gaussian(&mut data);
    let bytes = (data.len() * 4) as f64;
    let limit = median(15, || {
        black_box(read_all(black_box(&data)));
    });
    let gradients = Gradients::new(&[(&data[..], FEATURES)], EXAMPLES).expect("shapes fit");
    let mut out = vec![0f32; FEATURES];
    let clip = median(15, || {
        clip_sum(&gradients, &Clipping::Flat(1.0), &mut [&mut out]).expect("valid");
    });
    println!("read bandwidth                    {:8.2} GB/s", bytes / limit / 1e9);
    println!(
        "clip_sum {FEATURES} x {EXAMPLES} f32       {:8.2} ms  {:.2} GB/s over two passes, {:.0}% of it",
        clip * 1e3,
        2.0 * bytes / clip / 1e9,
        200.0 * limit / clip
    );
    let run = PrivateRun::new(&RunOptions::default()).expect("randomness");
    for noise in [NoiseKind::Discrete, NoiseKind::Fast] {
        let options = MeanOptions { noise, ..MeanOptions::new(1.0, 256.0) };
        let time = median(9, || {
            run.mean(&gradients, &options, Lot::Unknown, &mut [&mut out]).expect("valid");
        });
        println!("private_mean, {noise:8?}            {:8.2} ms", time * 1e3);
    }
}

fn noise() {
    let mut source = NoiseSource::seeded(1);
    let mut fast = vec![0f32; 1 << 20];
    let time = median(25, || source.fill_gaussian(black_box(&mut fast)));
    println!(
        "fast Gaussian f32, one core       {:8.1} M samples/s",
        fast.len() as f64 / time / 1e6
    );
    let sampler = DiscreteGaussian::default();
    let mut discrete = vec![0i32; FEATURES];
    let time = median(25, || sampler.fill(&mut source, black_box(&mut discrete)));
    println!(
        "discrete Gaussian, one core       {:8.1} M samples/s, {FEATURES} in {:.2} ms",
        FEATURES as f64 / time / 1e6,
        time * 1e3
    );
    let mut out = vec![0f32; FEATURES];
    let empty = Gradients::new(&[(&[][..], FEATURES)], 0).expect("shapes fit");
    let run = PrivateRun::new(&RunOptions::default()).expect("randomness");
    let time = median(25, || {
        run.mean(&empty, &MeanOptions::new(1.0, 256.0), Lot::Unknown, &mut [&mut out])
            .expect("valid");
    });
    println!("discrete noise in private_mean    {:8.2} ms for {FEATURES}, all cores", time * 1e3);
}

fn accounting() {
    let text = include_str!("../test/reference/privacy_accounting.json");
    let reference: serde_json::Value =
        serde_json::from_str(text).expect("the reference file is JSON");
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    let mut times = Vec::new();
    for row in reference["pld"].as_array().expect("rows") {
        let relation = if row["relation"] == "replace_one" {
            Relation::ReplaceOne
        } else {
            Relation::AddRemove
        };
        let mut accountant = Accountant::new(AccountantKind::Pld, relation);
        for p in row["phases"].as_array().expect("phases") {
            let sampling = Sampling::Poisson { rate: number(&p[1]) };
            accountant
                .push(Phase {
                    noise_multiplier: number(&p[0]),
                    sampling,
                    steps: number(&p[2]) as u64,
                })
                .expect("a valid phase");
        }
        for delta in [1e-3, 1e-5, 1e-7] {
            times.push(median(3, || {
                black_box(accountant.epsilon(delta).expect("valid"));
            }));
        }
    }
    times.sort_by(f64::total_cmp);
    println!(
        "PLD epsilon, {} of the tests      {:8.2} ms median, {:.1} ms at most",
        times.len(),
        times[times.len() / 2] * 1e3,
        times[times.len() - 1] * 1e3
    );
    for (target_epsilon, rate, steps) in
        [(1.0, 0.01, 1000), (8.0, 256.0 / 60_000.0, 14_000), (3.0, 0.001, 100_000)]
    {
        let options = CalibrationOptions {
            target_epsilon,
            delta: 1e-5,
            sampling: Sampling::Poisson { rate },
            steps,
            relation: Relation::AddRemove,
            accountant: AccountantKind::Pld,
            unit_size: 1,
        };
        let time = median(5, || {
            black_box(noise_multiplier(&options).expect("attainable"));
        });
        println!("calibration, epsilon {target_epsilon}, {steps:6} steps {:8.1} ms", time * 1e3);
    }
}

fn main() {
    // `cargo test` runs benches too: be built there, and measure only when asked
    if std::env::args().any(|argument| argument == "--bench") {
        arrays();
        noise();
        accounting();
    }
}
