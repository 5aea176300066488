//! Privacy loss distributions: tight numerical accounting.
//!
//! `loss` is a step's pair of mixtures, `step` its cases, `grid` its pessimistic discretization,
//! `plan` where to look, `compose` the FFT, `split` what it does where a step's losses are rare.
//! The grid adapts to the loss of the step and to the question: small losses get a small grid.

mod common;
pub(crate) mod compose;
pub(crate) mod cumulant;
mod fft;
mod grid;
pub(crate) mod loss;
mod plan;
mod split;
pub(crate) mod step;
mod total;

use super::solve::bisect_up;
use step::Step;

/// Steps and how often each was taken, in one direction (the neighbor with the example against the
/// one without, say).
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Composed {
    pub(crate) steps: Vec<(Step, u64)>,
}

impl Composed {
    /// Number of steps in all.
    pub(crate) fn count(&self) -> f64 {
        self.steps.iter().map(|(_, count)| *count as f64).sum::<f64>().max(1.0)
    }

    /// What no loss of all steps together exceeds, or infinity: `ε` at any `δ`.
    fn largest(&self) -> f64 {
        self.steps.iter().map(|(step, count)| *count as f64 * step.largest()).sum::<f64>()
            * (1.0 + 1e-12)
    }

    /// About what all steps together lose, and no bound: see [`Step::typical`].
    fn typical(&self) -> f64 {
        self.steps.iter().map(|(step, count)| *count as f64 * step.typical()).sum()
    }

    /// A bound on `δ(0)`: total variation distances add up at most.
    fn total_variation(&self) -> f64 {
        self.steps.iter().map(|(step, count)| *count as f64 * step.delta(0.0)).sum::<f64>().min(1.0)
    }
}

/// The largest `ε` of the directions at `delta`, each on its own thread where it must be worked
/// out.
pub(crate) fn epsilon(directions: &[Composed], delta: f64) -> f64 {
    let mut open: Vec<&Composed> =
        directions.iter().filter(|composed| composed.total_variation() > delta).collect();
    // a direction whose largest loss is certainly less than another's ε need not be worked out
    let beaten = |composed: &Composed| {
        let largest = composed.largest();
        let surpasses = |(step, count): &(Step, u64)| step.delta_at_least(largest, *count) > delta;
        largest.is_finite() && directions.iter().any(|other| other.steps.iter().any(surpasses))
    };
    if open.len() > 1 {
        open.retain(|composed| !beaten(composed));
    }
    let one = |composed: &Composed| match composed.steps.as_slice() {
        // one step has nothing to compose
        [(step, 1)] => {
            let reach = (0..60)
                .map(|power| 2f64.powi(power - 20))
                .find(|&epsilon| step.delta(epsilon) <= delta);
            bisect_up(0.0, reach.unwrap_or(f64::MAX), |epsilon| step.delta(epsilon) <= delta)
        }
        _ => {
            let (total, cut) = compose::prepare(composed, delta);
            compose::epsilon(composed, &total, cut, delta).min(composed.largest())
        }
    };
    // nor one whose largest loss is less than another's answer, which is asked first where that is
    // to be expected
    let typical = open.iter().map(|composed| composed.typical()).fold(0.0, f64::max);
    let (later, first): (Vec<&Composed>, Vec<&Composed>) =
        open.iter().partition(|c| c.largest() < typical);
    let mut least = 0.0;
    if !later.is_empty() {
        least = first.into_iter().map(one).fold(0.0, f64::max);
        open = later.into_iter().filter(|composed| composed.largest() > least).collect();
    }
    let answers = match open.as_slice() {
        [] => 0.0,
        [only] => one(only),
        _ => std::thread::scope(|scope| {
            let threads: Vec<_> =
                open.iter().map(|composed| scope.spawn(|| one(composed))).collect();
            let joined = threads.into_iter().map(|thread| match thread.join() {
                Ok(epsilon) => epsilon,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            joined.fold(0.0, f64::max)
        }),
    };
    answers.max(least)
}

/// About what [`epsilon`] will answer, from the saddle point alone: no bound, but where to begin a
/// search.
pub(crate) fn estimate(directions: &[Composed], delta: f64) -> f64 {
    let one = |composed: &Composed| {
        let (total, _) = compose::prepare(composed, delta);
        plan::saddle_point(&total, delta)
    };
    let open = directions.iter().filter(|composed| composed.total_variation() > delta);
    open.map(one).fold(0.0, f64::max)
}

/// The largest `δ` of the directions at `epsilon >= 0`.
pub(crate) fn delta(directions: &[Composed], epsilon: f64) -> f64 {
    let one = |composed: &Composed| match composed.steps.as_slice() {
        [(step, 1)] => step.delta(epsilon).min(1.0),
        _ => compose::delta(composed, epsilon),
    };
    directions.iter().map(one).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::cumulant::Cumulant;
    use super::loss::{Mixture, Pair};
    use super::*;

    /// Questions for which a grid of any length is too coarse: what is left is between what a few
    /// moments say of the loss.
    #[test]
    fn where_no_grid_suffices_the_answer_is_near_the_mean_loss() {
        let delta = 1e-5;
        for (rate, sigma) in [(0.5, 0.001), (0.01, 0.01), (0.3, 0.02)] {
            let mixture = Mixture::sampled(rate, 1.0 / sigma);
            for (upper, lower) in [(mixture.clone(), Mixture::zero()), (mixture.clone(), mixture)] {
                let step = Step::plain(Pair { upper, lower });
                let (count, k) = (1_000_000_000, Cumulant::new(&step, 1e-30, 0.0).at(0.0));
                let (mean, spread) = (count as f64 * k.mean, (count as f64 * k.variance).sqrt());
                let composed = Composed { steps: vec![(step, count)] };
                let got = epsilon(&[composed], delta);
                // Chebyshev: δ(ε) is at least half the chance of a loss of more than ε + ln 2.
                assert!(got >= mean - 3.0 * spread - 1.0, "{rate} {sigma}: {got} {mean} {spread}");
                assert!(got <= 1.1 * mean + 1e3 * spread, "{rate} {sigma}: {got} {mean} {spread}");
            }
        }
    }

    #[test]
    fn a_direction_that_cannot_matter_changes_nothing() {
        for (rate, sigma, count) in [(0.5, 0.001, 1_000_000_000), (0.9, 0.2, 100), (0.1, 0.3, 1000)]
        {
            let mixture = Mixture::sampled(rate, 1.0 / sigma);
            let of = |upper: &Mixture, lower: &Mixture| Composed {
                steps: vec![(
                    Step::plain(Pair { upper: upper.clone(), lower: lower.clone() }),
                    count,
                )],
            };
            let directions = [of(&mixture, &Mixture::zero()), of(&Mixture::zero(), &mixture)];
            let alone = directions.iter().map(|one| epsilon(std::slice::from_ref(one), 1e-5));
            assert_eq!(
                epsilon(&directions, 1e-5),
                alone.fold(0.0, f64::max),
                "{rate} {sigma} {count}"
            );
        }
    }
}
