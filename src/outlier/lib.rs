//! Detectors that score one observation against the reference: one file a family.
//!
//! A [`Detector`] is a family's method alone. A [`Fitted`] is what hosts use: a detector by name,
//! with calibrated p-values, an explanation and a file form.

// ndarray's `s!` allows itself what `forbid` would not let it.
#![deny(unsafe_code)]

// Rooms below, by the names that they have everywhere.
#[cfg(test)]
use fluxguard_core::testing;
use fluxguard_core::{Error, error, options, parallel, simd, sketch, sound, stats, store, tensor};
use fluxguard_drift as drift;

pub mod calibration;
pub mod compare;
pub mod copod;
pub mod covariance;
pub mod ecod;
pub mod ensemble;
pub mod explain;
pub mod family;
pub mod fitted;
mod fold;
pub mod forest;
pub mod gmm;
pub mod hbos;
pub mod kde;
pub mod kmeans;
pub mod knn;
mod learned;
pub mod linfa;
pub mod lof;
pub mod mahalanobis;
mod model;
pub mod neighbors;
pub mod ocsvm;
pub mod ood;
mod output_kind;
pub mod pca;
pub mod scaled;
pub mod sequence;
pub mod spec;
mod standardized;
pub mod support;
mod tails;
pub mod threshold;
mod within;

pub use family::{NAMES, OwnScore, Single};
pub use fitted::Fitted;
pub use fluxguard_core::store::cells::Mapping;
pub use model::{Family, Spec};
pub use output_kind::OutputKind;
pub use support::rows::Rows;
pub use within::{Within, within};

use crate::error::Result;
use crate::sound::Sound;

/// Fitted on reference observations, then scores new ones. Novelty mode: a score never depends on
/// the batch that it came in.
pub trait Detector: Sized + Send + Sync + Sound {
    /// What can be chosen; of a family, the default is the one of the literature that its file
    /// names.
    type Options;

    /// Learns the reference.
    ///
    /// # Errors
    /// Too few observations or features without spread, as each detector says; options out of their
    /// ranges.
    fn fit(reference: &Rows<'_>, options: &Self::Options) -> Result<Self>;

    /// Number of features of the reference.
    fn features(&self) -> usize;

    /// Writes one score per observation of `rows` (feature fastest, finite, whole observations);
    /// higher is more anomalous.
    fn score_rows(&self, rows: &[f64], scores: &mut [f64]);

    /// Writes each feature's part in the score of `row` and says true, if the score is a sum over
    /// features or has another decomposition that the family's file names; else false, and
    /// [`explain`] compares with a typical value.
    fn parts(&self, _row: &[f64], _parts: &mut [f64]) -> bool {
        false
    }

    /// Multiplications, or what takes as long, that one score takes: whether threads are worth it.
    fn work(&self) -> usize {
        self.features()
    }
}
