//! Minimum covariance determinant by FAST-MCD (Rousseeuw and Van Driessen 1999), reweighted.

use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::Estimate;
use crate::Rows;
use crate::error::{Error, Result};
use crate::stats::chi_squared;
use crate::support::linear::Whitening;

/// Starts, each from features + 1 observations.
const STARTS: usize = 500;
/// Of which so many go on after two steps.
const GO_ON: usize = 10;
/// Observations that starts work on where there are more: the paper's nesting, with one level.
const FEW: usize = 1500;

/// Mean and covariance of the half of the observations whose covariance has the least determinant
/// that was found, scaled to be consistent for a normal, then of all observations within its 97.5 %
/// ellipsoid, scaled again (Croux and Haesbroeck 1999; as scikit-learn's `MinCovDet` from 1.7 on).
///
/// # Errors
/// [`Error::BaselineTooSmall`]; [`Error::InvalidArgument`] where half of the observations lie in a
/// plane: then its determinant is 0, and however little others leave the plane, they are infinitely
/// far (the exact fit of Rousseeuw and Van Driessen).
pub fn estimate(rows: &Rows<'_>, seed: u64) -> Result<Estimate> {
    let (n, p) = (rows.len(), rows.features());
    rows.expect_at_least(2 * p + 2, "half of them must span all features")?;
    let half = (n + p + 2) / 2;
    expect_no_value_of_most(rows, half)?;
    let raw = best(rows, half, seed)?;
    let raw_scale = consistency(p, half as f64 / n as f64);
    let limit = quantile(p as f64, 0.975);
    let squared = distances(rows, &raw)?;
    let inside: Vec<usize> = (0..n).filter(|i| squared[*i] / raw_scale < limit).collect();
    let mut reweighted = moments(&rows.select(&inside));
    reweighted.covariance *= consistency(p, 0.975);
    Ok(reweighted)
}

/// Of features with few values this is how planes come about, and random starts find such a plane
/// or do not.
fn expect_no_value_of_most(rows: &Rows<'_>, half: usize) -> Result<()> {
    for feature in 0..rows.features() {
        let mut values: Vec<f64> = rows.iter().map(|row| row[feature]).collect();
        values.sort_unstable_by(f64::total_cmp);
        let runs = values.chunk_by(|a, b| a == b).max_by_key(|run| run.len());
        if let Some((value, held)) =
            runs.map(|run| (run[0], run.len())).filter(|(_, held)| *held >= half)
        {
            let was = format!(
                "{value} in feature {feature} (from 0) of {held} of {} observations, half or more",
                rows.len()
            );
            return Err(Error::invalid("reference", was, EXPECTED));
        }
    }
    Ok(())
}

const EXPECTED: &str = "features that vary freely; drop some, or use covariance = \"shrunk\"";

/// What the covariance of the innermost fraction of a normal is multiplied by to be that of all.
fn consistency(p: usize, fraction: f64) -> f64 {
    if fraction >= 1.0 {
        return 1.0;
    }
    let inner = chi_squared::cdf(quantile(p as f64, fraction), p as f64 + 2.0);
    fraction / inner.unwrap_or(fraction)
}

