//! Drift: two-sample tests over windows.

pub mod two_sample;
