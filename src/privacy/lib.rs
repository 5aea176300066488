//! Differential privacy, the numbers: clip, noise, account, calibrate.
//!
//! `clip` works on arrays, `sampler` draws lots, `release` is the one door through which anything
//! private leaves: it counts, then draws noise. `accountant` says what was spent and `calibrate`
//! what may be, `state` and `report` are what a run leaves behind.

#![forbid(unsafe_code)]

// Rooms below, by the names that they have everywhere.
use fluxguard_core::{Error, Result, error, files, kinds, locks, simd};

pub mod accountant;
pub mod calibrate;
pub mod clip;
pub mod release;
pub mod report;
pub mod sampler;
pub mod state;

pub use release::noise;
