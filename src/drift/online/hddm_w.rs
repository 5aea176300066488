//! HDDM-W: weighted means before and after the best cut, compared by McDiarmid's bound.
//!
//! Frías-Blanco et al. 2015 (see [`super::hddm_a`]), algorithm 2 (W-test). Means are exponentially
//! weighted with factor `lambda_val`, and `v`, the sum of the squared weights, takes the place of
//! 1/n: the bound is `sqrt(v ln(1/confidence) / 2)`.
//!
//! The first observation has all the weight, so v should start at 1; river (0.26), whose detections
//! these are, counts one step of decay already there: `v = lambda^2 + (1 - lambda)^2`. It matters
//! for the first observations after a cut only.
//!
//! Observations in [0, 1]. Cost: O(1) an observation.

use serde::{Deserialize, Serialize};

use super::hddm_a::expect_confidence;
use super::{Domain, Online, State, expect};
use crate::Result;
use crate::sound::Sound;

/// Options of [`HddmW`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HddmWOptions {
    /// Level of a drift, in (0, 1).
    pub drift_confidence: f64,
    /// Level of a warning, in (0, 1), at least that of a drift.
    pub warning_confidence: f64,
    /// Weight of the newest observation, in (0, 1).
    pub lambda_val: f64,
    /// Whether falls of the mean are looked for, too.
    pub two_sided_test: bool,
}

impl Default for HddmWOptions {
    fn default() -> Self {
        HddmWOptions {
            drift_confidence: 0.001,
            warning_confidence: 0.005,
            lambda_val: 0.05,
            two_sided_test: false,
        }
    }
}

/// An exponentially weighted mean with the sum of its squared weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Weighted {
    begun: bool,
    mean: f64,
    squares: f64,
}

impl Weighted {
    const EMPTY: Weighted = Weighted { begun: false, mean: 0.0, squares: 1.0 };

    fn update(&mut self, x: f64, lambda: f64) {
        self.mean = if self.begun { lambda * x + (1.0 - lambda) * self.mean } else { x };
        self.begun = true;
        self.squares = lambda * lambda + (1.0 - lambda).powi(2) * self.squares;
    }
}

/// The best cut so far, and the means before and after it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Cut {
    at: Option<f64>,
    before: Weighted,
    after: Weighted,
}

impl Cut {
    const NONE: Cut = Cut { at: None, before: Weighted::EMPTY, after: Weighted::EMPTY };

    /// Moves the cut to here where `edge` is less than ever.
    fn update(&mut self, edge: f64, total: Weighted, x: f64, lambda: f64) {
        if self.at.is_none_or(|at| edge < at) {
            *self = Cut { at: Some(edge), before: total, after: Weighted::EMPTY };
        } else {
            self.after.update(x, lambda);
        }
    }

    /// Whether the mean moved by more than the bound, upwards for `sign` 1.
    fn passed(&self, sign: f64, confidence: f64) -> bool {
        self.before.begun
            && self.after.begun
            && sign * (self.after.mean - self.before.mean)
                > bound(self.before.squares + self.after.squares, confidence)
    }
}

fn bound(squares: f64, confidence: f64) -> f64 {
    (squares * (1.0 / confidence).ln() / 2.0).sqrt()
}

/// HDDM-W. Its statistic is the mean after less the mean before the cut for a rise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HddmW {
    options: HddmWOptions,
    total: Weighted,
    rise: Cut,
    fall: Cut,
}

impl HddmW {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: HddmWOptions) -> Result<Self> {
        expect_confidence(options.drift_confidence, options.warning_confidence)?;
        let lambda = options.lambda_val;
        expect("lambda_val", lambda, lambda > 0.0 && lambda < 1.0, "a weight between 0 and 1")?;
        Ok(HddmW { options, total: Weighted::EMPTY, rise: Cut::NONE, fall: Cut::NONE })
    }
}

impl Online for HddmW {
    fn update(&mut self, x: f64) -> State {
        let HddmWOptions {
            drift_confidence,
            warning_confidence,
            lambda_val: lambda,
            two_sided_test,
        } = self.options;
        self.total.update(x, lambda);
        let epsilon = bound(self.total.squares, drift_confidence);
        self.rise.update(self.total.mean + epsilon, self.total, x, lambda);
        self.fall.update(-(self.total.mean - epsilon), self.total, x, lambda);
        let passed = |confidence| {
            self.rise.passed(1.0, confidence)
                || two_sided_test && self.fall.passed(-1.0, confidence)
        };
        if passed(drift_confidence) {
            self.reset();
            State::Drift
        } else if passed(warning_confidence) {
            State::Warning
        } else {
            State::Stable
        }
    }

    fn needs(&self) -> u64 {
        2
    }

    fn statistic(&self) -> f64 {
        self.rise.after.mean - self.rise.before.mean
    }

    fn reset(&mut self) {
        (self.total, self.rise, self.fall) = (Weighted::EMPTY, Cut::NONE, Cut::NONE);
    }

    fn domain(&self) -> Domain {
        Domain::Within(0.0, 1.0)
    }
}

impl Sound for HddmW {
    fn is_sound(&self) -> bool {
        HddmW::new(self.options).is_ok()
    }
}
