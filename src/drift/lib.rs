//! Drift: two-sample tests over windows, online detectors, and monitors whose guarantee holds at
//! any time.

// ndarray's `s!` allows itself what `forbid` would not let it.
#![deny(unsafe_code)]

// Rooms below, by the names that they have everywhere.
#[cfg(test)]
use fluxguard_core::testing;
use fluxguard_core::{
    Error, Result, error, named, options, parallel, simd, sketch, sound, stats, store, tensor,
};

pub mod anytime;
mod apart;
mod categories;
pub mod charts;
pub mod compare;
mod compare_options;
mod comparison;
mod complete;
pub mod decision;
pub mod missing;
pub mod multivariate;
mod narrow;
pub mod online;
pub mod reference;
mod sample;
pub mod two_sample;
