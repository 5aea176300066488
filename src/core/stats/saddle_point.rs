//! Binomial probabilities without cancellation, by the saddle-point form of Loader, "Fast and
//! accurate computation of binomial probabilities" (2000): `ln pmf` is a sum of two deviances and
//! three Stirling errors, all of them small where the probability is not. With factorials alone,
//! n = 10⁶ would leave 8 good digits; so it keeps 13.

use std::f64::consts::PI;

/// `ln n! - [½ ln(2πn) + n ln n - n]`, the error of Stirling's formula; 0 for n = 0 by convention
/// (never used there).
fn stirling_error(n: f64) -> f64 {
    if n < 0.5 {
        return 0.0;
    }
    if n < 15.5 {
        let factorial: f64 = (2..=n as u64).map(|k| k as f64).product();
        return factorial.ln() - (0.5 * (2.0 * PI * n).ln() + n * n.ln() - n);
    }
    let square = n * n;
    (1.0 / 12.0
        - (1.0 / 360.0
            - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square) / square)
            / square)
        / n
}

/// The deviance `x ln(x/mean) + mean - x`, good also where x is close to the mean.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    let v = difference / (x + mean);
    let mut sum = difference * v;
    let mut term = 2.0 * x * v;
    for odd in (3..2000).step_by(2) {
        term *= v * v;
        let next = sum + term / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `ln P(X = k)` for X ~ Binomial(n, p), with `q = 1 - p` given apart so that a p next to 1 loses
/// nothing.
///
/// `k` and `n` are whole numbers with 0 <= k <= n. Cost: O(1).
pub(super) fn ln_binomial_pmf(k: f64, n: f64, p: f64, q: f64) -> f64 {
    if p <= 0.0 {
        return if k == 0.0 { 0.0 } else { f64::NEG_INFINITY };
    }
    if q <= 0.0 {
        return if k == n { 0.0 } else { f64::NEG_INFINITY };
    }
    if k == 0.0 {
        return n * if p < 0.5 { (-p).ln_1p() } else { q.ln() };
    }
    if k == n {
        return n * if q < 0.5 { (-q).ln_1p() } else { p.ln() };
    }
    let rest = n - k;
    stirling_error(n)
        - stirling_error(k)
        - stirling_error(rest)
        - deviance(k, n * p)
        - deviance(rest, n * q)
        + 0.5 * (n / (2.0 * PI * k * rest)).ln()
}

/// `ln C(n, k)`, by way of the binomial with p = k/n.
#[cfg(test)]
fn ln_choose(n: f64, k: f64) -> f64 {
    let p = k / n;
    ln_binomial_pmf(k, n, p, 1.0 - p) - k * p.ln() - (n - k) * (1.0 - p).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stirling_error_is_smooth_across_its_two_forms() {
        let by_logs = |n: u32| {
            let ln_factorial: f64 = (2..=n).map(|k| f64::from(k).ln()).sum();
            let n = f64::from(n);
            ln_factorial - (0.5 * (2.0 * PI * n).ln() + n * n.ln() - n)
        };
        for n in 1..60 {
            assert!((stirling_error(f64::from(n)) - by_logs(n)).abs() < 1e-13, "n = {n}");
        }
    }

    #[test]
    fn small_coefficients_are_whole() {
        assert!((ln_choose(10.0, 3.0).exp() - 120.0).abs() < 1e-11);
        assert!((ln_choose(50.0, 25.0).exp() / 126_410_606_437_752.0 - 1.0).abs() < 1e-13);
    }

    #[test]
    fn probabilities_sum_to_one() {
        for (n, p) in [(1u32, 0.3), (17, 0.01), (400, 0.5), (3000, 0.999)] {
            let n = f64::from(n);
            let sum: f64 =
                (0..=n as u32).map(|k| ln_binomial_pmf(f64::from(k), n, p, 1.0 - p).exp()).sum();
            assert!((sum - 1.0).abs() < 1e-12, "n = {n}, p = {p}: {sum}");
        }
    }
}
