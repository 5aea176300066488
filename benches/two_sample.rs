//! Kolmogorov-Smirnov of 10 columns: 10,000 reference values, prepared, against 10,000 current
//! ones, on one core. Prints nanoseconds a column, medians.
//!
//!     cargo bench --bench two_sample

use std::hint::black_box;
use std::time::Instant;

use fluxguard::drift::two_sample::{Reference, ks, sorted};
use fluxguard::stats::kolmogorov::two_sample::sf;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const COLUMNS: usize = 10;
const ROWS: usize = 10_000;
const RUNS: usize = 101;

/// Sums of twelve uniforms: nearly normal.
fn column(rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut unit = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    (0..ROWS).map(|_| (0..12).map(|_| unit()).sum::<f64>() - 6.0).collect()
}

/// The median time of a run over all columns, in nanoseconds a column.
fn median(mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_nanos() as f64 / COLUMNS as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

fn main() -> fluxguard::Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let references: Vec<Vec<f64>> = (0..COLUMNS).map(|_| column(&mut rng)).collect();
    let currents: Vec<Vec<f64>> = (0..COLUMNS).map(|_| column(&mut rng)).collect();
    let currents32: Vec<Vec<f32>> =
        currents.iter().map(|c| c.iter().map(|v| *v as f32).collect()).collect();
    let prepared =
        references.iter().map(|r| Reference::new(r)).collect::<fluxguard::Result<Vec<_>>>()?;
    let in_order =
        currents.iter().map(|c| sorted("current", c)).collect::<fluxguard::Result<Vec<_>>>()?;
    let gaps: Vec<f64> = prepared
        .iter()
        .zip(&in_order)
        .map(|(r, c)| ks::statistic_of_sorted(r.values(), c))
        .collect();
    let all64 = median(|| {
        prepared.iter().zip(&currents).for_each(|(r, c)| drop(black_box(r.ks(black_box(c)))))
    });
    let all32 = median(|| {
        prepared.iter().zip(&currents32).for_each(|(r, c)| drop(black_box(r.ks(black_box(c)))))
    });
    println!("ks, f64                      {all64:>10.0} ns a column");
    println!("ks, f32                      {all32:>10.0} ns a column");
    let sort64 =
        median(|| currents.iter().for_each(|c| drop(black_box(sorted("current", black_box(c))))));
    let sort32 =
        median(|| currents32.iter().for_each(|c| drop(black_box(sorted("current", black_box(c))))));
    println!("  sort, f64                  {sort64:>10.0}");
    println!("  sort, f32                  {sort32:>10.0}");
    let merge = median(|| {
        prepared.iter().zip(&in_order).for_each(|(r, c)| {
            black_box(ks::statistic_of_sorted(black_box(r.values()), black_box(c)));
        });
    });
    println!("  statistic of sorted        {merge:>10.0}");
    let p = median(|| {
        gaps.iter().for_each(|d| drop(black_box(sf(black_box(*d), ROWS as u64, ROWS as u64))))
    });
    println!("  exact p-value, m = n       {p:>10.0}");
    let unequal =
        median(|| gaps.iter().for_each(|d| drop(black_box(sf(black_box(*d), ROWS as u64, 9_999)))));
    let points: f64 =
        gaps.iter().map(|d| 2.0 * d * (ROWS * (ROWS - 1)) as f64).sum::<f64>() / COLUMNS as f64;
    println!(
        "exact p-value, m = n + 1     {unequal:>10.0}   ({:.2} ns a lattice point)",
        unequal / points
    );
    for (name, f) in [
        ("chi2", Reference::chi2::<f64> as fn(&Reference, &[f64]) -> _),
        ("psi", Reference::psi::<f64>),
        ("js", Reference::js::<f64>),
        ("wasserstein, asymptotic", Reference::wasserstein_asymptotic::<f64>),
    ] {
        let time = median(|| {
            prepared.iter().zip(&currents).for_each(|(r, c)| drop(black_box(f(r, black_box(c)))))
        });
        println!("{name:<28} {time:>10.0} ns a column");
    }
    let start = Instant::now();
    black_box(prepared[0].wasserstein(&currents[0])?);
    println!(
        "{:<28} {:>10} ns a column (one run)",
        "wasserstein, permutation",
        start.elapsed().as_nanos()
    );
    let start = Instant::now();
    black_box(Reference::new(&references[0])?.wasserstein_null());
    println!(
        "{:<28} {:>10} ns a column (one run)",
        "prepare, with W1's null",
        start.elapsed().as_nanos()
    );
    Ok(())
}
