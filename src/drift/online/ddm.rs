//! DDM: the error rate of a classifier against the lowest that it had.
//!
//! Gama, Medas, Castillo & Rodrigues 2004, "Learning with drift detection", section 3. With the
//! error rate p of n outcomes and `s = sqrt(p (1 - p) / n)`, the least p + s is remembered; a
//! warning where `p + s > p_min + 2 s_min`, drift where `p + s > p_min + 3 s_min`. Nothing is
//! compared before `warm_start` outcomes. (The paper has >=; > is river's.)
//!
//! Observations: 1 for a wrong prediction, 0 for a right one. Cost: O(1) an observation.

use serde::{Deserialize, Serialize};

use super::running::Mean;
use super::{Domain, Online, State, expect};
use crate::Result;
use crate::sound::{Sound, can_grow};

/// Options of [`Ddm`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DdmOptions {
    /// Outcomes before anything is compared.
    pub warm_start: u64,
    /// Standard deviations of a warning; more than 0.
    pub warning_threshold: f64,
    /// Standard deviations of a drift; at least those of a warning.
    pub drift_threshold: f64,
}

impl Default for DdmOptions {
    fn default() -> Self {
        DdmOptions { warm_start: 30, warning_threshold: 2.0, drift_threshold: 3.0 }
    }
}

/// DDM. Its statistic is p + s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ddm {
    options: DdmOptions,
    errors: Mean,
    /// p and s where their sum was least.
    least: Option<(f64, f64)>,
}

impl Ddm {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: DdmOptions) -> Result<Self> {
        let DdmOptions { warning_threshold: warning, drift_threshold: drift, .. } = options;
        expect(
            "warning_threshold",
            warning,
            warning.is_finite() && warning > 0.0,
            "a number above 0",
        )?;
        expect(
            "drift_threshold",
            drift,
            drift.is_finite() && drift >= warning,
            "at least the warning_threshold",
        )?;
        Ok(Ddm { options, errors: Mean::default(), least: None })
    }

    fn deviation(&self) -> f64 {
        let p = self.errors.mean;
        // Rounding must not take the root of a negative number.
        (p * (1.0 - p) / self.errors.n).max(0.0).sqrt()
    }
}

impl Online for Ddm {
    fn update(&mut self, x: f64) -> State {
        self.errors.update(x);
        if self.errors.n <= self.options.warm_start as f64 {
            return State::Stable;
        }
        let (p, s) = (self.errors.mean, self.deviation());
        let (least_p, least_s) = match self.least {
            Some((least_p, least_s)) if p + s > least_p + least_s => (least_p, least_s),
            _ => *self.least.insert((p, s)),
        };
        if p + s > least_p + self.options.drift_threshold * least_s {
            self.reset();
            State::Drift
        } else if p + s > least_p + self.options.warning_threshold * least_s {
            State::Warning
        } else {
            State::Stable
        }
    }

    fn needs(&self) -> u64 {
        self.options.warm_start + 2
    }

    fn statistic(&self) -> f64 {
        if self.errors.n > 0.0 { self.errors.mean + self.deviation() } else { 0.0 }
    }

    fn reset(&mut self) {
        (self.errors, self.least) = (Mean::default(), None);
    }

    fn domain(&self) -> Domain {
        Domain::Binary
    }
}

impl Sound for Ddm {
    fn is_sound(&self) -> bool {
        Ddm::new(self.options).is_ok() && can_grow([self.options.warm_start])
    }
}
