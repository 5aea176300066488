//! From a sampler and a neighboring relation to pairs that dominate one step, and why each does.
//!
//! Write `k` for the examples of one unit (1 unless the unit is a user), `m = 1/σ`, `N(μ)` for a
//! unit-variance normal. A lot's clipped sum moves by at most 1 (in clip norms) for each example
//! that is added or removed, 2 for each that is replaced.
//!
//! *The half-line argument* (Neyman and Pearson). For any test `S` with `N(0)(S) = p`, `N(u)(S) <=
//! N(|u|)(H)` and `N(v)(S) >= N(-|v|)(H)`, where the half-line `H` has `N(0)(H) = p`; both are
//! monotone in `|u|` and `|v|`. So mixtures `Σ w_j N(u_j)` against `Σ w_j N(v_j)` with `|u_j|,
//! |v_j| <= d_j` are dominated by `Σ w_j N(d_j)` against `Σ w_j N(-d_j)`, and against `N(0)` when
//! every `v_j` is zero.
//!
//! - **Full batch**: `N(k·m)` (add/remove) or `N(2k·m)` (replace one) against `N(0)`.
//! - **Poisson**, rate `q`: the number of the unit's examples in a lot is `j ~ Binomial(k, q)`, the
//!   rest of the lot is the same for both neighbors. Remove: `Σ w_j N(j·m)` against `N(0)`; add:
//!   the reverse; replace: against `Σ w_j N(-j·m)`. (Zhu, Dong, Wang 2022, Theorem 11; Ganesh,
//!   "Tight Group-Level DP Guarantees ...", 2024.)
//! - **Fixed size without replacement**, `b` of `n`: `j ~ Hypergeometric`. Beside a lot without the
//!   unit, one with `j` of its examples misses `j` others, so each center moves by up to `2j·m`.
//!   Replace, `k = 1`: both neighbors' centers and their difference are at most 2, so by advanced
//!   joint convexity (Balle, Barthe, Gaboardi 2018) the divergence for `ε >= 0` is at most that of
//!   `(1-q)N(0) + q·N(2m)` against `N(0)`, and the mirror image for `ε < 0`. Add/remove: `n` is the
//!   larger neighbor's size.
//! - **Truncated Poisson**, at most `B`: whether `B - k + 1` or more of the *other* examples were
//!   drawn does not hang on the unit and may be told to the adversary. If not, this is Poisson; if
//!   so, at most `j ~ Binomial(k, q)` of its examples are in, each beside one other that it pushed
//!   out: distances double. (Compare Chua et al.,
//!   "Scalable DP-SGD", 2024. The probability is taken at `n` others, which covers a neighbor with
//!   one more.)
//! - **Shuffled**: told the permutation, the adversary sees each example once an epoch, in a full
//!   batch of its own: `N(2k·m)` an epoch. This is an upper bound without amplification; no better
//!   one is proven for adaptive steps.

use super::{Phase, Relation, Sampling};
use crate::accountant::pld::Composed;
use crate::accountant::pld::loss::{Component, Mixture, Pair};
use crate::accountant::pld::step::{Case, Step};
use crate::{Error, Result};
use statrs::distribution::{Binomial, DiscreteCDF};
use statrs::function::factorial::ln_binomial;

/// What a run of phases is to its accountant.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Mechanism {
    /// `Σ μ²` of all steps without sampling, which are one Gaussian mechanism together.
    pub(crate) gaussian: f64,
    /// The sampled steps: one composition for each direction (one if the relation is symmetric,
    /// none if there are none).
    pub(crate) sampled: Vec<Composed>,
}

impl Mechanism {
    /// All of the steps as compositions, the Gaussian ones as a single step.
    pub(crate) fn directions(&self) -> Vec<Composed> {
        let mut directions = self.sampled.clone();
        if self.gaussian > 0.0 {
            let pair =
                Pair { upper: Mixture::sampled(1.0, self.gaussian.sqrt()), lower: Mixture::zero() };
            directions.iter_mut().for_each(|d| d.steps.push((Step::plain(pair.clone()), 1)));
        }
        directions
    }

    /// `phases`, all of them valid, for one relation and `unit` examples a unit.
    pub(crate) fn new(phases: &[Phase], relation: Relation, unit: u32) -> Result<Self> {
        let mut mechanism = Mechanism::default();
        for phase in phases.iter().filter(|phase| phase.steps > 0) {
            mechanism.add(phase, relation, unit)?;
        }
        Ok(mechanism)
    }

