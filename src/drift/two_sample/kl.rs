//! The Kullback-Leibler divergence of two samples of counts.

use super::psi::FLOOR;
use super::table::{Table, test_of_counts};
use super::{Method, Permutations, TestName, TestResult};
use crate::Result;

test_of_counts! {
    /// KL(current ‖ reference) = Σ (q ln(q / p) - q + p) of the proportions p (reference) and q
    /// (current), in nats (`scipy.special.kl_div(q, p)`, summed). Where the reference's bin is
    /// empty p counts as [`FLOOR`], so that the divergence stays finite; the terms p - q, which
    /// otherwise cancel, keep it from falling below 0 then.
    ///
    /// The effect is KL itself; by default 0.05 counts, which for a small change is a PSI (its
    /// symmetric form) of 0.1. The p-value: 2 KL mn/(m+n) is chi-squared with B - 1 degrees of
    /// freedom for large samples (Kullback 1959, chapter 6) where Cochran's rule holds and no bin
    /// is nearly empty, else by 999 reassignments with fixed margins.
    Kl
}

fn of_table(table: &Table, method: Method, permutations: Permutations) -> Result<TestResult> {
    let divergence = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        let term = |p: f64, q: f64| if q == 0.0 { p } else { q * ((q - p) / p).ln_1p() - (q - p) };
        pairs.map(|(p, q)| term(if p == 0.0 { FLOOR } else { p }, q)).sum::<f64>().max(0.0)
    };
    Ok(table.test(TestName::Kl, method, permutations, divergence, Some(2.0))?.1)
}
