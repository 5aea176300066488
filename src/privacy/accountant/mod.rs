//! What has been spent: from the steps that ran to `(ε, δ)`, never understated.
//!
//! ```
//! use fluxguard_privacy::accountant::{Accountant, AccountantKind, Phase, Relation, Sampling};
//!
//! let mut accountant = Accountant::new(AccountantKind::Pld, Relation::AddRemove);
//! for (noise_multiplier, rate, steps) in [(1.0, 0.01, 1000), (2.0, 0.02, 500)] {
//!     let sampling = Sampling::Poisson { rate };
//!     accountant.push(Phase { noise_multiplier, sampling, steps })?;
//! }
//! assert!((accountant.epsilon(1e-5)? - 2.0677).abs() < 2e-3);
//! # Ok::<(), fluxguard_core::Error>(())
//! ```
//!
//! `subsampling` says which pair of distributions dominates a step, `pld` and `rdp` compose,
//! `gaussian` is exact where there is no sampling, `convert` turns curves into other curves,
//! `shuffle` is the lower bound for shuffled lots.

mod convert;
mod gaussian;
mod normal;
mod phase;
pub(crate) mod pld;
mod prepared;
mod rdp;
mod shuffle;
pub(crate) mod solve;
pub(crate) mod subsampling;

pub use phase::{AccountantKind, MAX_STEPS, MAX_UNIT, Phase, Relation, Sampling};
pub use shuffle::shuffled_lower_bound;

use super::noise::DiscreteGaussian;
use crate::{Error, Result};
use prepared::Prepared;
use serde::{Deserialize, Serialize};
use subsampling::Mechanism;

/// Steps taken, and the answer to what they cost.
///
/// Cheap to keep: it stores the phases, and works when asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accountant {
    kind: AccountantKind,
    relation: Relation,
    unit_size: u32,
    statistical_distance: f64,
    #[serde(default)]
    noise_samples: u64,
    phases: Vec<Phase>,
}

impl Accountant {
    /// An accountant that has seen no step; its unit of privacy is one example.
    #[must_use]
    pub fn new(kind: AccountantKind, relation: Relation) -> Self {
        Accountant {
            kind,
            relation,
            unit_size: 1,
            statistical_distance: 0.0,
            noise_samples: 0,
            phases: Vec::new(),
        }
    }

    /// Protects units (users) of up to `examples` examples each, 1 to [`MAX_UNIT`], by exact group
    /// accounting.
    ///
    /// # Errors
    /// `InvalidArgument` if `examples` is out of range.
    pub fn with_unit_size(mut self, examples: u32) -> Result<Self> {
        if !(1..=MAX_UNIT).contains(&examples) {
            return Err(Error::invalid(
                "unit_size",
                examples,
                format!("1 to {MAX_UNIT} examples a unit"),
            ));
        }
        self.unit_size = examples;
        Ok(self)
    }

    /// Counts steps; those of a phase like the last one join it.
    ///
    /// # Errors
    /// `InvalidArgument` if the phase is invalid, or goes beyond [`MAX_STEPS`] in all.
    pub fn push(&mut self, phase: Phase) -> Result<()> {
        phase.validate()?;
        let before: u64 = self.phases.iter().map(|p| p.steps).sum();
        if before + phase.steps > MAX_STEPS {
            return Err(Error::invalid(
                "steps",
                before + phase.steps,
                format!("at most {MAX_STEPS} in all"),
            ));
        }
        // finds out now, not at the end of training, whether this sampler can be accounted for
        Mechanism::new(std::slice::from_ref(&phase), self.relation, self.unit_size)?;
        match self.phases.last_mut() {
            Some(last)
                if last.noise_multiplier == phase.noise_multiplier
                    && last.sampling == phase.sampling =>
            {
                last.steps += phase.steps;
            }
            _ => self.phases.push(phase),
        }
        Ok(())
    }

    /// Counts all that `other` counted, as if its steps had been this one's.
    ///
    /// # Errors
    /// `Incompatible` if relation or unit differ; as [`Accountant::push`].
    pub fn compose(&mut self, other: &Accountant) -> Result<()> {
        if (self.relation, self.unit_size) != (other.relation, other.unit_size) {
            let name =
                |a: &Accountant| format!("{:?} neighbors and units of {}", a.relation, a.unit_size);
            return Err(Error::Incompatible {
                argument: "accountant",
                was: name(other),
                expected: name(self),
            });
        }
        let mut all = self.clone();
        other.phases.iter().try_for_each(|phase| all.push(phase.clone()))?;
        all.add_statistical_distance(other.statistical_distance)?;
        all.add_noise_samples(other.noise_samples);
        *self = all;
        Ok(())
    }

