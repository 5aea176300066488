//! HDDM-A: means before and after the best cut, compared by Hoeffding's bound.
//!
//! Frías-Blanco, del Campo-Ávila, Ramos-Jiménez, Morales-Bueno, Ortiz-Díaz & Caballero-Mota 2015,
//! "Online and non-parametric drift detection methods based on Hoeffding's bounds", algorithm 1
//! (A-test). Among all prefixes the one with the least `mean + epsilon` is the cut (for a rise; the
//! largest `mean - epsilon` for a fall), `epsilon = sqrt(ln(1/confidence) / 2n)`. A rise where the
//! mean of all exceeds the prefix's by `sqrt(m/2 ln(2/confidence))`, `m = (n - n_cut) / (n_cut n)`;
//! the 2 in the logarithm is MOA's and river's, and conservative.
//!
//! Observations in [0, 1]. Cost: O(1) an observation.

use serde::{Deserialize, Serialize};

use super::running::Mean;
use super::{Domain, Online, State, expect};
use crate::Result;
use crate::sound::Sound;

/// Options of [`HddmA`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HddmAOptions {
    /// Level of a drift, in (0, 1).
    pub drift_confidence: f64,
    /// Level of a warning, in (0, 1), at least that of a drift.
    pub warning_confidence: f64,
    /// Whether falls of the mean are looked for, too.
    pub two_sided_test: bool,
}

impl Default for HddmAOptions {
    fn default() -> Self {
        HddmAOptions { drift_confidence: 0.001, warning_confidence: 0.005, two_sided_test: false }
    }
}

/// HDDM-A. Its statistic is the mean of all observations less that up to the cut for a rise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HddmA {
    options: HddmAOptions,
    all: Mean,
    /// The prefix before a rise, if there is one.
    low: Mean,
    /// The prefix before a fall, if there is one.
    high: Mean,
}

pub(super) fn expect_confidence(drift: f64, warning: f64) -> Result<()> {
    expect("drift_confidence", drift, drift > 0.0 && drift < 1.0, "a probability between 0 and 1")?;
    let valid = warning >= drift && warning < 1.0;
    expect("warning_confidence", warning, valid, "a probability from the drift_confidence to 1")
}

impl HddmA {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: HddmAOptions) -> Result<Self> {
        expect_confidence(options.drift_confidence, options.warning_confidence)?;
        Ok(HddmA { options, all: Mean::default(), low: Mean::default(), high: Mean::default() })
    }

    fn bound(&self, n: f64) -> f64 {
        (1.0 / (2.0 * n) * (1.0 / self.options.drift_confidence).ln()).sqrt()
    }

    /// Whether all and the prefix `cut` differ by `gap` at level `confidence`.
    fn differ(&self, cut: &Mean, gap: f64, confidence: f64) -> bool {
        let n = self.all.n;
        if cut.n == n {
            return false;
        }
        let m = (n - cut.n) / cut.n * (1.0 / n);
        gap >= (m / 2.0 * (2.0 / confidence).ln()).sqrt()
    }
}

impl Online for HddmA {
    fn update(&mut self, x: f64) -> State {
        self.all.update(x);
        if self.low.n == 0.0 {
            (self.low, self.high) = (self.all, self.all);
        }
        let bound = self.bound(self.all.n);
        if self.low.mean + self.bound(self.low.n) >= self.all.mean + bound {
            self.low = self.all;
        }
        if self.high.mean - self.bound(self.high.n) <= self.all.mean - bound {
            self.high = self.all;
        }
        let HddmAOptions { drift_confidence, warning_confidence, two_sided_test } = self.options;
        let differs = |confidence| {
            self.differ(&self.low, self.all.mean - self.low.mean, confidence)
                || two_sided_test
                    && self.differ(&self.high, self.high.mean - self.all.mean, confidence)
        };
        if differs(drift_confidence) {
            self.reset();
            State::Drift
        } else if differs(warning_confidence) {
            State::Warning
        } else {
            State::Stable
        }
    }

    fn needs(&self) -> u64 {
        2
    }

    fn statistic(&self) -> f64 {
        self.all.mean - self.low.mean
    }

    fn reset(&mut self) {
        (self.all, self.low, self.high) = (Mean::default(), Mean::default(), Mean::default());
    }

    fn domain(&self) -> Domain {
        Domain::Within(0.0, 1.0)
    }
}

impl Sound for HddmA {
    fn is_sound(&self) -> bool {
        HddmA::new(self.options).is_ok()
    }
}
