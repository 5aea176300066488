//! The whole composition, as plans see it, and what it is asked to be exact to.

use super::super::solve::golden_minimum;
use super::Composed;
use super::cumulant::{Cumulant, Cumulants};
use super::grid::Cells;

/// An `ε` or `δ`, and `-d ln δ/dε` there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) value: f64,
    pub(crate) decay: f64,
}

/// What the grid may add to `ε`: 0.03% of it, for small ones 0.2% as long as that is at most 2e-5.
pub(crate) fn tolerance(epsilon: f64) -> f64 {
    (3e-4 * epsilon).max((2e-3 * epsilon).min(2e-5))
}

/// Shares of `δ` that the cut, the window's end and the wrap-around may cost.
pub(crate) const SHARE: f64 = 1e-7;

/// The cumulants of the whole composition.
pub(crate) struct Total {
    pub(crate) parts: Vec<(Cumulant, f64)>,
}

impl Total {
    pub(crate) fn new(composed: &Composed, cut: f64) -> Self {
        let parts = composed
            .steps
            .iter()
            .map(|(step, count)| (Cumulant::new(step, cut, 0.0), *count as f64));
        Total { parts: parts.collect() }
    }

    pub(crate) fn at(&self, lambda: f64) -> Cumulants {
        self.parts.iter().fold(Cumulants::default(), |sum, (part, count)| {
            let k = part.at(lambda);
            Cumulants {
                value: sum.value + count * k.value,
                mean: sum.mean + count * k.mean,
                variance: sum.variance + count * k.variance,
            }
        })
    }

    /// The variance that cells add to the whole loss, of steps' losses of more than `beyond`,
    /// untilted and tilted by `λ`.
    pub(crate) fn grid_variance(&self, lambda: f64, cells: Cells, beyond: f64) -> f64 {
        let steepness = lambda;
        let of = |part: &Cumulant, lambda: f64| {
            part.grid_variance(lambda, part.at(lambda).value, cells, steepness, beyond)
        };
        self.parts.iter().map(|(part, count)| count * (of(part, 0.0) + of(part, lambda))).sum()
    }

    /// The `λ` that minimizes `objective(λ, K(λ))`, over all scales on which the loss could live.
    pub(crate) fn best_lambda(&self, objective: impl Fn(f64, f64) -> f64) -> f64 {
        let start = self.at(0.0);
        let scale = (start.variance.sqrt() + start.mean.abs()).clamp(1e-150, 1e150);
        let f = |log: f64| objective(log.exp(), self.at(log.exp()).value);
        // rare large losses (of a small rate) do not show in the spread, but do in the best tilt
        let (low, high) = ((1e-3 / scale).min(1e-3).ln(), (1e9 / scale).ln());
        golden_minimum(low, high, 0.02, f).0.exp()
    }
}
