//! Page-Hinkley: how far a sum of deviations from the running mean is from its extreme.
//!
//! Page 1954, "Continuous inspection schemes", section 3; Hinkley 1971. With the running mean m_t
//! of all observations, `u <- alpha u + (x - m_t) - delta` and `d <- alpha d + (x - m_t) + delta`;
//! it fires when `u - min u` (a rise) or `max d - d` (a fall) exceeds `threshold`. `alpha` forgets;
//! 1 is the textbook's sum. Warm-up and defaults are river's.
//!
//! Cost: O(1) an observation.

use serde::{Deserialize, Serialize};

use super::running::Mean;
use super::{Online, State, expect};
use crate::Result;
use crate::sound::{Sound, can_grow};

/// Which changes of the mean are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Rises.
    Up,
    /// Falls.
    Down,
    /// Rises and falls.
    Both,
}

/// Options of [`PageHinkley`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PageHinkleyOptions {
    /// Observations before it can fire.
    pub min_instances: u64,
    /// The change that is tolerated, in units of the observations; 0 or more.
    pub delta: f64,
    /// It fires above this, in units of the observations; more than 0.
    pub threshold: f64,
    /// Forgetting factor in (0, 1].
    pub alpha: f64,
    /// Rises, falls, or both.
    pub mode: Direction,
}

impl Default for PageHinkleyOptions {
    fn default() -> Self {
        PageHinkleyOptions {
            min_instances: 30,
            delta: 0.005,
            threshold: 50.0,
            alpha: 1.0 - 0.0001,
            mode: Direction::Both,
        }
    }
}

/// Page-Hinkley. Its statistic is the larger of the two distances (of those looked for).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageHinkley {
    options: PageHinkleyOptions,
    mean: Mean,
    rise: f64,
    least_rise: f64,
    fall: f64,
    largest_fall: f64,
}

impl PageHinkley {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: PageHinkleyOptions) -> Result<Self> {
        let PageHinkleyOptions { delta, threshold, alpha, .. } = options;
        expect("delta", delta, delta.is_finite() && delta >= 0.0, "a number from 0")?;
        expect(
            "threshold",
            threshold,
            threshold.is_finite() && threshold > 0.0,
            "a number above 0",
        )?;
        expect(
            "alpha",
            alpha,
            alpha > 0.0 && alpha <= 1.0,
            "a forgetting factor above 0, at most 1",
        )?;
        Ok(Self::fresh(options))
    }

    fn fresh(options: PageHinkleyOptions) -> Self {
        // The first deviation is 0, so both extremes are set by the first observation; finite
        // starts survive JSON.
        let (least_rise, largest_fall) = (f64::MAX, f64::MIN);
        PageHinkley {
            options,
            mean: Mean::default(),
            rise: 0.0,
            least_rise,
            fall: 0.0,
            largest_fall,
        }
    }
}

impl Online for PageHinkley {
    fn update(&mut self, x: f64) -> State {
        let PageHinkleyOptions { delta, alpha, .. } = self.options;
        self.mean.update(x);
        let deviation = x - self.mean.mean;
        self.rise = alpha * self.rise + deviation - delta;
        self.fall = alpha * self.fall + deviation + delta;
        self.least_rise = self.least_rise.min(self.rise);
        self.largest_fall = self.largest_fall.max(self.fall);
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
        if self.mean.n == 0.0 {
            return 0.0;
        }
        let (rise, fall) = (self.rise - self.least_rise, self.largest_fall - self.fall);
        match self.options.mode {
            Direction::Up => rise,
            Direction::Down => fall,
            Direction::Both => rise.max(fall),
        }
    }

    fn reset(&mut self) {
        *self = Self::fresh(self.options);
    }
}

impl Sound for PageHinkley {
    fn is_sound(&self) -> bool {
        PageHinkley::new(self.options).is_ok() && can_grow([self.options.min_instances])
    }
}
