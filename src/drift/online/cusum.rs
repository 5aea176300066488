//! CUSUM of deviations from the running mean.
//!
//! Page 1954, "Continuous inspection schemes", section 2: `s <- max(0, s + x - mean - delta)`, with
//! the running mean of all observations, this one included; it fires when s exceeds `threshold`.
//! One-sided: rises, as for error rates; with `mode` falls, or both. Defaults and warm-up are those
//! of MOA's `CusumDM` and of frouros. For a chart of standardized values with a threshold that is a
//! probability see [`crate::charts`].
//!
//! Cost: O(1) an observation.

use serde::{Deserialize, Serialize};

use super::page_hinkley::Direction;
use super::running::Mean;
use super::{Online, State, expect};
use crate::Result;
use crate::sound::{Sound, can_grow};

/// Options of [`Cusum`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CusumOptions {
    /// Observations before it can fire.
    pub min_instances: u64,
    /// The change that is tolerated, in units of the observations; 0 or more.
    pub delta: f64,
    /// It fires above this, in units of the observations; more than 0.
    pub threshold: f64,
    /// Rises, falls, or both.
    pub mode: Direction,
}

impl Default for CusumOptions {
    fn default() -> Self {
        CusumOptions { min_instances: 30, delta: 0.005, threshold: 50.0, mode: Direction::Up }
    }
}

/// CUSUM. Its statistic is the sum (the larger, where both sides are looked at).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cusum {
    options: CusumOptions,
    mean: Mean,
    up: f64,
    down: f64,
}

impl Cusum {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: CusumOptions) -> Result<Self> {
        let CusumOptions { delta, threshold, .. } = options;
        expect("delta", delta, delta.is_finite() && delta >= 0.0, "a number from 0")?;
        expect(
            "threshold",
            threshold,
            threshold.is_finite() && threshold > 0.0,
            "a number above 0",
        )?;
        Ok(Cusum { options, mean: Mean::default(), up: 0.0, down: 0.0 })
    }
}

impl Online for Cusum {
    fn update(&mut self, x: f64) -> State {
        self.mean.update(x);
        let deviation = x - self.mean.mean;
        self.up = (self.up + deviation - self.options.delta).max(0.0);
        self.down = (self.down - deviation - self.options.delta).max(0.0);
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
            Direction::Up => self.up,
            Direction::Down => self.down,
            Direction::Both => self.up.max(self.down),
        }
    }

    fn reset(&mut self) {
        (self.mean, self.up, self.down) = (Mean::default(), 0.0, 0.0);
    }
}

impl Sound for Cusum {
    fn is_sound(&self) -> bool {
        Cusum::new(self.options).is_ok() && can_grow([self.options.min_instances])
    }
}
