//! EDDM: the distance between two errors of a classifier against the longest that it had.
//!
//! Baena-García, del Campo-Ávila, Fidalgo, Bifet, Gavaldà & Morales-Bueno 2006, "Early drift
//! detection method", section 3. With mean p' and standard deviation s' (divisor n - 1) of the
//! distances between errors, the largest p' + 2 s' is remembered; a warning where the ratio to it
//! is below `alpha`, drift where it is below `beta`.
//!
//! The warm-up differs between libraries. The paper waits for 30 errors. Here, as in river: the
//! maximum is tracked from the first error after `warm_start` outcomes, and compared once there
//! were more than `warm_start` errors; the distance of the first error is counted from the start.
//!
//! Observations: 1 for a wrong prediction, 0 for a right one. Cost: O(1) an observation.

use serde::{Deserialize, Serialize};

use super::running::Variance;
use super::{Domain, Online, State, expect};
use crate::Result;
use crate::sound::{Sound, can_grow};

/// Options of [`Eddm`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EddmOptions {
    /// Outcomes before the maximum is tracked, and errors before it is compared.
    pub warm_start: u64,
    /// Ratio of a warning, in (0, 1].
    pub alpha: f64,
    /// Ratio of a drift, in (0, alpha].
    pub beta: f64,
}

impl Default for EddmOptions {
    fn default() -> Self {
        EddmOptions { warm_start: 30, alpha: 0.95, beta: 0.9 }
    }
}

/// EDDM. Its statistic is the ratio of p' + 2 s' to its maximum (1 before there is any).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Eddm {
    options: EddmOptions,
    seen: u64,
    errors: u64,
    last_error: u64,
    distances: Variance,
    largest: f64,
    ratio: f64,
    warning: bool,
}

impl Eddm {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: EddmOptions) -> Result<Self> {
        let EddmOptions { alpha, beta, .. } = options;
        expect("alpha", alpha, alpha > 0.0 && alpha <= 1.0, "a ratio above 0, at most 1")?;
        expect("beta", beta, beta > 0.0 && beta <= alpha, "a ratio above 0, at most alpha")?;
        Ok(Self::fresh(options))
    }

    fn fresh(options: EddmOptions) -> Self {
        let distances = Variance::default();
        Eddm {
            options,
            seen: 0,
            errors: 0,
            last_error: 0,
            distances,
            largest: -1.0,
            ratio: 1.0,
            warning: false,
        }
    }
}

impl Online for Eddm {
    fn update(&mut self, x: f64) -> State {
        self.seen += 1;
        if x == 1.0 {
            self.errors += 1;
            self.distances.update((self.seen - self.last_error) as f64);
            self.last_error = self.seen;
            if self.seen > self.options.warm_start {
                let reach = self.distances.mean.mean + 2.0 * self.distances.sample().sqrt();
                self.ratio = (reach / self.largest).clamp(0.0, 1.0);
                if reach > self.largest {
                    (self.largest, self.ratio) = (reach, 1.0);
                } else if self.errors > self.options.warm_start {
                    if reach / self.largest < self.options.beta {
                        self.reset();
                        return State::Drift;
                    }
                    self.warning = reach / self.largest < self.options.alpha;
                }
            }
        }
        if self.warning { State::Warning } else { State::Stable }
    }

    fn needs(&self) -> u64 {
        self.options.warm_start + 2
    }

    fn statistic(&self) -> f64 {
        self.ratio
    }

    fn reset(&mut self) {
        *self = Self::fresh(self.options);
    }

    fn domain(&self) -> Domain {
        Domain::Binary
    }
}

impl Sound for Eddm {
    fn is_sound(&self) -> bool {
        Eddm::new(self.options).is_ok()
            && can_grow([self.options.warm_start, self.seen])
            && self.errors <= self.seen
            && self.last_error <= self.seen
    }
}