    /// Adds to the total variation distance, over the whole run, between the noise drawn and the
    /// noise accounted for.
    ///
    /// `δ` pays `(1 + e^ε)` times it. What the discrete noise costs is known: see
    /// [`Accountant::add_noise_samples`].
    ///
    /// # Errors
    /// `InvalidArgument` unless `distance` is in [0, 1].
    pub fn add_statistical_distance(&mut self, distance: f64) -> Result<()> {
        if !(0.0..=1.0).contains(&distance) {
            return Err(Error::invalid(
                "statistical_distance",
                distance,
                "a total variation distance in [0, 1]",
            ));
        }
        self.statistical_distance = (self.statistical_distance + distance).min(1.0);
        Ok(())
    }

    /// Counts samples of discrete noise. How far they are from the law that is accounted for
    /// ([`DiscreteGaussian::closeness`]) grows with the root of their number over the whole run:
    /// `ε` pays about `10^-12` times that root, and `δ` almost nothing.
    pub fn add_noise_samples(&mut self, samples: u64) {
        self.noise_samples = self.noise_samples.saturating_add(samples).min(i64::MAX as u64);
    }

    /// Samples of discrete noise counted so far.
    #[must_use]
    pub fn noise_samples(&self) -> u64 {
        self.noise_samples
    }

    /// The distance added so far.
    #[must_use]
    pub fn statistical_distance(&self) -> f64 {
        self.statistical_distance
    }

    /// As many `runs` of all that it counted, one after the other.
    ///
    /// # Errors
    /// `InvalidArgument` if that is more than [`MAX_STEPS`].
    pub fn repeated(&self, runs: u64) -> Result<Self> {
        let mut all = Accountant { phases: Vec::new(), ..self.clone() };
        for phase in &self.phases {
            let steps = phase
                .steps
                .checked_mul(runs)
                .ok_or_else(|| Error::invalid("runs", runs, "fewer runs"))?;
            all.push(Phase { steps, ..phase.clone() })?;
        }
        all.statistical_distance = (self.statistical_distance * runs as f64).min(1.0);
        all.noise_samples = 0;
        all.add_noise_samples(self.noise_samples.saturating_mul(runs));
        Ok(all)
    }

    /// Checks one that was read from somewhere as if it had been built step by step.
    ///
    /// # Errors
    /// `InvalidArgument`, naming what is wrong.
    pub fn validate(&self) -> Result<()> {
        let mut again = Accountant::new(self.kind, self.relation).with_unit_size(self.unit_size)?;
        self.phases.iter().try_for_each(|phase| again.push(phase.clone()))?;
        again.add_statistical_distance(self.statistical_distance)
    }

    /// How it composes.
    #[must_use]
    pub fn kind(&self) -> AccountantKind {
        self.kind
    }

    /// What neighbors are.
    #[must_use]
    pub fn relation(&self) -> Relation {
        self.relation
    }

    /// Examples a unit of privacy.
    #[must_use]
    pub fn unit_size(&self) -> u32 {
        self.unit_size
    }

