//! The population stability index, the scorecards' measure of drift.

use super::table::{Table, test_of_counts};
use super::{Method, Permutations, TestName, TestResult};
use crate::Result;

/// What an empty bin's proportion is taken to be, as scorecard practice (and Evidently) has it: the
/// index stays finite.
pub const FLOOR: f64 = 1e-4;

test_of_counts! {
    /// PSI = Σ (q - p) ln(q / p) of the proportions p (reference) and q (current); bins empty in
    /// both are dropped, an empty bin counts as [`FLOOR`] (proportions are not rescaled after
    /// that). It is Jeffreys' divergence, in nats.
    ///
    /// The effect is PSI itself; below 0.1 is held to be stable, above 0.25 a shift. The p-value:
    /// PSI · mn/(m+n) is chi-squared with B - 1 degrees of freedom for large samples (Yurdakul,
    /// "Statistical properties of the population stability index", 2018) where Cochran's rule holds
    /// and no bin is nearly empty, else by 999 reassignments with fixed margins.
    Psi
}

fn of_table(table: &Table, method: Method, permutations: Permutations) -> Result<TestResult> {
    let floored = |share: f64| if share == 0.0 { FLOOR } else { share };
    let divergence = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        pairs.map(|(p, q)| (floored(p), floored(q))).map(|(p, q)| (q - p) * (q / p).ln()).sum()
    };
    Ok(table.test(TestName::Psi, method, permutations, divergence, Some(1.0))?.1)
}
