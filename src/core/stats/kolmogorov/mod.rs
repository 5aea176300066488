//! The null distributions of the Kolmogorov-Smirnov statistics.
//!
//! - [`grouped`]: D of two samples at a few points.
//! - [`limit`]: Kolmogorov's limit law of √n·D.
//! - [`one_sample`]: D of one sample of n against its continuous distribution.
//! - [`two_sample`]: D of two samples of m and n, exactly; and [`p_value`], which chooses.

pub mod grouped;
pub mod limit;
pub mod one_sample;
pub mod two_sample;

use crate::{Error, Result};

/// How a two-sample p-value is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// Exact when m = n or m·n <= 2·10⁶, else asymptotic. It does not depend on d: one pair of
    /// sizes, one method.
    #[default]
    Auto,
    /// [`two_sample::sf`].
    Exact,
    /// [`asymptotic_sf`].
    Asymptotic,
}

/// A p-value, and whether it is exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PValue {
    /// P(D >= d) under the null hypothesis.
    pub p_value: f64,
    /// Whether it is the exact distribution's, not an approximation.
    pub exact: bool,
}

/// Largest m·n that `Auto` counts paths for: at most twice as many steps, one or two milliseconds.
const AUTO_LARGEST: u128 = 2_000_000;

/// The two-sided two-sample Kolmogorov-Smirnov p-value of a statistic `d` from samples of `m` and
/// `n`.
///
/// The null distribution is that of continuous data. With ties, D is stochastically smaller, and p
/// is conservative (never too small).
///
/// # Errors
/// `InvalidArgument` when d is not in [0, 1], a size is 0, or `Exact` is asked for where it costs
/// too much.
pub fn p_value(d: f64, m: u64, n: u64, method: Method) -> Result<PValue> {
    check(d, m, n)?;
    let exact = match method {
        Method::Exact => true,
        Method::Asymptotic => false,
        Method::Auto => m == n || u128::from(m) * u128::from(n) <= AUTO_LARGEST,
    };
    let p_value = if exact { two_sample::sf(d, m, n)? } else { asymptotic_sf(d, m, n)? };
    Ok(PValue { p_value, exact })
}

/// The asymptotic two-sample p-value: the one-sample distribution of D for the effective sample
/// size `round(m n / (m + n))` (halves to even). This is `scipy.stats.ks_2samp(method = "asymp")`;
/// it is nearer to the exact value than Kolmogorov's limit law is, since it keeps the terms in
/// 1/√n. Cost: as [`one_sample::sf`].
///
/// # Errors
/// `InvalidArgument` when d is not in [0, 1] or a size is 0.
pub fn asymptotic_sf(d: f64, m: u64, n: u64) -> Result<f64> {
    check(d, m, n)?;
    let (large, small) = (m.max(n) as f64, m.min(n) as f64);
    let effective = (large * small / (large + small)).round_ties_even();
    one_sample::sf(effective.max(1.0) as u64, d)
}

fn check(d: f64, m: u64, n: u64) -> Result<()> {
    if !(0.0..=1.0).contains(&d) {
        return Err(Error::invalid("d", d, "a distance of distribution functions, in [0, 1]"));
    }
    for (argument, size) in [("m", m), ("n", n)] {
        if size == 0 {
            return Err(Error::invalid(argument, size, "a sample size of at least 1"));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn auto_is_exact_where_that_is_cheap() {
        assert!(p_value(0.02, 100_000, 100_000, Method::Auto).unwrap().exact);
        assert!(p_value(0.2, 1000, 999, Method::Auto).unwrap().exact);
        assert!(!p_value(0.2, 10_000, 9_999, Method::Auto).unwrap().exact);
    }

    #[test]
    fn the_approximation_is_near_the_exact_value() {
        for (m, n) in [(800, 1000), (2000, 1500), (300, 5000)] {
            let root = ((m * n) as f64 / (m + n) as f64).sqrt();
            for z in [0.8, 1.2, 1.6, 2.0] {
                let exact = p_value(z / root, m, n, Method::Exact).unwrap().p_value;
                let near = p_value(z / root, m, n, Method::Asymptotic).unwrap().p_value;
                assert!(
                    (near / exact - 1.0).abs() < 0.06,
                    "m = {m}, n = {n}, z = {z}: {near} for {exact}"
                );
            }
        }
    }

    #[test]
    fn faults_name_the_argument() {
        assert!(
            p_value(f64::NAN, 3, 3, Method::Auto)
                .unwrap_err()
                .to_string()
                .starts_with("d: got NaN")
        );
        assert!(
            p_value(1.1, 3, 3, Method::Auto).unwrap_err().to_string().starts_with("d: got 1.1")
        );
        assert!(p_value(0.1, 0, 3, Method::Auto).unwrap_err().to_string().starts_with("m: got 0"));
        assert!(
            p_value(0.1, 3, 0, Method::Asymptotic).unwrap_err().to_string().starts_with("n: got 0")
        );
    }
}
