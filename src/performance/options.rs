//! What a caller may choose.

use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::metric::{Metric, Problem};
use crate::{Error, Result};

/// Options of an [`super::Estimator`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What the model's answers are.
    pub problem: Problem,
    /// What to estimate; all that fit the problem where empty.
    pub metrics: Vec<Metric>,
    /// Observations in a chunk, at least 2. The last chunk of a stream may be shorter.
    pub chunk_size: usize,
    /// Whether scores are calibrated on the reference (classes only).
    pub calibration: Calibration,
    /// A binary prediction is 1 where the score is at least this, in (0, 1), and none is given.
    pub threshold: f64,
    /// Bounds lie so many standard deviations of the reference's chunks from their mean.
    pub deviations: f64,
    /// Of the folds of cross-fitting.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            problem: Problem::Binary,
            metrics: Vec::new(),
            chunk_size: 1000,
            calibration: Calibration::Auto,
            threshold: 0.5,
            deviations: 3.0,
            seed: 0,
        }
    }
}

impl Options {
    /// With the metrics named.
    ///
    /// # Errors
    /// `InvalidArgument` naming the option that is out of range, or a metric of another problem.
    pub fn checked(mut self) -> Result<Self> {
        if self.chunk_size < 2 {
            return Err(Error::invalid("chunk_size", self.chunk_size, "at least 2 observations"));
        }
        if !(self.threshold > 0.0 && self.threshold < 1.0) {
            return Err(Error::invalid(
                "threshold",
                self.threshold,
                "a probability between 0 and 1",
            ));
        }
        if !(self.deviations.is_finite() && self.deviations > 0.0) {
            return Err(Error::invalid("deviations", self.deviations, "a positive number"));
        }
        let known = Metric::of(self.problem);
        if let Some(other) = self.metrics.iter().find(|metric| !known.contains(metric)) {
            let names: Vec<&str> = known.iter().map(|metric| metric.as_str()).collect();
            return Err(Error::invalid(
                "metrics",
                other,
                format!("of {} problems: {}", self.problem, names.join(", ")),
            ));
        }
        if self.metrics.is_empty() {
            self.metrics = known.to_vec();
        }
        Ok(self)
    }
}
