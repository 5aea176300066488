//! The chi-squared distribution (by way of `statrs`).

use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur};

use crate::{Error, Result};

/// `P(X > x)` for X ~ chi-squared with `degrees` degrees of freedom: the regularized upper
/// incomplete gamma function Q(degrees/2, x/2). Relative precision holds in the far tail. 1 for x
/// <= 0.
///
/// # Errors
/// `InvalidArgument` when x is NaN or `degrees` is not positive and finite.
pub fn sf(x: f64, degrees: f64) -> Result<f64> {
    check(x, degrees)?;
    if x <= 0.0 {
        return Ok(1.0);
    }
    // From here on, e^(-x/2) is below the smallest double.
    if x > 1500.0 + 20.0 * degrees {
        return Ok(0.0);
    }
    let p = checked_gamma_ur(degrees / 2.0, x / 2.0)
        .map_err(|e| Error::invalid("degrees", degrees, e))?;
    Ok(p.clamp(0.0, 1.0))
}

/// `P(X <= x)`, with relative precision in the left tail.
///
/// # Errors
/// As [`sf`].
pub fn cdf(x: f64, degrees: f64) -> Result<f64> {
    check(x, degrees)?;
    if x <= 0.0 {
        return Ok(0.0);
    }
    if x > 1500.0 + 20.0 * degrees {
        return Ok(1.0);
    }
    let p = checked_gamma_lr(degrees / 2.0, x / 2.0)
        .map_err(|e| Error::invalid("degrees", degrees, e))?;
    Ok(p.clamp(0.0, 1.0))
}

fn check(x: f64, degrees: f64) -> Result<()> {
    if x.is_nan() {
        return Err(Error::invalid("x", x, "a number"));
    }
    if !(degrees > 0.0 && degrees.is_finite()) {
        return Err(Error::invalid("degrees", degrees, "a positive number of degrees of freedom"));
    }
    Ok(())
}
