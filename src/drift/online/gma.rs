//! GMA: the geometric moving average of deviations from the running mean.
//!
//! Roberts 1959, "Control chart tests based on geometric moving averages": `s <- alpha s + (1 -
//! alpha) (x - mean)`, with the running mean of all observations, this one included; it fires when
//! s exceeds `threshold`. One-sided: rises, as for error rates; with `mode` falls, or both.
//! Defaults and warm-up are those of MOA's `GeometricMovingAverageDM` and of frouros: a threshold
//! of 1 can never be passed by observations in [0, 1], choose it by their scale.
//!
//! Cost: O(1) an observation.

use serde::{Deserialize, Serialize};

use super::page_hinkley::Direction;
use super::running::Mean;
use super::{Online, State, expect};
use crate::Result;
use crate::sound::{Sound, can_grow};

/// Options of [`Gma`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GmaOptions {
    /// Observations before it can fire.
    pub min_instances: u64,
    /// Forgetting factor in [0, 1).
    pub alpha: f64,
    /// It fires above this, in units of the observations; more than 0.
    pub threshold: f64,
    /// Rises, falls, or both.
    pub mode: Direction,
}

impl Default for GmaOptions {
    fn default() -> Self {
        GmaOptions { min_instances: 30, alpha: 0.99, threshold: 1.0, mode: Direction::Up }
    }
}

/// GMA. Its statistic is the average, signed so that what is looked for is positive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gma {
    options: GmaOptions,
    mean: Mean,
    average: f64,
}

impl Gma {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: GmaOptions) -> Result<Self> {
        let GmaOptions { alpha, threshold, .. } = options;
        expect("alpha", alpha, (0.0..1.0).contains(&alpha), "a forgetting factor from 0, below 1")?;
        expect(
            "threshold",
            threshold,
            threshold.is_finite() && threshold > 0.0,
            "a number above 0",
        )?;
        Ok(Gma { options, mean: Mean::default(), average: 0.0 })
    }
}

impl Online for Gma {
    fn update(&mut self, x: f64) -> State {
        self.mean.update(x);
        let alpha = self.options.alpha;
        self.average = alpha * self.average + (1.0 - alpha) * (x - self.mean.mean);
        if self.mean.n >= self.options.min_instances as f64
            && self.statistic() > self.options.threshold
        {
            self.reset();
            return State::Drift;
        }
        State::Stable
    }

    fn needs(&self) -> u64 {
        self.options.min_instances.max(2)
    }

    fn statistic(&self) -> f64 {
        match self.options.mode {
            Direction::Up => self.average,
            Direction::Down => -self.average,
            Direction::Both => self.average.abs(),
        }
    }

    fn reset(&mut self) {
        (self.mean, self.average) = (Mean::default(), 0.0);
    }
}

impl Sound for Gma {
    fn is_sound(&self) -> bool {
        Gma::new(self.options).is_ok() && can_grow([self.options.min_instances])
    }
}
