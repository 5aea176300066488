//! The total variation distance of two samples of counts.

use super::table::{Table, test_of_counts};
use super::{Method, Permutations, TestName, TestResult};
use crate::Result;

test_of_counts! {
    /// TV = ½ Σ |p - q| of the proportions p (reference) and q (current), in [0, 1]: the share of
    /// observations that would have to move to another bin.
    ///
    /// The effect is TV itself. Its limit law depends on all proportions, so the p-value is always
    /// by 999 reassignments with fixed margins: never below 0.001. Cost: O(999 · √(count) · B).
    Tv
}

fn of_table(table: &Table, method: Method, permutations: Permutations) -> Result<TestResult> {
    let divergence = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        (0.5 * pairs.map(|(p, q)| (p - q).abs()).sum::<f64>()).min(1.0)
    };
    Ok(table.test(TestName::Tv, method, permutations, divergence, None)?.1)
}
