//! From the privacy profile to what an attacker can do.

use super::solve::golden_minimum;
use crate::Result;

/// `min over δ of δ + e^ε(δ)·fpr`, at most 1: the trade-off function's value by the duality of (ε, δ) and f-DP.
///
/// Source: Dong, Roth and Su, "Gaussian Differential Privacy", 2022, Proposition 6 (see also Wasserman and Zhou, 2010).
/// Every `δ` gives a valid bound, so an inexact minimum is merely looser.
pub(crate) fn tpr_at_fpr(fpr: f64, epsilon: impl Fn(f64) -> Result<f64>) -> Result<f64> {
    let mut failed = None;
    let bound = |ln_delta: f64| {
        let delta = ln_delta.exp();
        match epsilon(delta) {
            Ok(epsilon) => (delta + epsilon.exp() * fpr).min(1.0),
            Err(error) => {
                // below the sampler's own distance there is no bound, which is the bound of 1
                failed.get_or_insert(error);
                1.0
            }
        }
    };
    let (_, best) = golden_minimum((fpr * 1e-9).max(1e-18).ln(), -1e-6, 0.02, bound);
    match failed {
        Some(error) if best >= 1.0 => Err(error),
        _ => Ok(best.max(fpr).min(1.0)),
    }
}