/// The chi-squared quantile, by bisection of the distribution function to the last digits.
fn quantile(degrees: f64, q: f64) -> f64 {
    let (mut low, mut high) = (0.0, 2.0 * degrees + 10.0);
    let below = |x: f64| chi_squared::cdf(x, degrees).is_ok_and(|c| c < q);
    while below(high) {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if below(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

fn moments(rows: &Rows<'_>) -> Estimate {
    let mean = rows.means();
    let covariance = rows.covariance(&mean);
    Estimate { mean, covariance }
}

fn distances(rows: &Rows<'_>, estimate: &Estimate) -> Result<Vec<f64>> {
    let whitening = Whitening::new(&estimate.covariance)?;
    let mut centered = vec![0.0; rows.features()];
    Ok(rows
        .iter()
        .map(|row| whitening.squared_distance(row, &estimate.mean, &mut centered))
        .collect())
}

/// The `half` observations that are nearest by `estimate`, and their moments: never of a larger
/// determinant (theorem 1).
fn step(rows: &Rows<'_>, estimate: &Estimate, half: usize) -> Result<Estimate> {
    let squared = distances(rows, estimate)?;
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.select_nth_unstable_by(half - 1, |a, b| {
        squared[*a].total_cmp(&squared[*b]).then(a.cmp(b))
    });
    order.truncate(half);
    order.sort_unstable();
    Ok(moments(&rows.select(&order)))
}

fn log_determinant(estimate: &Estimate) -> f64 {
    Whitening::new(&estimate.covariance).map_or(f64::NEG_INFINITY, |w| w.log_determinant)
}

fn best(rows: &Rows<'_>, half: usize, seed: u64) -> Result<Estimate> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (n, p) = (rows.len(), rows.features());
    let few = if n > FEW {
        rows.select(&index::sample(&mut random, n, FEW).into_vec())
    } else {
        rows.clone()
    };
    let few_half = (half * few.len()).div_ceil(n);
    let mut found: Vec<(f64, Estimate)> = Vec::new();
    for _ in 0..STARTS {
        let Some(start) = start(&few, p, &mut random) else { continue };
        let stepped = step(&few, &start, few_half).and_then(|e| step(&few, &e, few_half));
        if let Ok(estimate) = stepped {
            found.push((log_determinant(&estimate), estimate));
        }
    }
    found.retain(|(d, _)| d.is_finite());
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.truncate(GO_ON);
    let mut best: Option<(f64, Estimate)> = None;
    for (_, mut estimate) in found {
        let mut last = f64::INFINITY;
        // A step leaves the determinant or lowers it: there are finitely many halves.
        for _ in 0..200 {
            let Ok(next) = step(rows, &estimate, half) else { break };
            let now = log_determinant(&next);
            estimate = next;
            if now >= last - 1e-13 * last.abs().max(1.0) {
                break;
            }
            last = now;
        }
        let now = log_determinant(&estimate);
        if now.is_finite() && best.as_ref().is_none_or(|(d, _)| now < *d) {
            best = Some((now, estimate));
        }
    }
    best.map(|(_, estimate)| estimate).ok_or_else(|| {
        let was = "half of its observations on a plane, where a covariance is singular";
        Error::invalid("reference", was, EXPECTED)
    })
}

/// Moments of features + 1 observations, and of more while their covariance is singular.
fn start(rows: &Rows<'_>, p: usize, random: &mut ChaCha8Rng) -> Option<Estimate> {
    let order = index::sample(random, rows.len(), rows.len().min(4 * p + 8)).into_vec();
    (p + 1..=order.len())
        .map(|k| moments(&rows.select(&order[..k])))
        .find(|e| log_determinant(e).is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn a_third_of_outliers_does_not_move_it() {
        let mut random = Random(4);
        let mut values = random.normals(2 * 300);
        values[..200].iter_mut().for_each(|x| *x += 50.0);
        let estimate = estimate(&Rows::from_values(values, 2), 0).expect("regular");
        assert!(estimate.mean.iter().all(|m| m.abs() < 0.4), "{:?}", estimate.mean);
        for (k, want) in [([0, 0], 1.0), ([1, 1], 1.0), ([0, 1], 0.0)] {
            assert!((estimate.covariance[k] - want).abs() < 0.4, "{}", estimate.covariance);
        }
    }

    #[test]
    fn a_value_that_half_of_a_feature_has_is_refused_by_name_whatever_the_start() {
        let mut random = Random(7);
        for (n, p, feature) in [(143, 9, 5), (60, 2, 0), (400, 4, 3)] {
            let half = (n + p + 2) / 2;
            for held in [half, n - 3] {
                let mut values = random.normals(n * p);
                // every so many, so that no run of rows has the value alone
                (0..held).for_each(|i| values[(i * n / held) * p + feature] = 10.0);
                let rows = Rows::from_values(values, p);
                for seed in 0..5 {
                    let text = estimate(&rows, seed).expect_err("half lies in a plane").to_string();
                    assert!(
                        text.contains(&format!(
                            "10 in feature {feature} (from 0) of {held} of {n}"
                        )),
                        "{text}"
                    );
                }
            }
            let mut values = random.normals(n * p);
            (0..half / 2).for_each(|i| values[2 * i * p + feature] = 10.0);
            assert!(estimate(&Rows::from_values(values, p), 0).is_ok(), "a quarter may");
        }
    }

    #[test]
    fn the_quantile_is_the_inverse() {
        for (degrees, q, want) in
            [(2.0, 0.975, 7.377_758_908_227_871), (5.0, 0.5, 4.351_460_191_095_526)]
        {
            assert!((quantile(degrees, q) - want).abs() < 1e-9);
        }
    }
}
