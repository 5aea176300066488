//! Streams of p-values: LORD++ and SAFFRON ([`crate::stats::online_fdr`]) as detectors.
//!
//! An observation is the p-value of a test; the detector fires where the test's hypothesis is
//! rejected, so that among all that were rejected so far the expected share of false ones is at
//! most alpha, at any time. They do not start afresh after that: what was rejected pays for the
//! tests to come. The statistic is the level of the next test.

use serde::{Deserialize, Serialize};

use super::{Domain, Online, State};
use crate::Result;
use crate::sound::Sound;
use crate::stats::online_fdr::{Lord, OnlineFdr, Saffron};

/// Options of `lord`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LordOptions {
    /// The false discovery rate, in (0, 1).
    pub alpha: f64,
    /// What may be spent before the first rejection, in (0, alpha); half of alpha where none is
    /// given.
    pub initial_wealth: Option<f64>,
}

impl Default for LordOptions {
    fn default() -> Self {
        LordOptions { alpha: 0.05, initial_wealth: None }
    }
}

/// Options of `saffron`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SaffronOptions {
    /// The false discovery rate, in (0, 1).
    pub alpha: f64,
    /// What may be spent before the first rejection, in (0, alpha); half of alpha where none is
    /// given.
    pub initial_wealth: Option<f64>,
    /// P-values above this cost nothing and are never rejected, in (0, 1).
    pub lambda: f64,
}

impl Default for SaffronOptions {
    fn default() -> Self {
        SaffronOptions { alpha: 0.05, initial_wealth: None, lambda: 0.5 }
    }
}

/// A procedure as a detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PValues<P> {
    procedure: P,
    fresh: P,
}

impl PValues<Lord> {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: LordOptions) -> Result<Self> {
        let procedure = Lord::new(options.alpha, options.initial_wealth)?;
        Ok(PValues { fresh: procedure.clone(), procedure })
    }
}

impl PValues<Saffron> {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: SaffronOptions) -> Result<Self> {
        let procedure = Saffron::new(options.alpha, options.initial_wealth, options.lambda)?;
        Ok(PValues { fresh: procedure.clone(), procedure })
    }
}

impl<P: OnlineFdr + Clone> Online for PValues<P> {
    fn update(&mut self, p_value: f64) -> State {
        // Another than a p-value is not in the domain, and is rejected by nobody.
        match self.procedure.test(p_value) {
            Ok(true) => State::Drift,
            _ => State::Stable,
        }
    }

    fn statistic(&self) -> f64 {
        self.procedure.level()
    }

    fn reset(&mut self) {
        self.procedure = self.fresh.clone();
    }

    fn domain(&self) -> Domain {
        Domain::PValue
    }
}

impl<P: Sound> Sound for PValues<P> {
    fn is_sound(&self) -> bool {
        self.procedure.is_sound() && self.fresh.is_sound()
    }
}
