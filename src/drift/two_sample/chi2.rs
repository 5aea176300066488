//! Pearson's chi-squared test of homogeneity of two samples of counts.

use super::table::{Table, test_of_counts};
use super::{Method, Permutations, TestName, TestResult};
use crate::Result;

test_of_counts! {
    /// The 2 × B test of homogeneity: Σ (observed - expected)² / expected, with B - 1 degrees of
    /// freedom; B counts the bins that are not empty in both samples
    /// (`scipy.stats.chi2_contingency`, no continuity correction).
    ///
    /// The effect is √(½ Σ (p - q)²/(p + q)) of the proportions p and q, in [0, 1]: Cramér's V if
    /// both samples had the same size. The p-value is asymptotic where Cochran's rule holds (no
    /// expected count below 1, at most a fifth below 5), else by 999 reassignments with fixed
    /// margins. Cost: O(B), or O(999 · √(count) · B).
    Chi2
}

fn of_table(table: &Table, method: Method, permutations: Permutations) -> Result<TestResult> {
    let (m, n) = (table.reference_size as f64, table.current_size as f64);
    let pooled = |p: f64, q: f64| (m * p + n * q) / (m + n);
    let divergence = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        pairs.map(|(p, q)| (p - q).powi(2) / pooled(p, q)).sum()
    };
    let (statistic, result) =
        table.test(TestName::Chi2, method, permutations, divergence, Some(1.0))?;
    Ok(TestResult { statistic, effect: effect(table), ..result })
}

/// √(½ Σ (p - q)²/(p + q)).
pub(super) fn effect(table: &Table) -> f64 {
    let halves: f64 =
        table.proportions(&table.current).map(|(p, q)| (p - q).powi(2) / (p + q)).sum();
    (0.5 * halves).sqrt().min(1.0)
}
