//! Noise that is drawn ahead is noise like any other: of the right law, and never the same twice.

use fluxguard::privacy::noise::NoiseKind;
use fluxguard::privacy::release::{Lot, PrivateRun, RunOptions, SumOptions};
use std::time::Duration;

const N: usize = 100_000;

fn add_noise(sums: &mut [&mut [f64]], run: &PrivateRun) -> fluxguard::Result<()> {
    let noise = NoiseKind::Discrete;
    let options = SumOptions {
        clip_norm: 2.0,
        expected_lot_size: 1.0,
        noise_multiplier: 1.5,
        noise,
        adaptive: None,
    };
    run.sum(sums, &options, Lot::Unknown, &[]).map(|_| ())
}

/// Five releases of zeros, with `pause` between them for the thread that draws ahead.
fn releases(run: &PrivateRun, pause: Duration) -> fluxguard::Result<Vec<Vec<f64>>> {
    (0..5)
        .map(|_| {
            let mut sum = vec![0.0f64; N];
            add_noise(&mut [&mut sum[..N / 3], &mut []], run)?;
            sum.fill(0.0);
            let (head, tail) = sum.split_at_mut(N / 3);
            add_noise(&mut [head, tail], run)?;
            add_noise(&mut [&mut vec![0.0f64; N]], run)?;
            std::thread::sleep(pause);
            let mut sum = vec![0.0f64; N];
            let (head, tail) = sum.split_at_mut(N / 7);
            add_noise(&mut [head, tail], run)?;
            Ok(sum)
        })
        .collect()
}

#[test]
fn drawn_ahead_wholly_partly_or_not() -> fluxguard::Result<()> {
    for pause in [0, 1, 100].map(Duration::from_millis) {
        let sums = releases(&PrivateRun::new(&RunOptions::default())?, pause)?;
        for (k, sum) in sums.iter().enumerate() {
            let squares: f64 = sum.iter().map(|x| x * x).sum();
            // the relative deviation of a variance of 100,000 samples is 0.0045; five of them
            assert!((squares / N as f64 / 9.0 - 1.0).abs() < 0.0225);
            let kurtosis = sum.iter().map(|x| x.powi(4)).sum::<f64>() / N as f64 / 81.0;
            assert!((kurtosis - 3.0).abs() < 0.16, "{kurtosis}"); // sqrt(96 / N) = 0.031
            for other in &sums[..k] {
                let common: f64 = sum.iter().zip(other).map(|(a, b)| a * b).sum();
                assert!((common / squares).abs() < 5.0 / (N as f64).sqrt());
            }
            // no stretch of a release comes again in itself
            let common: f64 = sum[N / 2..].iter().zip(sum).map(|(a, b)| a * b).sum();
            assert!((common / squares).abs() < 5.0 / (N as f64).sqrt());
        }
    }
    Ok(())
}

#[test]
fn a_seeded_source_stays_reproducible() -> fluxguard::Result<()> {
    let twice = |pause| {
        let run = PrivateRun::new(&RunOptions { seed: Some(5), ..RunOptions::default() })?;
        releases(&run, Duration::from_millis(pause))
    };
    assert_eq!(twice(0)?, twice(20)?);
    Ok(())
}
