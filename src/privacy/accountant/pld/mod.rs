//! Privacy loss distributions: tight numerical accounting.
//!
//! `loss` is a step's pair of mixtures, `step` its cases, `grid` its pessimistic discretisation, `plan` where to look,
//! `compose` the FFT. The grid adapts to the loss of the step and to the question: small losses get a small grid.

pub(crate) mod compose;
pub(crate) mod cumulant;
mod fft;
mod grid;
pub(crate) mod loss;
mod plan;
pub(crate) mod step;

use step::Step;

/// Steps and how often each was taken, in one direction (the neighbour with the example against the one without, say).
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Composed {
    pub(crate) steps: Vec<(Step, u64)>,
}

impl Composed {
    /// Number of steps in all.
    pub(crate) fn count(&self) -> f64 {
        self.steps.iter().map(|(_, count)| *count as f64).sum::<f64>().max(1.0)
    }

    /// A bound on `δ(0)`: total variation distances add up at most.
    fn total_variation(&self) -> f64 {
        self.steps.iter().map(|(step, count)| *count as f64 * step.total_variation()).sum::<f64>().min(1.0)
    }
}

/// The largest `ε` of the directions at `delta`; directions that cannot be the largest are not worked out.
pub(crate) fn epsilon(directions: &[Composed], delta: f64) -> f64 {
    let mut planned: Vec<_> = directions
        .iter()
        .filter(|composed| composed.total_variation() > delta)
        .map(|composed| {
            let (total, cut) = compose::prepare(composed, delta);
            let bound = plan::plan(&total, plan::Target::Epsilon { delta }, cut, 0, None).chernoff;
            (bound, composed, total, cut)
        })
        .collect();
    planned.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut worst: f64 = 0.0;
    for (bound, composed, total, cut) in &planned {
        if *bound * (1.0 - 1e-6) > worst {
            worst = worst.max(compose::epsilon(composed, total, *cut, delta));
        }
    }
    worst
}

/// The largest `δ` of the directions at `epsilon >= 0`.
pub(crate) fn delta(directions: &[Composed], epsilon: f64) -> f64 {
    directions.iter().map(|composed| compose::delta(composed, epsilon)).fold(0.0, f64::max)
}
