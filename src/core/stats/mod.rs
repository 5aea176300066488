//! Null distributions and multiple testing.
//!
//! Tails are computed as sums of positive terms wherever one exists, so that a p-value of 1e-200
//! has as many good digits as one of 0.1. What [`statrs`] does well is taken from it; what is here
//! is what it does not have.

pub mod beta_binomial;
pub mod binomial;
pub mod chi_squared;
pub mod copies;
pub mod dependence;
pub mod e_values;
pub mod goodness_of_fit;
pub mod hypergeometric;
mod incomplete_beta;
pub mod kolmogorov;
pub mod multiple;
pub mod normal;
pub mod online_fdr;
pub mod random;
mod saddle_point;
pub mod student_t;
pub mod sums;
pub mod symmetric;
