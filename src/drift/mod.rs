//! Drift: two-sample tests over windows.

pub mod charts;
pub mod compare;
pub mod two_sample;

/// The effect size below which a difference is of no practical interest, on each test's own scale: a distribution function
/// moved by a tenth (ks), a Cramér's V of 0.1 (chi2: Cohen's "small"), a PSI of 0.1 (scorecard practice: "minor
/// shift"), a Jensen-Shannon distance of 0.1, a tenth of the reference's standard deviation (wasserstein).
pub const DEFAULT_MIN_EFFECT: f64 = 0.1;
