//! Where to look: the tilt, the grid and the window that make one FFT answer one question exactly
//! enough.
//!
//! Only speed and tightness hang on what is chosen here; soundness does not (see `compose`).

use super::grid::Cells;
use super::split::Split;
use super::total::{Answer, SHARE, Total, tolerance};

/// What is asked of the composed loss.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// The `ε` at this `δ`.
    Epsilon {
        /// The given `δ`.
        delta: f64,
    },
    /// The `δ` at this `ε`.
    Delta {
        /// The given `ε`.
        epsilon: f64,
    },
}

/// The choice.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Exponent of the tilt.
    pub(crate) lambda: f64,
    /// A larger exponent, for the Chernoff bound on what lies above the window.
    pub(crate) lambda_tail: f64,
    /// The grid.
    pub(crate) cells: Cells,
    /// What it is expected to add for each unit of `1 + ` the local decay of `ln δ`.
    pub(crate) added: f64,
    /// The window of composed losses.
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Tail mass cut from each step.
    pub(crate) cut: f64,
    /// Whether common losses are composed apart.
    pub(crate) split: Option<Split>,
}

/// Largest FFT, and largest grid of one step.
const MAX_POINTS: f64 = 1_048_576.0;

/// Plans for `target` with tails of `cut` a step.
///
/// `attempt` (0, then more) looks farther down, then tilts less, for an answer that was missed.
/// `known` is what a coarser grid answered: the variance `v` that a grid adds moves `ε` by about
/// `(decay + 1)·v/2`.
pub(crate) fn plan(
    total: &Total,
    target: Target,
    cut: f64,
    attempt: u32,
    known: Option<&Answer>,
) -> Plan {
    let lambda = match target {
        Target::Epsilon { delta } => {
            let best = total.best_lambda(|lambda, k| (k - delta.ln()) / lambda);
            if attempt < 3 { best } else { best / 4f64.powi(attempt as i32 - 2) }
        }
        Target::Delta { epsilon } => {
            // where ε is below the mean loss the best tilt is none; keep one on the scale of the
            // spread
            let start = total.at(0.0);
            let above = epsilon.max(start.mean + start.variance.sqrt());
            total.best_lambda(|lambda, k| k - lambda * above)
        }
    };
    let k = total.at(lambda);
    let ln_factor = factor(lambda, k.variance).ln();
    let (ln_delta, epsilon) = match target {
        Target::Epsilon { delta } => (delta.ln(), (k.value - delta.ln() + ln_factor) / lambda),
        Target::Delta { epsilon } => ((k.value - lambda * epsilon).min(0.0) + ln_factor, epsilon),
    };
    let spread = k.variance.sqrt();
    let decay = known.map_or(lambda, |known| known.decay);
    let (tolerance, low) = match target {
        Target::Epsilon { .. } => {
            let back = if attempt == 0 { 4.0 / lambda } else { 20.0 / lambda };
            let low = if attempt < 2 { epsilon - back } else { 0.0 };
            (
                tolerance(known.map_or(epsilon.max(0.1 * spread), |known| known.value)) + 1e-12,
                low.max(-1e-2 / lambda),
            )
        }
        Target::Delta { epsilon } => (3e-3 / decay, epsilon - 1e-2 / lambda),
    };
    // a lesser tilt than the best for Chernoff keeps rare large losses small: take the narrowest
    // window
    let end = |tilt: f64| {
        let k = total.at(tilt);
        let (high, tail) = window_end(total, tilt, k.value, factor(tilt, k.variance), ln_delta);
        (high.max(low + (-ln_delta - SHARE.ln()) / tilt), tilt, tail)
    };
    let tilts = [1.0, 0.7, 0.5, 0.35, 0.25, 0.15].map(|share| end(share * lambda));
    let (high, tilt, lambda_tail) =
        tilts.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_else(|| end(lambda));
    // what the grid adds is weighed where the answer lies, which is at the best tilt
    let cells = widths(total, lambda, decay, tolerance, high - low);
    let added = 0.5 * total.grid_variance(lambda, cells, -1.0);
    Plan { lambda: tilt, lambda_tail, cells, added, low, high, cut, split: None }
}

/// `E exp(-λ(L-ε))(1 - exp(-(L-ε)))` over `L > ε`, were the tilted loss normal about `ε`.
fn factor(lambda: f64, variance: f64) -> f64 {
    1.0 / (1.0 + lambda * (lambda + 1.0) * (2.0 * std::f64::consts::PI * variance).sqrt())
}

/// `ε` at `delta` by the saddle-point approximation.
pub(crate) fn saddle_point(total: &Total, delta: f64) -> f64 {
    let lambda = total.best_lambda(|lambda, k| (k - delta.ln()) / lambda);
    let k = total.at(lambda);
    ((k.value - delta.ln() + factor(lambda, k.variance).ln()) / lambda).max(0.0)
}

/// Where the window may end: little mass above it, and little tilted mass that would wrap around to
/// where `ε` is.
fn window_end(total: &Total, lambda: f64, value: f64, factor: f64, ln_delta: f64) -> (f64, f64) {
    let (mut high, mut lambda_tail, mut wrapped) = (f64::INFINITY, lambda, f64::INFINITY);
    for growth in [1.05, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0, 20.0, 50.0] {
        let other = lambda * growth;
        let beyond = total.at(other).value;
        let end = (beyond - ln_delta - SHARE.ln()) / other;
        if end < high {
            (high, lambda_tail) = (end, other);
        }
        wrapped = wrapped.min((beyond - value - (SHARE * factor).ln()) / (other - lambda));
    }
    (high.max(wrapped), lambda_tail)
}

/// The widest cells that keep within the tolerance: a third of it for far losses, the rest for the
/// grid itself.
fn widths(total: &Total, lambda: f64, decay: f64, tolerance: f64, window: f64) -> Cells {
    let cost = |cells: Cells| 0.5 * (decay + 1.0) * total.grid_variance(lambda, cells, -1.0);
    let mut growth = 1.0 / 8.0;
    while growth > 1e-4 && cost(Cells { h: 0.0, growth }) > tolerance / 3.0 {
        growth *= 0.5;
    }
    let least = window / MAX_POINTS;
    let mut h = (window / 64.0).min(0.3 / lambda).max(least);
    while h > least && cost(Cells { h, growth }) > tolerance {
        h *= 0.5;
    }
    let wider = Cells { h: h * std::f64::consts::SQRT_2, growth };
    if cost(wider) <= tolerance { wider } else { Cells { h, growth } }
}
