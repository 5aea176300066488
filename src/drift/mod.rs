//! Drift: two-sample tests over windows, online detectors, and monitors whose guarantee holds at any time.

pub mod anytime;
mod apart;
pub mod charts;
pub mod compare;
pub mod judged;
pub mod missing;
pub mod multivariate;
mod narrow;
pub mod online;
pub mod reference;
pub mod two_sample;
