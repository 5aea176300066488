//! The monitor of one column: values against a reference, for a stream that never ends.
//!
//! Each value becomes a conformal p-value ([`super::conformal`]), on which is bet
//! ([`super::bets`]); the monitor alarms where the evidence ([`super::evidence`]) reaches its
//! threshold. What holds while the stream has the reference's distribution:
//!
//! | calibration | form | what holds | by |
//! |---|---|---|---|
//! | `full` | `ever` | P(ever an alarm) <= alpha, exactly, for exchangeable values, of any reference of 20 or more | uniformity of full conformal p-values; Ville |
//! | `full` | `shiryaev-roberts`, `cusum` | on average at least `run_length` values to an alarm; at most t / run_length alarms expected up to t | the same; optional stopping |
//! | `inductive` | `ever` | P(ever an alarm) <= alpha for independent values: alpha/2 for an unlucky reference, alpha/2 for the stream given it | Dvoretzky-Kiefer-Wolfowitz-Massart; Ville |
//! | `inductive` | the others | on average at least `run_length` values, with probability 1 - alpha over the reference | the same |
//!
//! With `full` every value joins the bag, so a lasting change is in the end part of what is normal:
//! it has to be found before about as many values have come as the reference holds. With
//! `inductive` the reference stays what it was and a change is never too late to be found; in
//! exchange every bet is divided by the error that a finite reference can have, and a change
//! smaller than that is never found.
//!
//! After an alarm the evidence starts afresh. With `after_alarm = continue` the bag keeps all
//! values: p-values stay exact, so P(k false alarms) <= alpha^k for `ever`, and the bounds of the
//! other forms hold for all alarms. With `after_alarm = reference` (the default) the bag is the
//! reference again, so that a lasting change is reported again and again until it ends. The
//! statement for `ever` is then about any alarm at all: with probability 1 - alpha there is none;
//! with an unlucky reference (probability below alpha) one may be followed by others.
//!
//! Observations that depend on each other are not exchangeable, and dependence is what is found
//! then: none of this holds for an autoregressive stream, for seasons, or for users who come again.
//! Give it a value for each stretch that is long enough not to depend on the one before. A guard's
//! monitor of counts ([`super::grouped_martingale`]) measures dependence on the reference and
//! allows for it.
//!
//! NaN and Inf have no place in an order: they are counted and skipped. Cost: about 50 ns a value.
//! Memory: 32 bytes a cell (at most 2047), twice that with `after_alarm = reference`.

use serde::{Deserialize, Serialize};

use super::bets::Bets;
use super::conformal::Bag;
use super::evidence::{Evidence, Form};
use crate::Result;
use crate::online::{Domain, expect};
use crate::sound::{Sound, can_grow};

/// Whether values join the bag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Calibration {
    /// Every value joins: p-values are exactly uniform.
    #[default]
    Full,
    /// The reference stays as it is, and bets are lowered by its error.
    Inductive,
}

/// What a bag is after an alarm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AfterAlarm {
    /// The reference again.
    #[default]
    Reference,
    /// All that came so far.
    Continue,
}

/// Options of a [`Monitor`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MonitorOptions {
    /// How bets add up, and so what an alarm means.
    pub form: Form,
    /// For `ever`: the probability of ever a false alarm, in (0, 1).
    pub alpha: f64,
    /// For the other forms: observations to a false alarm, on average, at least; 1 or more.
    pub run_length: f64,
    /// Betting strategy.
    pub bets: Bets,
    /// Whether values join the bag.
    pub calibration: Calibration,
    /// What the bag is after an alarm.
    pub after_alarm: AfterAlarm,
    /// Of the random numbers that break ties.
    pub seed: u64,
}

impl Default for MonitorOptions {
    fn default() -> Self {
        MonitorOptions {
            form: Form::Ever,
            alpha: 0.01,
            run_length: 100_000.0,
            bets: Bets::Composite,
            calibration: Calibration::Full,
            after_alarm: AfterAlarm::Reference,
            seed: 0,
        }
    }
}

impl MonitorOptions {
    pub(super) fn check(&self) -> Result<()> {
        expect(
            "alpha",
            self.alpha,
            self.alpha > 0.0 && self.alpha < 1.0,
            "a probability between 0 and 1",
        )?;
        let length = self.run_length;
        expect(
            "run_length",
            length,
            length >= 1.0 && length.is_finite(),
            "at least 1 observation",
        )?;
        let lines = self.calibration == Calibration::Full || self.bets.are_lines();
        let expected = "\"composite\" or \"jumper\" with calibration = \"inductive\" (others have no correction for a \
                        finite reference), or calibration = \"full\"";
        expect("bets", format!("{:?}", self.bets), lines, expected)
    }

    /// The evidence of an alarm.
    pub(super) fn threshold(&self) -> f64 {
        match (self.form, self.calibration) {
            (Form::Ever, Calibration::Full) => 1.0 / self.alpha,
            // Half of alpha is for the reference.
            (Form::Ever, Calibration::Inductive) => 2.0 / self.alpha,
            (Form::ShiryaevRoberts | Form::Cusum, _) => self.run_length,
        }
    }
}

