//! The binomial distribution: probabilities and tails with relative precision, however small.

use super::saddle_point::ln_binomial_pmf;
use crate::{Error, Result};

/// `P(X = k)` for X ~ Binomial(n, p). Cost: O(1).
///
/// # Errors
/// `InvalidArgument` when p is not in [0, 1].
pub fn pmf(k: u64, n: u64, p: f64) -> Result<f64> {
    check(p)?;
    Ok(if k > n { 0.0 } else { ln_binomial_pmf(k as f64, n as f64, p, 1.0 - p).exp() })
}

/// The upper tail `P(X >= k)` for X ~ Binomial(n, p): how surprising k or more successes in n
/// trials are.
///
/// Above the mean it is a sum of falling terms (no cancellation; 1e-300 keeps its digits), below it
/// is one minus the other tail. Cost: O(√n) terms near the mean, fewer in the tail.
///
/// # Errors
/// `InvalidArgument` when p is not in [0, 1].
pub fn upper_tail(k: u64, n: u64, p: f64) -> Result<f64> {
    check(p)?;
    if k == 0 {
        return Ok(1.0);
    }
    if k > n || p == 0.0 {
        return Ok(0.0);
    }
    if p == 1.0 {
        return Ok(1.0);
    }
    let (kf, nf, q) = (k as f64, n as f64, 1.0 - p);
    if kf > nf * p {
        let first = ln_binomial_pmf(kf, nf, p, q).exp();
        return Ok((first * falling_sum(k..n, |j| (nf - j) / (j + 1.0) * (p / q))).min(1.0));
    }
    let first = ln_binomial_pmf(kf - 1.0, nf, p, q).exp();
    Ok((1.0 - first * falling_sum((1..k).rev(), |j| j / (nf - j + 1.0) * (q / p))).max(0.0))
}

/// `1 + r₁ + r₁r₂ + ...`, where `ratio` gives each term from the one before, until terms no longer
/// count. The ratios must fall.
pub(super) fn falling_sum(steps: impl Iterator<Item = u64>, ratio: impl Fn(f64) -> f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for j in steps {
        term *= ratio(j as f64);
        sum += term;
        // Ratios fall, so what is left is at most term / (1 - ratio); ratios near 1 go on for about
        // √n steps more.
        if term < 1e-20 * sum {
            break;
        }
    }
    sum
}

fn check(p: f64) -> Result<()> {
    if (0.0..=1.0).contains(&p) {
        Ok(())
    } else {
        Err(Error::invalid("p", p, "a probability in [0, 1]"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_sum_of_the_probabilities() {
        for (n, p) in [(1, 0.5), (12, 0.07), (80, 0.9), (500, 0.31)] {
            for k in 0..=n {
                let sum: f64 = (k..=n).rev().map(|j| pmf(j, n, p).unwrap()).sum();
                let tail = upper_tail(k, n, p).unwrap();
                assert!(
                    (tail / sum - 1.0).abs() < 1e-12,
                    "k = {k}, n = {n}, p = {p}: {tail} for {sum}"
                );
            }
        }
    }

    #[test]
    fn the_edges_hold() {
        assert_eq!(upper_tail(0, 0, 0.3).unwrap(), 1.0);
        assert_eq!(upper_tail(4, 3, 0.3).unwrap(), 0.0);
        assert_eq!(upper_tail(3, 3, 1.0).unwrap(), 1.0);
        assert_eq!(upper_tail(1, 3, 0.0).unwrap(), 0.0);
        for bad in [-0.1, 1.1, f64::NAN] {
            assert_eq!(upper_tail(1, 3, bad).unwrap_err().name(), "InvalidArgument");
        }
    }
}
