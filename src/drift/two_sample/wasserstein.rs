//! The Wasserstein-1 (earth mover's) distance of two samples.

pub use super::wasserstein_null::Null;

use super::permutation::{Permutations, Uniform};
use super::{Method, Reference, TestName, TestResult};
use crate::{Error, Result};

/// W₁ = ∫ |F - G| of the two empirical distribution functions, in the units of the data
/// (`scipy.stats.wasserstein_distance`).
///
/// The effect is W₁ in standard deviations of the reference (divisor m); of a constant reference,
/// which has none, any distance is infinitely many: the largest double. The p-value is by 999
/// reassignments of the pooled values, so it holds for any distribution. Cost: O((m + n) · 999), 60
/// ms for 10,000 values each; [`Reference::wasserstein_asymptotic`] takes 0.2 ms there.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current`: empty, NaN or Inf, or a range beyond the
/// largest double.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.wasserstein(current)
}

/// The p-value of a distance `w1` between samples of `m` and `n` under the reference's asymptotic
/// null distribution: see [`Null`] for its form and its measured error. Of a constant reference: 1
/// for w1 = 0, else 0.
///
/// # Errors
/// `InvalidArgument` when w1 is negative or NaN or a size is 0.
pub fn asymptotic_p(w1: f64, null: &Null, m: u64, n: u64) -> Result<f64> {
    if w1.is_nan() || w1 < 0.0 {
        return Err(Error::invalid("w1", w1, "a distance, 0 or more"));
    }
    for (argument, size) in [("m", m), ("n", n)] {
        if size == 0 {
            return Err(Error::invalid(argument, size, "a sample size of at least 1"));
        }
    }
    null.p_value(w1, m as f64, n as f64)
}

/// W₁ of two samples that are sorted ascending and not empty. Cost: O(m + n).
#[must_use]
pub fn statistic_of_sorted(reference: &[f64], current: &[f64]) -> f64 {
    let (m, n) = (reference.len(), current.len());
    if m == 0 || n == 0 {
        return 0.0;
    }
    // m n (F - G) is a whole number: its steps are exact, and taken from a table instead of by a
    // coin-like branch.
    let steps = [-(m as i64), n as i64];
    let unit = 1.0 / m as f64 / n as f64;
    let (mut i, mut j, mut gap) = (0, 0, 0i64);
    let mut last = reference[0].min(current[0]);
    let mut sum = 0.0;
    while i < m && j < n {
        let values = [current[j], reference[i]];
        let from_reference = usize::from(values[1] <= values[0]);
        let value = values[from_reference];
        sum += gap.abs() as f64 * unit * (value - last);
        last = value;
        gap += steps[from_reference];
        i += from_reference;
        j += 1 - from_reference;
    }
    let (rest, step) = if i < m { (&reference[i..], steps[1]) } else { (&current[j..], steps[0]) };
    for &value in rest {
        sum += gap.abs() as f64 * unit * (value - last);
        last = value;
        gap += step;
    }
    sum.min(f64::MAX)
}

pub(super) fn of_reference(
    reference: &Reference,
    current: &[f64],
    method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    if method == Method::Asymptotic && reference.standard_deviation() > 0.0 {
        return by_null(reference, current);
    }
    by_permutation(reference, current, permutations)
}

pub(super) fn by_permutation(
    reference: &Reference,
    current: &[f64],
    permutations: Permutations,
) -> Result<TestResult> {
    let statistic = checked(reference, current)?;
    let gaps = pooled_gaps(reference.values(), current);
    let (m, n) = (reference.values().len() as u32, current.len() as u32);
    let p = permutations.p_value(statistic, |uniform| reassigned(&gaps, m, n, uniform));
    Ok(result(reference, current, statistic, p, Method::Permutation))
}

pub(super) fn by_null(reference: &Reference, current: &[f64]) -> Result<TestResult> {
    let statistic = checked(reference, current)?;
    let (m, n) = (reference.values().len() as u64, current.len() as u64);
    let p = asymptotic_p(statistic, reference.wasserstein_null(), m, n)?;
    Ok(result(reference, current, statistic, p, Method::Asymptotic))
}

fn checked(reference: &Reference, current: &[f64]) -> Result<f64> {
    checked_range(reference.values(), current)?;
    Ok(statistic_of_sorted(reference.values(), current))
}