    /// The phases so far.
    #[must_use]
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// Steps so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.phases.iter().map(|phase| phase.steps).sum()
    }

    /// `ε` at `delta` in (0, 1), an upper bound; 0 if nothing ran, infinite if noise was accounted
    /// for and none was drawn.
    ///
    /// Cost with PLD: two FFTs of at most 2^21 points a direction, typically a few milliseconds.
    ///
    /// # Errors
    /// `InvalidArgument` if `delta` is out of range, or so small that the noise sampler's own
    /// distance exceeds it.
    pub fn epsilon(&self, delta: f64) -> Result<f64> {
        check_delta(delta)?;
        self.prepared(&self.mechanism()?).epsilon(delta)
    }

    /// [`Accountant::epsilon`], infinite where there is no bound at this `delta`: more than any
    /// budget.
    ///
    /// # Errors
    /// `InvalidArgument` if `delta` is out of range.
    pub(crate) fn spent(&self, delta: f64) -> Result<f64> {
        check_delta(delta)?;
        Ok(self.prepared(&self.mechanism()?).epsilon(delta).unwrap_or(f64::INFINITY))
    }

    /// About what [`Accountant::epsilon`] would answer: no bound, only where a search may begin.
    pub(crate) fn estimate(&self, delta: f64) -> Result<f64> {
        check_delta(delta)?;
        self.prepared(&self.mechanism()?).estimate(delta)
    }

    /// `δ` at `epsilon >= 0`, an upper bound, at most 1.
    ///
    /// # Errors
    /// `InvalidArgument` if `epsilon` is negative or NaN.
    pub fn delta(&self, epsilon: f64) -> Result<f64> {
        if !(epsilon >= 0.0 && epsilon.is_finite()) {
            return Err(Error::invalid("epsilon", epsilon, "a finite number of at least 0"));
        }
        Ok(self.prepared(&self.mechanism()?).delta(epsilon))
    }

    /// `(ε, δ)` at every one of `deltas`.
    ///
    /// # Errors
    /// As [`Accountant::epsilon`].
    pub fn curve(&self, deltas: &[f64]) -> Result<Vec<(f64, f64)>> {
        let mechanism = self.mechanism()?;
        let prepared = self.prepared(&mechanism);
        deltas
            .iter()
            .map(|&delta| check_delta(delta).and_then(|()| Ok((prepared.epsilon(delta)?, delta))))
            .collect()
    }

    /// `(α, ε_α)`: Rényi differential privacy at the given orders, all above 1.
    ///
    /// # Errors
    /// `InvalidArgument` if an order is not a finite number above 1.
    pub fn rdp(&self, orders: &[f64]) -> Result<Vec<(f64, f64)>> {
        if let Some(order) = orders.iter().find(|order| !(order.is_finite() && **order > 1.0)) {
            return Err(Error::invalid("orders", order, "finite orders above 1"));
        }
        if self.statistical_distance >= 1.0 {
            return Ok(orders.iter().map(|order| (*order, f64::INFINITY)).collect());
        }
        Ok(rdp::Curve::new(&self.mechanism()?, orders.to_vec()).points())
    }

    /// The highest true positive rate of any membership test with false positive rate `fpr` in (0,
    /// 1): an upper bound.
    ///
    /// # Errors
    /// `InvalidArgument` if `fpr` is out of range.
    pub fn tpr_at_fpr(&self, fpr: f64) -> Result<f64> {
        if !(fpr > 0.0 && fpr < 1.0) {
            return Err(Error::invalid("fpr", fpr, "a rate in (0, 1)"));
        }
        let mechanism = self.mechanism()?;
        let prepared = self.prepared(&mechanism);
        convert::tpr_at_fpr(fpr, |delta| prepared.epsilon(delta))
    }

    /// The f-DP trade-off: a lower bound on the false negative rate of any test at each false
    /// positive rate in (0, 1).
    ///
    /// # Errors
    /// `InvalidArgument` if a rate is out of range.
    pub fn trade_off(&self, fprs: &[f64]) -> Result<Vec<f64>> {
        fprs.iter().map(|&fpr| Ok(1.0 - self.tpr_at_fpr(fpr)?)).collect()
    }

    /// Says no if `next` would take `ε` at `delta` beyond `epsilon`.
    ///
    /// # Errors
    /// `BudgetExhausted` if it would; `InvalidArgument` as [`Accountant::push`] and
    /// [`Accountant::epsilon`].
    pub fn check_budget(&self, next: Phase, epsilon: f64, delta: f64) -> Result<()> {
        let mut after = self.clone();
        after.push(next)?;
        let (spent, after) = (self.spent(delta)?, after.spent(delta)?);
        if after > epsilon {
            return Err(Error::BudgetExhausted { budget: epsilon, spent, after, delta });
        }
        Ok(())
    }

    /// What it will be after a phase, every step of which draws `samples` of discrete noise.
    ///
    /// # Errors
    /// As [`Accountant::push`].
    pub fn after(&self, phase: Phase, samples: u64) -> Result<Self> {
        let mut after = self.clone();
        after.add_noise_samples(samples.saturating_mul(phase.steps));
        after.push(phase)?;
        Ok(after)
    }

    /// How many times `phase`, which draws `samples` of discrete noise each time, may follow until
    /// `ε` at `delta` would exceed `epsilon`: at most 10^8. A doubling search, then halving: some
    /// thirty questions to the accountant.
    ///
    /// # Errors
    /// As [`Accountant::push`] and [`Accountant::epsilon`].
    pub fn steps_within(
        &self,
        phase: &Phase,
        samples: u64,
        epsilon: f64,
        delta: f64,
    ) -> Result<u64> {
        const MAX: u64 = 100_000_000;
        let room = MAX_STEPS.saturating_sub(self.steps()) / phase.steps.max(1);
        let fits = |times: u64| -> Result<bool> {
            let phase = Phase { steps: phase.steps * times, ..phase.clone() };
            Ok(times <= room && self.after(phase, samples)?.spent(delta)? <= epsilon)
        };
        let (mut fit, mut not) = (0, 1);
        while not < MAX && fits(not)? {
            (fit, not) = (not, not * 2);
        }
        while not - fit > 1 {
            let middle = fit + (not - fit) / 2;
            if fits(middle)? { fit = middle } else { not = middle }
        }
        Ok(fit)
    }

    fn mechanism(&self) -> Result<Mechanism> {
        Mechanism::new(&self.phases, self.relation, self.unit_size)
    }

    fn prepared<'m>(&self, mechanism: &'m Mechanism) -> Prepared<'m> {
        let noise = DiscreteGaussian::default().closeness(self.noise_samples as f64);
        Prepared::new(self.kind, mechanism, self.statistical_distance, noise)
    }
}

fn check_delta(delta: f64) -> Result<()> {
    if delta > 0.0 && delta < 1.0 {
        Ok(())
    } else {
        Err(Error::invalid("delta", delta, "a number in (0, 1)"))
    }
}
