//! The Jensen-Shannon distance of two samples of counts.

use std::f64::consts::LN_2;

use super::table::{Table, test_of_counts};
use super::{Method, Permutations, TestName, TestResult};
use crate::Result;

test_of_counts! {
    /// The Jensen-Shannon distance: the square root of the divergence in bits, in [0, 1] (Lin 1991;
    /// `scipy.spatial.distance.jensenshannon(base = 2)`).
    ///
    /// The effect is the distance itself. The p-value: with p and q near their mean μ, the
    /// divergence in nats is Σ (p - q)² / (8μ) to second order, an eighth of the quadratic form in
    /// Pearson's statistic; so 8 · JSD · mn/(m+n) is chi-squared with B - 1 degrees of freedom for
    /// large samples (Menéndez et al., "The Jensen-Shannon divergence", 1997) where Cochran's rule
    /// holds and no bin is nearly empty, else the p-value is by 999 reassignments with fixed
    /// margins.
    Js
}

fn of_table(table: &Table, method: Method, permutations: Permutations) -> Result<TestResult> {
    let divergence = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        let sum: f64 = pairs.map(|(p, q)| below_mean(p, q) + below_mean(q, p)).sum();
        (0.5 * sum).max(0.0)
    };
    let result = table.test(TestName::Js, method, permutations, divergence, Some(8.0))?.1;
    let distance = (result.statistic / LN_2).sqrt().min(1.0);
    Ok(TestResult { statistic: distance, effect: distance, ..result })
}

/// p ln(p / μ) + (μ - p) with μ the mean of p and q: the added parts cancel over both and all bins,
/// and make every term non-negative, so that a tiny divergence is not lost in rounding.
fn below_mean(p: f64, q: f64) -> f64 {
    let half = 0.5 * (p - q);
    let mean = 0.5 * (p + q);
    if p == 0.0 { mean } else { p * (half / mean).ln_1p() - half }
}
