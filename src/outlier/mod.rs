//! Detectors that score one observation against the reference: one file a family.

pub mod linfa;
pub mod scaled;

use crate::error::Result;
use crate::tensor::Tensor;

/// Fitted on reference observations, then scores new ones. A score never depends on the batch that it came in.
pub trait Detector: Sized {
    /// Learns the reference: `features x observations`.
    ///
    /// # Errors
    /// Too few observations, values that are not finite, or features without spread, as each detector says.
    fn fit(reference: &Tensor<'_>) -> Result<Self>;

    /// One score an observation; higher is more anomalous; NaN for an observation that is not finite.
    ///
    /// # Errors
    /// [`crate::Error::FeatureMismatch`].
    fn score(&self, batch: &Tensor<'_>) -> Result<Vec<f32>>;
}
