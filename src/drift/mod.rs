//! Drift: two-sample tests over windows.

pub mod charts;
pub mod two_sample;
