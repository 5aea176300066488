//! The beta-binomial distribution: a binomial count whose probability is Beta(a, b).

use statrs::function::beta::ln_beta;
use statrs::function::factorial::ln_binomial;

use crate::{Error, Result};

/// P(X >= x) for X beta-binomial with `n` trials and shapes `a, b > 0`. Relative precision is kept
/// in the upper tail; cost is proportional to the terms that matter, at most `n`.
///
/// # Errors
/// `InvalidArgument` for a shape that is not positive, or `x > n`.
pub fn upper_tail(x: u64, n: u64, a: f64, b: f64) -> Result<f64> {
    for (argument, shape) in [("a", a), ("b", b)] {
        if !(shape > 0.0 && shape.is_finite()) {
            return Err(Error::invalid(argument, shape, "a positive shape"));
        }
    }
    if x > n {
        return Err(Error::invalid("x", x, format!("at most the {n} trials")));
    }
    if x == 0 {
        return Ok(1.0);
    }
    let mean = n as f64 * a / (a + b);
    if (x as f64) > mean {
        return Ok(sum_from(x, n, a, b).min(1.0));
    }
    // The lower tail is the upper tail of the failures.
    Ok((1.0 - sum_from(n - x + 1, n, b, a)).clamp(0.0, 1.0))
}

/// Adds up the probabilities from `x` on by the ratio of neighbors, until the rest cannot matter.
fn sum_from(x: u64, n: u64, a: f64, b: f64) -> f64 {
    let size = n as f64;
    let mut term =
        (ln_binomial(n, x) + ln_beta(x as f64 + a, size - x as f64 + b) - ln_beta(a, b)).exp();
    let mut sum = 0.0;
    for k in x..=n {
        sum += term;
        let k = k as f64;
        let ratio = (size - k) * (k + a) / ((k + 1.0) * (size - k - 1.0 + b));
        // Ratios fall from here on, so what is left is below a geometric series.
        if ratio < 1.0 && term * ratio / (1.0 - ratio) < 1e-17 * sum {
            break;
        }
        term *= ratio;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(x: u64, n: u64, a: f64, b: f64) -> f64 {
        (x..=n)
            .map(|k| {
                (ln_binomial(n, k) + ln_beta(k as f64 + a, (n - k) as f64 + b) - ln_beta(a, b))
                    .exp()
            })
            .sum()
    }

    proptest! {
        #[test]
        fn the_sum_is_the_definition(n in 1u64..200, x in any::<prop::sample::Index>(),
            a in 0.5..50.0f64, b in 0.5..500.0f64) {
            let x = x.index(n as usize + 1) as u64;
            let (fast, exact) = (upper_tail(x, n, a, b).expect("in range"), naive(x, n, a, b));
            prop_assert!((fast - exact).abs() <= 1e-9 * exact.max(1e-4), "{} {}", fast, exact);
        }
    }

    #[test]
    fn uniform_shapes_make_every_count_equally_likely() {
        for x in 0..=10 {
            let p = upper_tail(x, 10, 1.0, 1.0).expect("in range");
            assert!((p - (11 - x) as f64 / 11.0).abs() < 1e-12);
        }
        assert!(upper_tail(3, 2, 1.0, 1.0).is_err() && upper_tail(1, 2, 0.0, 1.0).is_err());
    }
}
