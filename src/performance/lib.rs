//! How well a model does: estimated while there are no labels, and measured when they come late.
//!
//! - [`Estimator`]: confidence-based estimation for classifiers ([`classes`]), direct loss
//!   estimation for regression ([`losses`]), a chunk of observations after the other, with the
//!   error of a chunk of that size and bounds from the reference's chunks.
//! - [`LateLabels`]: joins labels with the predictions that they belong to, in bounded memory, and
//!   watches the outcomes.
//!
//! Both kinds of estimate see changes of the inputs (covariate shift). Where the labels' dependence
//! on the inputs changes (concept drift), only labels show it.

#![forbid(unsafe_code)]

// Rooms below, by the names that they have everywhere.
#[cfg(test)]
use fluxguard_core::testing;
use fluxguard_core::{Error, Result, sound, stats, store, tensor};
use fluxguard_drift as drift;

mod answers;
pub mod boosted;
pub mod calibration;
pub mod classes;
mod estimator;
pub mod isotonic;
pub mod late;
pub mod losses;
mod metric;
mod options;

pub use answers::Answers;
pub use estimator::{Bound, Chunk, Estimate, Estimator, EstimatorDescription};
pub use late::{LateLabels, LateOptions};
pub use metric::{Metric, Problem};
pub use options::Options;
