//! Differential privacy, the numbers: clip, noise, account, calibrate.
//!
//! `clip` and `release` work on arrays, `noise` draws, `accountant` says what was spent and `calibrate` what may be,
//! `sampler` draws lots, `state` and `report` are what a run leaves behind.

pub mod accountant;
pub mod calibrate;
pub mod clip;
pub mod noise;
pub mod release;
pub mod report;
pub mod sampler;
mod simd;
pub mod state;
