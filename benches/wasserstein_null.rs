//! How near the asymptotic null distribution of W₁ is: the share of false alarms at a level, over
//! that level, for samples of one distribution. 1 is right, below 1 conservative. The docstring of
//! `Null` has the numbers.
//!
//!     cargo bench --bench wasserstein_null

use fluxguard::drift::two_sample::{Reference, sorted, wasserstein};
use fluxguard::stats::normal;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const LEVELS: [f64; 6] = [0.5, 0.2, 0.05, 0.01, 1e-3, 1e-4];
const POPULATION: usize = 1_000_000;

fn main() -> fluxguard::Result<()> {
    println!(
        "{:<12} {:>6} {:>6} {:>9}  false alarms / level at {LEVELS:?}",
        "population", "m", "n", "windows"
    );
    let quantile = |u: f64| normal::quantile(u).unwrap_or(f64::NAN);
    for (name, f) in [
        ("uniform", &(|u| u) as &dyn Fn(f64) -> f64),
        ("normal", &quantile),
        ("exponential", &|u: f64| -(-u).ln_1p()),
        ("lognormal", &|u: f64| quantile(u).exp()),
    ] {
        let population: Vec<f64> =
            (0..POPULATION).map(|i| f((i as f64 + 0.5) / POPULATION as f64)).collect();
        let prepared = Reference::new(&population)?;
        for (m, n, windows) in [(300, 300, 500_000u32), (2000, 200, 100_000)] {
            let mut rng = ChaCha8Rng::seed_from_u64(7);
            let mut draw = |size: usize| {
                let sample: Vec<f64> = (0..size)
                    .map(|_| population[(rng.next_u64() % POPULATION as u64) as usize])
                    .collect();
                sorted("current", &sample)
            };
            let mut alarms = [0u32; LEVELS.len()];
            for _ in 0..windows {
                let w1 = wasserstein::statistic_of_sorted(&draw(m)?, &draw(n)?);
                let p =
                    wasserstein::asymptotic_p(w1, prepared.wasserstein_null(), m as u64, n as u64)?;
                alarms
                    .iter_mut()
                    .zip(LEVELS)
                    .for_each(|(alarms, level)| *alarms += u32::from(p <= level));
            }
            let ratios: Vec<String> = alarms
                .iter()
                .zip(LEVELS)
                .map(|(a, level)| {
                    let expected = level * f64::from(windows);
                    format!(
                        "{:.3} ±{:.3}",
                        f64::from(*a) / expected,
                        f64::from(*a).sqrt() / expected
                    )
                })
                .collect();
            println!("{name:<12} {m:>6} {n:>6} {windows:>9}  {}", ratios.join("  "));
        }
    }
    Ok(())
}