/// The least reference: with less, hardly a cell would be left.
pub(super) const MIN_REFERENCE: usize = 20;

/// Bounds of cells.
const MAX_BOUNDS: usize = 1023;

/// The monitor told that its column has changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// The value at which it did, from 0, of all that the monitor has seen.
    pub index: u64,
    /// The evidence there: an e-value for `ever`.
    pub evidence: f64,
    /// What it had to reach.
    pub threshold: f64,
}

/// A monitor of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    options: MonitorOptions,
    bag: Bag,
    /// The bag after an alarm, where it is not the present one.
    reference: Option<Bag>,
    evidence: Evidence,
    threshold: f64,
    off_by: f64,
    observed: u64,
    non_finite: u64,
    alarms: u64,
    largest: f64,
}

impl Monitor {
    /// A monitor against `reference`: at least 20 finite values, in any order; ten thousand are
    /// plenty.
    ///
    /// # Errors
    /// `InvalidArgument` that names an option out of range, or the reference where it is too short
    /// or holds NaN or Inf.
    pub fn new(reference: &[f64], options: MonitorOptions) -> Result<Self> {
        options.check()?;
        let n = reference.len();
        let enough = n >= MIN_REFERENCE;
        expect(
            "reference",
            format!("{n} observations"),
            enough,
            &format!("at least {MIN_REFERENCE}"),
        )?;
        Domain::Finite.check("reference", reference.iter().copied())?;
        let bag = Bag::new(reference, MAX_BOUNDS, options.seed);
        let inductive = options.calibration == Calibration::Inductive;
        let again = !inductive && options.after_alarm == AfterAlarm::Reference;
        Ok(Monitor {
            reference: again.then(|| bag.clone()),
            evidence: Evidence::new(options.form, options.bets),
            threshold: options.threshold(),
            off_by: if inductive { bag.off_by(options.alpha / 2.0) } else { 0.0 },
            bag,
            options,
            observed: 0,
            non_finite: 0,
            alarms: 0,
            largest: 0.0,
        })
    }

    /// Takes in one value.
    #[inline]
    pub fn update(&mut self, x: f64) -> Option<Alarm> {
        let index = self.observed;
        self.observed += 1;
        if !x.is_finite() {
            self.non_finite += 1;
            return None;
        }
        let p = match self.options.calibration {
            Calibration::Full => self.bag.p_value(x),
            Calibration::Inductive => self.bag.inductive_p_value(x),
        };
        let evidence = self.evidence.update(p, self.off_by);
        self.largest = self.largest.max(evidence);
        if evidence < self.threshold {
            return None;
        }
        self.alarms += 1;
        self.evidence.reset();
        if let Some(reference) = &self.reference {
            self.bag.return_to(reference);
        }
        Some(Alarm { index, evidence, threshold: self.threshold })
    }

    /// Takes in a batch of this column's values, and gives the alarms in it.
    pub fn extend<T: Into<f64>>(&mut self, values: impl IntoIterator<Item = T>) -> Vec<Alarm> {
        values.into_iter().filter_map(|x| self.update(x.into())).collect()
    }

    /// The evidence since the start, or since the last alarm: an e-value for `ever`.
    #[must_use]
    pub fn evidence(&self) -> f64 {
        self.evidence.value()
    }

    /// The evidence at which it alarms.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The largest evidence that there ever was.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.largest
    }

    /// For `ever`: a p-value that is valid at any time, `min(1, 1 / largest)`, and twice that where
    /// the calibration is inductive. `None` for other forms.
    #[must_use]
    pub fn p_value(&self) -> Option<f64> {
        let scale = self.threshold * self.options.alpha;
        (self.options.form == Form::Ever).then(|| (scale / self.largest.max(1.0)).min(1.0))
    }

    /// Values seen, NaN and Inf included.
    #[must_use]
    pub fn observed(&self) -> u64 {
        self.observed
    }

    /// NaN and Inf among them: counted and skipped.
    #[must_use]
    pub fn non_finite(&self) -> u64 {
        self.non_finite
    }

    /// Alarms so far.
    #[must_use]
    pub fn alarms(&self) -> u64 {
        self.alarms
    }

    pub(super) fn set_threshold(&mut self, threshold: f64) {
        self.threshold = threshold;
    }

    pub(super) fn set_off_by(&mut self, delta: f64) {
        if self.options.calibration == Calibration::Inductive {
            self.off_by = self.bag.off_by(delta);
        }
    }
}

impl Sound for Monitor {
    fn is_sound(&self) -> bool {
        let again = self
            .reference
            .as_ref()
            .is_none_or(|bag| bag.is_sound() && bag.bounds() == self.bag.bounds());
        self.options.check().is_ok()
            && self.bag.is_sound()
            && again
            && self.evidence.is_sound()
            && can_grow([self.observed, self.non_finite, self.alarms])
    }
}
