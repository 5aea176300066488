//! Student's t and Fisher's F distributions, by way of the incomplete beta function.

use super::incomplete_beta::regularized;
use crate::{Error, Result};

/// `P(|T| >= |t|)` for T of Student's distribution with `degrees` degrees of freedom, with relative
/// precision (1e-12) at any t and any degrees, down to the smallest double.
///
/// # Errors
/// `InvalidArgument` when t is NaN or `degrees` is not positive and finite.
pub fn two_sided(t: f64, degrees: f64) -> Result<f64> {
    if t.is_nan() {
        return Err(Error::invalid("t", t, "a number"));
    }
    check("degrees", degrees)?;
    Ok(beyond(0.5 * degrees, 0.5, degrees, t * t))
}

/// `P(F >= f)` for F of Fisher's distribution with `numerator` and `denominator` degrees of
/// freedom, as precise as [`two_sided`].
///
/// # Errors
/// `InvalidArgument` when f is NaN or negative, or degrees of freedom are not positive and finite.
pub fn f_sf(f: f64, numerator: f64, denominator: f64) -> Result<f64> {
    if f.is_nan() || f < 0.0 {
        return Err(Error::invalid("f", f, "a number, 0 or more"));
    }
    check("numerator", numerator)?;
    check("denominator", denominator)?;
    Ok(beyond(0.5 * denominator, 0.5 * numerator, denominator, numerator * f))
}

/// Of the distribution at an infinite quantile: nothing is beyond.
fn beyond(a: f64, b: f64, p: f64, q: f64) -> f64 {
    // A square or product beyond the largest double is as good as infinite: so many degrees of
    // freedom there are not.
    if q.is_infinite() { 0.0 } else { regularized(a, b, p, q) }
}

fn check(argument: &'static str, degrees: f64) -> Result<()> {
    if degrees > 0.0 && degrees.is_finite() {
        return Ok(());
    }
    Err(Error::invalid(argument, degrees, "a positive number of degrees of freedom"))
}
