//! The Hellinger distance of two samples of counts.

use super::permutation::Permutations;
use super::table::Table;
use super::{Method, Reference, TestName, TestResult};
use crate::Result;

/// H = √(½ Σ (√p - √q)²) of the proportions p (reference) and q (current), in [0, 1]; 1 where no bin is shared.
///
/// The effect is H itself. The p-value: with p and q near their mean μ, ½ Σ (√p - √q)² is Σ (p - q)² / (8μ) to second
/// order, as half of Freeman and Tukey's statistic; so 8 H² mn/(m+n) is chi-squared with B - 1 degrees of freedom for
/// large samples where Cochran's rule holds, else the p-value is by 999 reassignments with fixed margins.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current`: counts of different lengths, or all 0.
pub fn from_counts(reference: &[u64], current: &[u64]) -> Result<TestResult> {
    from_counts_with(reference, current, Method::Auto, Permutations::default())
}

/// [`from_counts`], with the method, as many reassignments and the seed that are wanted.
///
/// # Errors
/// As [`from_counts`], and `InvalidArgument` naming `method` for one that the test has not.
pub fn from_counts_with(
    reference: &[u64],
    current: &[u64],
    method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    let divergence = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        // √p - √q = (p - q)/(√p + √q): no digits are lost where they are near each other.
        pairs.map(|(p, q)| 0.5 * ((p - q) / (p.sqrt() + q.sqrt())).powi(2)).sum()
    };
    let result =
        Table::new(reference, current)?.test(TestName::Hellinger, method, permutations, divergence, Some(8.0))?.1;
    let distance = result.statistic.sqrt().min(1.0);
    Ok(TestResult { statistic: distance, effect: distance, ..result })
}

/// [`from_counts`] of raw samples, in bins of about a tenth of the reference each.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it is empty or holds NaN or Inf.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::Hellinger, current)
}
