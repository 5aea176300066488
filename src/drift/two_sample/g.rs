//! The G-test (likelihood ratio) of homogeneity of two samples of counts.

use super::permutation::Permutations;
use super::table::Table;
use super::{Method, Reference, TestName, TestResult, chi2};
use crate::Result;

/// G = 2 Σ observed ln(observed / expected) over the 2 × B table (Woolf 1957;
/// `scipy.stats.chi2_contingency(lambda_="log-likelihood", correction=False)`).
///
/// The effect is that of [`chi2::from_counts`], Cramér's V for samples of one size, in [0, 1]. The p-value is chi-squared
/// with B - 1 degrees of freedom where Cochran's rule holds, else by 999 reassignments with fixed margins.
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
    let table = Table::new(reference, current)?;
    let (m, n) = (table.reference_size as f64, table.current_size as f64);
    let divergence = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        let sum: f64 = pairs
            .map(|(p, q)| {
                let pooled = (m * p + n * q) / (m + n);
                m * above(p, pooled, n / (m + n) * (p - q)) + n * above(q, pooled, m / (m + n) * (q - p))
            })
            .sum();
        (2.0 * sum * (m + n) / (m * n)).max(0.0)
    };
    let (statistic, result) = table.test(TestName::G, method, permutations, divergence, Some(1.0))?;
    Ok(TestResult { statistic, effect: chi2::effect(&table), ..result })
}

/// p ln(p / pooled) - (p - pooled), where `excess` is p - pooled: the added parts cancel over both samples, and make every
/// term non-negative, so that a tiny G is not lost in rounding.
fn above(p: f64, pooled: f64, excess: f64) -> f64 {
    if p == 0.0 { pooled } else { p * (excess / pooled).ln_1p() - excess }
}

/// [`from_counts`] of raw samples, in bins of about a tenth of the reference each.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it is empty or holds NaN or Inf.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::G, current)
}
