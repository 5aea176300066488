//! Differential privacy, the numbers: clip, noise, account, calibrate.

pub mod accountant;
pub mod calibrate;
