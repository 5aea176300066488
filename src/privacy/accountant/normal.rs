//! The normal distribution where the tails matter: relative, not absolute, accuracy.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// `P(Z > x)`, to a relative `x²·2^-53` (the argument's own rounding) wherever the answer is a
/// normal number (`x < 37`).
pub(crate) fn upper_tail(x: f64) -> f64 {
    0.5 * libm::erfc(x * FRAC_1_SQRT_2)
}

/// The Mills ratio `P(Z > x) / φ(x)`.
///
/// For `x >= 8` Laplace's continued fraction (Abramowitz and Stegun 26.2.14), 60 levels, which is
/// to the last place there.
pub(crate) fn mills(x: f64) -> f64 {
    if x < 8.0 {
        return upper_tail(x) / density(x);
    }
    let mut tail = 0.0;
    for level in (1..=60).rev() {
        tail = f64::from(level) / (x + tail);
    }
    1.0 / (x + tail)
}

/// `ln P(Z > x)` at any finite `x`.
pub(crate) fn ln_upper_tail(x: f64) -> f64 {
    if x < 8.0 { upper_tail(x).ln() } else { ln_density(x) + mills(x).ln() }
}

/// `φ(x)`.
pub(crate) fn density(x: f64) -> f64 {
    ln_density(x).exp()
}

/// `ln φ(x)`.
pub(crate) fn ln_density(x: f64) -> f64 {
    -0.5 * x * x - 0.5 * (2.0 * PI).ln()
}

/// `x` with `P(Z > x) = p`, for `p` in (0, 0.5): Newton's method on the logarithm, which is
/// concave.
pub(crate) fn upper_quantile(p: f64) -> f64 {
    let target = p.ln();
    let mut x = (-2.0 * target).max(0.0).sqrt();
    for _ in 0..60 {
        let step = (ln_upper_tail(x) - target) * mills(x);
        x += step;
        if step.abs() < 1e-14 * x.abs().max(1.0) {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_agree_with_mpmath() {
        // mpmath 1.4.1, 30 digits: erfc(x / sqrt(2)) / 2
        for (x, value) in [
            (-3.0, 0.998_650_101_968_369_9),
            (0.5, 0.308_537_538_725_986_9),
            (8.5, 9.479_534_822_203_318e-18),
            (30.0, 4.906_713_927_148_187e-198),
        ] {
            assert!((upper_tail(x) / value - 1.0).abs() < 4e-16 * (4.0 + x * x), "{x}");
            assert!(
                (ln_upper_tail(x) - f64::ln(value)).abs() < 1e-13 * f64::ln(value).abs().max(1.0),
                "{x}"
            );
        }
    }

    #[test]
    fn quantile_is_the_inverse() {
        for p in [0.4, 0.1, 1e-3, 1e-12, 1e-40, 1e-300] {
            assert!((ln_upper_tail(upper_quantile(p)) - f64::ln(p)).abs() < 1e-11, "{p}");
        }
    }
}
