//! Running mean and variance.

use serde::{Deserialize, Serialize};

/// Mean of what came so far (Welford 1962). Equality of detections with peers to the observation
/// asks for this very order of operations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Mean {
    pub n: f64,
    pub mean: f64,
}

impl Mean {
    pub fn update(&mut self, x: f64) {
        self.n += 1.0;
        self.mean += (1.0 / self.n) * (x - self.mean);
    }
}

/// Mean and sum of squared deviations (Welford 1962).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Variance {
    pub mean: Mean,
    squares: f64,
}

impl Variance {
    pub fn update(&mut self, x: f64) {
        let before = self.mean.mean;
        self.mean.update(x);
        self.squares += (x - before) * (x - self.mean.mean);
    }

    /// Divisor n - 1; 0 of fewer than two values.
    pub fn sample(&self) -> f64 {
        if self.mean.n > 1.0 { self.squares / (self.mean.n - 1.0) } else { 0.0 }
    }
}
