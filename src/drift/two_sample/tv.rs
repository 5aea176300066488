//! The total variation distance of two samples of counts.

use super::permutation::Permutations;
use super::table::Table;
use super::{Method, Reference, TestName, TestResult};
use crate::Result;

/// TV = ½ Σ |p - q| of the proportions p (reference) and q (current), in [0, 1]: the share of observations that would have
/// to move to another bin.
///
/// The effect is TV itself. Its limit law depends on all proportions, so the p-value is always by 999 reassignments with
/// fixed margins: never below 0.001. Cost: O(999 · √(count) · B).
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
    let divergence =
        |pairs: &mut dyn Iterator<Item = (f64, f64)>| (0.5 * pairs.map(|(p, q)| (p - q).abs()).sum::<f64>()).min(1.0);
    Ok(Table::new(reference, current)?.test(TestName::Tv, method, permutations, divergence, None)?.1)
}

/// [`from_counts`] of raw samples, in bins of about a tenth of the reference each.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it is empty or holds NaN or Inf.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::Tv, current)
}
