//! Drift: two-sample tests over windows.

pub mod charts;
pub mod compare;
pub mod judged;
pub mod two_sample;
