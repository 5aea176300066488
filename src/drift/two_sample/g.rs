//! The G-test (likelihood ratio) of homogeneity of two samples of counts.

use super::table::{Table, test_of_counts};
use super::{Method, Permutations, TestName, TestResult, chi2};
use crate::Result;

test_of_counts! {
    /// G = 2 Σ observed ln(observed / expected) over the 2 × B table (Woolf 1957;
    /// `scipy.stats.chi2_contingency(lambda_="log-likelihood", correction=False)`).
    ///
    /// The effect is that of [`chi2::from_counts`], Cramér's V for samples of one size, in [0, 1].
    /// The p-value is chi-squared with B - 1 degrees of freedom where Cochran's rule holds and no
    /// bin is nearly empty, else by 999 reassignments with fixed margins.
    G
}

fn of_table(table: &Table, method: Method, permutations: Permutations) -> Result<TestResult> {
    let (m, n) = (table.reference_size as f64, table.current_size as f64);
    let divergence = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        let sum: f64 = pairs
            .map(|(p, q)| {
                let pooled = (m * p + n * q) / (m + n);
                m * above(p, pooled, n / (m + n) * (p - q))
                    + n * above(q, pooled, m / (m + n) * (q - p))
            })
            .sum();
        (2.0 * sum * (m + n) / (m * n)).max(0.0)
    };
    let (statistic, result) =
        table.test(TestName::G, method, permutations, divergence, Some(1.0))?;
    Ok(TestResult { statistic, effect: chi2::effect(table), ..result })
}

/// p ln(p / pooled) - (p - pooled), where `excess` is p - pooled: the added parts cancel over both
/// samples, and make every term non-negative, so that a tiny G is not lost in rounding.
fn above(p: f64, pooled: f64, excess: f64) -> f64 {
    if p == 0.0 { pooled } else { p * (excess / pooled).ln_1p() - excess }
}
