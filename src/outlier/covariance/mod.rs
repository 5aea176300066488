//! Estimates of mean and covariance.

pub mod ledoit_wolf;
pub mod mcd;

use ndarray::Array2;

/// A mean and a covariance.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// One per feature.
    pub mean: Vec<f64>,
    /// Symmetric.
    pub covariance: Array2<f64>,
}
