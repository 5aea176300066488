//! Student's t and Fisher's F distributions (by way of `statrs`' incomplete beta function).

use statrs::function::beta::checked_beta_reg;

use crate::{Error, Result};

/// `P(|T| >= |t|)` for T of Student's distribution with `degrees` degrees of freedom, with relative precision in the tail.
///
/// # Errors
/// `InvalidArgument` when t is NaN or `degrees` is not positive and finite.
pub fn two_sided(t: f64, degrees: f64) -> Result<f64> {
    if t.is_nan() {
        return Err(Error::invalid("t", t, "a number"));
    }
    check("degrees", degrees)?;
    incomplete_beta(0.5 * degrees, 0.5, degrees, t * t)
}

/// `P(F >= f)` for F of Fisher's distribution with `numerator` and `denominator` degrees of freedom.
///
/// # Errors
/// `InvalidArgument` when f is NaN or negative, or degrees of freedom are not positive and finite.
pub fn f_sf(f: f64, numerator: f64, denominator: f64) -> Result<f64> {
    if f.is_nan() || f < 0.0 {
        return Err(Error::invalid("f", f, "a number, 0 or more"));
    }
    check("numerator", numerator)?;
    check("denominator", denominator)?;
    incomplete_beta(0.5 * denominator, 0.5 * numerator, denominator, numerator * f)
}

/// I_x(a, b) at x = p/(p + q), by the side on which x does not lose digits.
fn incomplete_beta(a: f64, b: f64, p: f64, q: f64) -> Result<f64> {
    if q == 0.0 {
        return Ok(1.0);
    }
    if q.is_infinite() {
        return Ok(0.0);
    }
    let fault = |e| Error::invalid("degrees", 2.0 * a, format!("degrees that the incomplete beta takes: {e}"));
    let x = p / (p + q);
    let value = if x > 0.5 {
        1.0 - checked_beta_reg(b, a, q / (p + q)).map_err(fault)?
    } else {
        checked_beta_reg(a, b, x).map_err(fault)?
    };
    Ok(value.clamp(0.0, 1.0))
}

fn check(argument: &'static str, degrees: f64) -> Result<()> {
    if degrees > 0.0 && degrees.is_finite() {
        return Ok(());
    }
    Err(Error::invalid(argument, degrees, "a positive number of degrees of freedom"))
}
