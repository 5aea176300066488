//! The Hellinger distance of two samples of counts.

use super::table::{Table, test_of_counts};
use super::{Method, Permutations, TestName, TestResult};
use crate::Result;

test_of_counts! {
    /// H = √(½ Σ (√p - √q)²) of the proportions p (reference) and q (current), in [0, 1]; 1 where
    /// no bin is shared.
    ///
    /// The effect is H itself. The p-value: with p and q near their mean μ, ½ Σ (√p - √q)² is Σ
    /// (p - q)² / (8μ) to second order, as half of Freeman and Tukey's statistic; so 8 H² mn/(m+n)
    /// is chi-squared with B - 1 degrees of freedom for large samples where Cochran's rule holds
    /// and no bin is nearly empty, else the p-value is by 999 reassignments with fixed margins.
    Hellinger
}

fn of_table(table: &Table, method: Method, permutations: Permutations) -> Result<TestResult> {
    let divergence = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        // √p - √q = (p - q)/(√p + √q): no digits are lost where they are near each other.
        pairs.map(|(p, q)| 0.5 * ((p - q) / (p.sqrt() + q.sqrt())).powi(2)).sum()
    };
    let result = table.test(TestName::Hellinger, method, permutations, divergence, Some(8.0))?.1;
    let distance = result.statistic.sqrt().min(1.0);
    Ok(TestResult { statistic: distance, effect: distance, ..result })
}