/// The range of both samples together.
pub(super) fn checked_range(reference: &[f64], current: &[f64]) -> Result<f64> {
    let low = reference[0].min(current[0]);
    let high = reference[reference.len() - 1].max(current[current.len() - 1]);
    if !(high - low).is_finite() {
        let was = format!("values that, with the reference's, run from {low:e} to {high:e}");
        return Err(Error::invalid("current", was, "a range below 1.8e308; scale both samples"));
    }
    Ok(high - low)
}

fn result(
    reference: &Reference,
    current: &[f64],
    statistic: f64,
    p_value: f64,
    method: Method,
) -> TestResult {
    let sd = reference.standard_deviation();
    let effect = in_deviations(statistic, sd);
    let (reference_size, current_size) = (reference.values().len() as u64, current.len() as u64);
    TestResult {
        test: TestName::Wasserstein,
        statistic,
        p_value,
        effect,
        method,
        reference_size,
        current_size,
    }
}

/// A difference in standard deviations. Where there is none to measure in, any difference is
/// infinitely many, whatever its unit: the largest double, for JSON has no infinity.
pub(super) fn in_deviations(difference: f64, deviation: f64) -> f64 {
    if difference == 0.0 { 0.0 } else { (difference.abs() / deviation).min(f64::MAX) }
}

/// The distances between neighbors of the pooled sample.
pub(super) fn pooled_gaps(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut pooled = [a, b].concat();
    // Two sorted runs: a stable sort merges them.
    pooled.sort_by(f64::total_cmp);
    pooled.windows(2).map(|w| w[1] - w[0]).collect()
}

/// W₁ if `n` of the m + n pooled values, picked at random, were the current sample.
fn reassigned(gaps: &[f64], m: u32, n: u32, uniform: &mut Uniform) -> f64 {
    let steps = [i64::from(n), -i64::from(m)];
    let unit = 1.0 / f64::from(m) / f64::from(n);
    let (mut left, mut rest) = (n, m + n);
    let (mut gap, mut sum) = (0i64, 0.0);
    for length in gaps {
        // Selection sampling (Knuth 3.4.2, algorithm S): each value is picked in proportion to what
        // is left to pick.
        let picked = usize::from(uniform.below(rest) < left);
        left -= picked as u32;
        rest -= 1;
        gap += steps[picked];
        sum += gap.abs() as f64 * unit * length;
    }
    sum
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By another definition: ∫ |F⁻¹ - G⁻¹| du, of both samples repeated to the same length.
    fn by_quantiles(a: &[f64], b: &[f64]) -> f64 {
        let common = a.len() * b.len();
        (0..common).map(|k| (a[k / b.len()] - b[k / a.len()]).abs()).sum::<f64>() / common as f64
    }

    fn sample() -> impl Strategy<Value = Vec<f64>> {
        prop_oneof![
            prop::collection::vec(-1e3..1e3f64, 1..40),
            prop::collection::vec((-4i32..4).prop_map(f64::from), 1..40)
        ]
        .prop_map(|mut s| {
            s.sort_by(f64::total_cmp);
            s
        })
    }

    #[test]
    fn the_largest_values_do_not_overflow() {
        let low = vec![-8e307; 300];
        let reference = Reference::new(&[&low[..], &[8e307; 300]].concat()).unwrap();
        for result in
            [reference.wasserstein(&low).unwrap(), reference.wasserstein_asymptotic(&low).unwrap()]
        {
            assert!(
                (result.statistic / 8e307 - 1.0).abs() < 1e-9 && (result.effect - 1.0).abs() < 1e-9,
                "{result:?}"
            );
            assert!(result.p_value <= 0.001);
        }
        let error = reference.wasserstein(&[1.7e308]).unwrap_err().to_string();
        assert!(error.starts_with("current: got values that"), "{error}");
        assert!(
            Reference::new(&[-1e308, 1e308])
                .unwrap_err()
                .to_string()
                .starts_with("reference: got values from")
        );
    }

    proptest! {
        #[test]
        fn both_definitions_agree(a in sample(), b in sample()) {
            let w = statistic_of_sorted(&a, &b);
            prop_assert!((w - by_quantiles(&a, &b)).abs() <= 1e-11 * (1.0 + w));
            prop_assert!((w - statistic_of_sorted(&b, &a)).abs() <= 1e-12 * (1.0 + w));
            let moved: Vec<f64> = a.iter().map(|v| v + 5.0).collect();
            prop_assert!((statistic_of_sorted(&a, &moved) - 5.0).abs() < 1e-10);
        }
    }
}
