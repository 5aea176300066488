//! The Gaussian mechanism, exactly: `N(μ, 1)` against `N(0, 1)`.
//!
//! Source: Balle and Wang, "Improving the Gaussian Mechanism for Differential Privacy", ICML 2018,
//! Theorem 8, with `μ` the sensitivity over the standard deviation. Any number of full-batch steps
//! is one such mechanism, `μ² = Σ μ_t²` (Dong, Roth and Su, "Gaussian Differential Privacy", 2022,
//! Corollary 2).

use super::normal::{density, ln_upper_tail, mills, upper_tail};
use super::solve::bisect_up;

/// `δ(ε)` of `N(μ, 1)` against `N(0, 1)`, for `μ > 0` and any real `ε`; rounding errors are added,
/// not ignored.
pub(crate) fn delta(mu: f64, epsilon: f64) -> f64 {
    let near = epsilon / mu - mu / 2.0;
    let far = epsilon / mu + mu / 2.0;
    let (gain, loss) = if near > -5.0 {
        // Φ(-near) - e^ε Φ(-far), with the common factor φ(near) taken out, so that large ε neither
        // overflow nor cancel
        let scale = density(near);
        (scale * mills(near), scale * mills(far))
    } else {
        (upper_tail(near), (epsilon + ln_upper_tail(far)).exp())
    };
    (gain - loss + 4.0 * f64::EPSILON * (gain + loss)).clamp(0.0, 1.0)
}

/// The smallest `ε >= 0` whose [`delta`] is at most `delta`, rounded up.
pub(crate) fn epsilon(mu: f64, target: f64) -> f64 {
    if mu == 0.0 || delta(mu, 0.0) <= target {
        return 0.0;
    }
    // Φ(-near) >= δ gives the upper end
    let top = mu * (super::normal::upper_quantile(target.min(0.499)) + mu / 2.0 + 1.0);
    bisect_up(0.0, top, |epsilon| delta(mu, epsilon) <= target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_closed_form_in_high_precision() {
        // mpmath 1.4.1, 50 digits: ncdf(mu/2 - eps/mu) - exp(eps) * ncdf(-mu/2 - eps/mu)
        for (mu, epsilon, value) in [
            (1.0, 1.0, 0.126_936_737_506_643_94),
            (0.01, 0.05, 5.481_440_200_746_872e-10),
            (5.0, 60.0, 3.576_811_290_630_608e-22),
            (40.0, 100.0, 1.0),
        ] {
            let got = delta(mu, epsilon);
            assert!((got / value - 1.0).abs() < 1e-11, "{mu} {epsilon}: {got}");
        }
    }

    #[test]
    fn epsilon_is_the_inverse_and_never_below() {
        for mu in [1e-6, 1e-3, 0.1, 1.0, 30.0, 3000.0] {
            for target in [1e-12, 1e-5, 0.1] {
                let epsilon = epsilon(mu, target);
                assert!(delta(mu, epsilon) <= target);
                assert!(
                    epsilon == 0.0 || delta(mu, epsilon * (1.0 - 1e-9)) > target * (1.0 - 1e-6),
                    "{mu} {target}"
                );
            }
        }
    }
}
