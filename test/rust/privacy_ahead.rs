//! Noise that is drawn ahead is noise like any other: of the right law, and never the same twice.

use fluxguard::privacy::noise::{NoiseKind, NoiseSource};
use fluxguard::privacy::release::add_noise;
use std::time::Duration;

const N: usize = 100_000;

/// Five releases of zeros, with `pause` between them for the thread that draws ahead.
fn releases(source: &mut NoiseSource, pause: Duration) -> fluxguard::Result<Vec<Vec<f64>>> {
    (0..5)
        .map(|_| {
            let mut sum = vec![0.0f64; N];
            add_noise(&mut [&mut sum[..N / 3], &mut []], 2.0, 1.5, NoiseKind::Discrete, source)?;
            sum.fill(0.0);
            let (head, tail) = sum.split_at_mut(N / 3);
            add_noise(&mut [head, tail], 2.0, 1.5, NoiseKind::Discrete, source)?;
            add_noise(&mut [&mut vec![0.0f64; N]], 2.0, 1.5, NoiseKind::Discrete, source)?;
            std::thread::sleep(pause);
            let mut sum = vec![0.0f64; N];
            let (head, tail) = sum.split_at_mut(N / 7);
            add_noise(&mut [head, tail], 2.0, 1.5, NoiseKind::Discrete, source)?;
            Ok(sum)
        })
        .collect()
}

#[test]
fn drawn_ahead_wholly_partly_or_not() -> fluxguard::Result<()> {
    for pause in [0, 1, 100].map(Duration::from_millis) {
        let sums = releases(&mut NoiseSource::from_os()?, pause)?;
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
    let twice = |pause| releases(&mut NoiseSource::seeded(5), Duration::from_millis(pause));
    assert_eq!(twice(0)?, twice(20)?);
    Ok(())
}
