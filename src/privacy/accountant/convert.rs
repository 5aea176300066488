//! From the privacy profile to what an attacker can do.

use super::solve::golden_minimum;
use crate::Result;
use std::cell::RefCell;

/// The highest true positive rate at a false positive rate, by the duality of (ε, δ) and f-DP: for
/// every `δ` `tpr <= δ + e^ε·fpr` and `1 - tpr >= e^-ε·(1 - δ - fpr)`.
///
/// Source: Dong, Roth and Su, "Gaussian Differential Privacy", 2022, Proposition 3 (see also
/// Wasserman and Zhou, 2010). Every `δ` gives a valid bound, so an inexact minimum is merely
/// looser.
pub(crate) fn tpr_at_fpr(fpr: f64, epsilon: impl Fn(f64) -> Result<f64>) -> Result<f64> {
    let failed = RefCell::new(None);
    // logarithms, which cannot overflow and have no plateau; below the noise sampler's own distance
    // there is no bound: the search is sent to larger δ
    let at = |ln_delta: f64, bound: &dyn Fn(f64) -> f64| match epsilon(ln_delta.exp()) {
        Ok(epsilon) => bound(epsilon),
        Err(error) => {
            failed.borrow_mut().get_or_insert(error);
            1e6 - ln_delta
        }
    };
    let least = (fpr * 1e-9).max(1e-18).ln();
    let (_, ln_tpr) = golden_minimum(least, -1e-6, 0.02, |ln_delta| {
        at(ln_delta, &|epsilon| {
            let (a, b) = (ln_delta, epsilon + fpr.ln());
            a.max(b) + (-(a - b).abs()).exp().ln_1p()
        })
    });
    let most = (1.0 - fpr).ln() - 1e-6;
    let (_, ln_fnr) = golden_minimum(least, most, 0.02, |ln_delta| {
        at(ln_delta, &|epsilon| epsilon - (1.0 - fpr - ln_delta.exp()).ln())
    });
    match failed.into_inner() {
        Some(error) if ln_tpr.min(ln_fnr) > 1e3 => Err(error),
        _ => Ok(ln_tpr.exp().min(1.0 - (-ln_fnr).exp()).clamp(fpr, 1.0)),
    }
}
