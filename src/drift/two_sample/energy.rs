//! The energy distance of two samples.

use super::permutation::{Permutations, Uniform};
use super::wasserstein::{checked_range, pooled_gaps};
use super::{Method, Reference, TestName, TestResult};
use crate::Result;

/// D = √(2 ∫ (F - G)² dx) = √(2E|X-Y| - E|X-X'| - E|Y-Y'|), in the square root of the data's units
/// (Székely & Rizzo 2013, "Energy statistics"; `scipy.stats.energy_distance`).
///
/// The effect is √(D² / (2E|X-Y|)), the root of the energy coefficient, in [0, 1]: 0 where the
/// samples are equal. The p-value is by 999 reassignments of the pooled values. Cost: O((m + n) ·
/// 999).
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current`: empty, NaN or Inf, or a range beyond the
/// largest double.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::Energy, current)
}

pub(super) fn of_sorted(
    reference: &[f64],
    current: &[f64],
    _method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    let range = checked_range(reference, current)?;
    let (m, n) = (reference.len(), current.len());
    let mut result = TestResult {
        test: TestName::Energy,
        statistic: 0.0,
        p_value: 1.0,
        effect: 0.0,
        method: Method::Exact,
        reference_size: m as u64,
        current_size: n as u64,
    };
    if range == 0.0 {
        return Ok(result);
    }
    // In units of the range, so that no sum overflows.
    let gaps: Vec<f64> =
        pooled_gaps(reference, current).into_iter().map(|gap| gap / range).collect();
    let unit = 1.0 / m as f64 / n as f64;
    let (mut sum, mut between) = (0.0, 0.0);
    let (mut i, mut j) = (0, 0);
    for gap in &gaps {
        // Which of both comes first among equals does not matter: the gap between equals is 0.
        if j == n || (i < m && reference[i] <= current[j]) {
            i += 1
        } else {
            j += 1
        }
        sum += (i as f64 * n as f64 - j as f64 * m as f64).powi(2) * (unit * unit) * gap;
        // E|X-Y| = ∫ F(1-G) + G(1-F) dx.
        let (f, g) = (i as f64 / m as f64, j as f64 / n as f64);
        between += (f * (1.0 - g) + g * (1.0 - f)) * gap;
    }
    result.p_value =
        permutations.p_value(sum, |uniform| reassigned(&gaps, m as u32, n as u32, uniform));
    result.method = Method::Permutation;
    result.statistic = (2.0 * sum).sqrt() * range.sqrt();
    result.effect = (sum / between).sqrt().min(1.0);
    Ok(result)
}

/// ∫ (F - G)² dx if `n` of the m + n pooled values, picked at random, were the current sample.
fn reassigned(gaps: &[f64], m: u32, n: u32, uniform: &mut Uniform) -> f64 {
    let steps = [f64::from(n), -f64::from(m)];
    let unit = 1.0 / f64::from(m) / f64::from(n);
    let (mut left, mut rest) = (n, m + n);
    let (mut gap, mut sum) = (0.0, 0.0);
    for length in gaps {
        let picked = usize::from(uniform.below(rest) < left);
        left -= picked as u32;
        rest -= 1;
        gap += steps[picked];
        sum += gap * gap * (unit * unit) * length;
    }
    sum
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_definitions_agree(
            a in prop::collection::vec(-50i32..50, 1..40),
            b in prop::collection::vec(-50i32..50, 1..40)
        ) {
            let of = |s: &[i32]| s.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
            let (a, b) = (of(&a), of(&b));
            let mean = |x: &[f64], y: &[f64]| {
                x.iter().flat_map(|u| y.iter().map(move |v| (u - v).abs())).sum::<f64>() / (x.len() * y.len()) as f64
            };
            let square = 2.0 * mean(&a, &b) - mean(&a, &a) - mean(&b, &b);
            let result = test(&a, &b).unwrap();
            prop_assert!((result.statistic.powi(2) - square).abs() < 1e-9);
            if square > 1e-9 {
                prop_assert!((result.effect.powi(2) - square / (2.0 * mean(&a, &b))).abs() < 1e-9);
            }
            prop_assert!((test(&b, &a).unwrap().statistic - result.statistic).abs() < 1e-9);
        }
    }
}