    fn add(&mut self, phase: &Phase, relation: Relation, unit: u32) -> Result<()> {
        let sigma = phase.noise_multiplier;
        let k = f64::from(unit);
        let shift = match relation {
            Relation::AddRemove => k / sigma,
            Relation::ReplaceOne => 2.0 * k / sigma,
        };
        let steps = match phase.sampling {
            Sampling::FullBatch => return self.add_gaussian(shift, phase.steps),
            Sampling::Poisson { rate: 1.0 } => return self.add_gaussian(shift, phase.steps),
            Sampling::Shuffled { lot_size, dataset_size } => {
                if relation == Relation::AddRemove {
                    return Err(Error::invalid(
                        "relation",
                        "add/remove with shuffled lots",
                        "replace_one (adding an example moves all others between shuffled lots), or Poisson sampling",
                    ));
                }
                let epoch = (dataset_size / lot_size).max(1);
                return self.add_gaussian(shift, phase.steps.div_ceil(epoch));
            }
            Sampling::WithoutReplacement { lot_size, dataset_size } if lot_size == dataset_size => {
                match relation {
                    Relation::ReplaceOne => return self.add_gaussian(shift, phase.steps),
                    Relation::AddRemove => {
                        return Err(Error::invalid(
                            "sampling",
                            "every example in every lot",
                            "full_batch, or a smaller lot",
                        ));
                    }
                }
            }
            Sampling::Poisson { rate } => poisson(rate, unit, 1.0 / sigma, relation),
            Sampling::TruncatedPoisson { rate, max_lot, dataset_size } => {
                truncated(rate, max_lot, dataset_size, unit, 1.0 / sigma, relation)?
            }
            Sampling::WithoutReplacement { lot_size, dataset_size } => {
                if lot_size + u64::from(unit) > dataset_size {
                    return Err(Error::invalid(
                        "lot_size",
                        lot_size,
                        format!(
                            "at most {dataset_size} examples less the {unit} of a unit, or full_batch"
                        ),
                    ));
                }
                without_replacement(lot_size, dataset_size, unit, 1.0 / sigma, relation)
            }
        };
        self.sampled.resize(steps.len(), Composed::default());
        for (direction, step) in self.sampled.iter_mut().zip(steps) {
            match direction.steps.iter_mut().find(|(known, _)| *known == step) {
                Some((_, count)) => *count += phase.steps,
                None => direction.steps.push((step, phase.steps)),
            }
        }
        Ok(())
    }

    fn add_gaussian(&mut self, shift: f64, steps: u64) -> Result<()> {
        self.gaussian += shift * shift * steps as f64;
        Ok(())
    }
}

/// Steps for every direction of the relation: remove and add, or the one of a symmetric relation.
fn directions(mixture: Mixture, relation: Relation) -> Vec<Pair> {
    match relation {
        Relation::AddRemove => vec![
            Pair { upper: mixture.clone(), lower: Mixture::zero() },
            Pair { upper: Mixture::zero(), lower: mixture },
        ],
        Relation::ReplaceOne => vec![Pair { upper: mixture.clone(), lower: mixture }],
    }
}

/// `Σ_j w_j N(j·distance)` from `ln w_j`.
fn mixture(unit: u32, distance: f64, ln_weight: impl Fn(u32) -> f64) -> Mixture {
    let components: Vec<Component> = (1..=unit)
        .map(|j| Component { weight: ln_weight(j).exp(), distance: f64::from(j) * distance })
        .filter(|c| c.weight > 0.0)
        .collect();
    Mixture::new(ln_weight(0).exp(), components)
}

fn binomial(rate: f64, unit: u32, distance: f64) -> Mixture {
    if unit == 1 {
        return Mixture::sampled(rate, distance);
    }
    mixture(unit, distance, |j| {
        ln_binomial(u64::from(unit), u64::from(j))
            + f64::from(j) * rate.ln()
            + f64::from(unit - j) * (-rate).ln_1p()
    })
}

fn poisson(rate: f64, unit: u32, distance: f64, relation: Relation) -> Vec<Step> {
    directions(binomial(rate, unit, distance), relation).into_iter().map(Step::plain).collect()
}

/// A bound by `(1-q)N(0) + q·N(d)` against `N(0)` for `ε >= 0`, and its mirror image for `ε < 0`.
fn folded(rate: f64, distance: f64) -> Case {
    Case::Folded {
        above: Pair { upper: Mixture::sampled(rate, distance), lower: Mixture::zero() },
        below: Pair { upper: Mixture::zero(), lower: Mixture::sampled(rate, distance) },
    }
}

fn without_replacement(
    lot: u64,
    size: u64,
    unit: u32,
    distance: f64,
    relation: Relation,
) -> Vec<Step> {
    let rate = lot as f64 / size as f64;
    if unit == 1 {
        return match relation {
            Relation::ReplaceOne => vec![Step { cases: vec![(1.0, folded(rate, 2.0 * distance))] }],
            Relation::AddRemove => directions(Mixture::sampled(rate, 2.0 * distance), relation)
                .into_iter()
                .map(Step::plain)
                .collect(),
        };
    }
    let k = u64::from(unit);
    let hypergeometric = mixture(unit, 2.0 * distance, |j| {
        let j = u64::from(j);
        if j > lot || lot - j > size - k {
            return f64::NEG_INFINITY;
        }
        ln_binomial(k, j) + ln_binomial(size - k, lot - j) - ln_binomial(size, lot)
    });
    directions(hypergeometric, relation).into_iter().map(Step::plain).collect()
}

fn truncated(
    rate: f64,
    most: u64,
    size: u64,
    unit: u32,
    distance: f64,
    relation: Relation,
) -> Result<Vec<Step>> {
    let others = Binomial::new(rate, size).map_err(|e| Error::invalid("sampling", rate, e))?;
    // P(others > B - k), which is P(others >= B - k + 1); the tail function is good to about 1e-10
    // of itself
    let crowded = match most.checked_sub(u64::from(unit)) {
        Some(free) => (others.sf(free) * (1.0 + 1e-9)).min(1.0),
        None => 1.0,
    };
    let roomy = poisson(rate, unit, distance, relation);
    let wide = if unit == 1 && relation == Relation::ReplaceOne {
        vec![Step { cases: vec![(1.0, folded(rate, 2.0 * distance))] }]
    } else {
        poisson(rate, unit, 2.0 * distance, relation)
    };
    let both = roomy.into_iter().zip(wide).map(|(roomy, wide)| {
        let scale = |step: Step, by: f64| {
            step.cases.into_iter().map(move |(weight, case)| (weight * by, case))
        };
        let cases = scale(roomy, 1.0 - crowded)
            .chain(scale(wide, crowded))
            .filter(|(weight, _)| *weight > 0.0);
        Step { cases: cases.collect() }
    });
    Ok(both.collect())
}
