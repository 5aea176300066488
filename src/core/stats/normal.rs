//! The standard normal distribution (by way of `statrs`).

use std::f64::consts::{PI, SQRT_2};

use statrs::function::erf::{erfc, erfc_inv};

use crate::{Error, Result};

/// `P(N <= z)`. The relative error stays below 1e-10 in the far left tail.
#[must_use]
pub fn cdf(z: f64) -> f64 {
    0.5 * erfc(-z / SQRT_2)
}

/// `P(N > z)`. The relative error stays below 1e-10 in the far right tail.
#[must_use]
pub fn sf(z: f64) -> f64 {
    0.5 * erfc(z / SQRT_2)
}

/// The density at z.
#[must_use]
pub fn pdf(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// The z with `cdf(z) = p`; infinite at p = 0 and p = 1.
///
/// # Errors
/// `InvalidArgument` when p is not in [0, 1].
pub fn quantile(p: f64) -> Result<f64> {
    if !(0.0..=1.0).contains(&p) {
        return Err(Error::invalid("p", p, "a probability in [0, 1]"));
    }
    Ok(-SQRT_2 * erfc_inv(2.0 * p))
}
