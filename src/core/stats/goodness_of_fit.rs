//! Limit laws of the statistics of Cramér-von Mises, Anderson-Darling and Kuiper.
//!
//! The first two are Σ λⱼ χ²₁ with λⱼ = 1/(jπ)² and 1/(j(j+1)). For any such sum with λ₁ > λ₂ >
//! ..., Smirnov (1936) found P(X > x) = (1/π) Σⱼ (-1)^(j-1) ∫ e^(-xy/2) / (y √|D(y)|) dy, y from
//! 1/λ_(2j-1) to 1/λ_(2j), D(y) = Π (1 - λᵢ y). Its terms fall fast, and the first carries the
//! tail's relative precision. The integrand has an inverse square root at both ends, so
//! Gauss-Chebyshev quadrature in a variable in which the zeros of D are evenly spaced converges
//! geometrically.

use std::f64::consts::{FRAC_PI_2, PI};

/// Nodes of the quadrature, and how many more for the square root of half the fall of the exponent
/// over the first piece: about 1e-14 for these integrands.
const NODES: f64 = 48.0;
const MORE_NODES: f64 = 8.0;

/// The standard deviation of the limit law of A²: √(2π²/3 - 6), its mean being 1 (Anderson &
/// Darling 1954).
pub const ANDERSON_DARLING_SD: f64 = 0.761_404_141_959_384;

/// `P(X > x)` of the limit law of Cramér-von Mises' ω² (of one sample; of two, T has the same
/// limit). Relative error about 1e-13 also in the tail; 1 for x below 0.003, where it is within
/// 1e-15 of that.
#[must_use]
pub fn cramer_von_mises_sf(x: f64) -> f64 {
    // y = s², D = sin s / s, zeros at s = jπ.
    smirnov(
        x,
        0.003,
        0.75 * PI * PI * x,
        |j| ((2.0 * j - 0.5) * PI, FRAC_PI_2),
        |s, x| (-0.5 * x * s * s).exp() * 2.0 / s * (s / s.sin().abs()).sqrt(),
    )
}

/// `P(X > x)` of the limit law of Anderson-Darling's A². Relative error about 1e-13 also in the
/// tail; 1 for x below 0.03, where it is within 1e-15 of that.
#[must_use]
pub fn anderson_darling_sf(x: f64) -> f64 {
    // y = (s² - 1)/4, D = |cos(πs/2)|/(πy), zeros at s = 3, 5, 7, ...
    smirnov(
        x,
        0.03,
        x,
        |j| (4.0 * j, 1.0),
        |s, x| {
            let y = 0.25 * (s * s - 1.0);
            (-0.5 * x * y).exp() / y * (PI * y / (FRAC_PI_2 * s).cos().abs()).sqrt() * 0.5 * s
        },
    )
}

/// The alternating sum of the integrals over (center ± half)(j); below `least` it is 1.
fn smirnov(
    x: f64,
    least: f64,
    fall: f64,
    piece: impl Fn(f64) -> (f64, f64),
    integrand: impl Fn(f64, f64) -> f64,
) -> f64 {
    if x < least {
        return 1.0;
    }
    let nodes = (NODES + MORE_NODES * fall.sqrt()).min(1000.0) as u32;
    let (mut sum, mut sign) = (0.0, 1.0);
    for j in 1..1000 {
        let (center, half) = piece(f64::from(j));
        let integral: f64 = (0..nodes)
            .map(|k| {
                let angle = PI * (f64::from(k) + 0.5) / f64::from(nodes);
                integrand(center + half * angle.cos(), x) * angle.sin()
            })
            .sum();
        let term = integral * half / f64::from(nodes);
        sum += sign * term;
        sign = -sign;
        if term <= 1e-17 * sum.abs() {
            break;
        }
    }
    sum.clamp(0.0, 1.0)
}

/// `P(V > v)` of Kuiper's statistic at the (effective) sample size: 2 Σ (4j²λ² - 1) e^(-2j²λ²) at
/// λ = (√N + 0.155 + 0.24/√N) v (Stephens 1970, "Use of the Kolmogorov-Smirnov, Cramér-von Mises
/// and related statistics without extensive tables", section 4). Stephens holds it good to two
/// digits from N = 8.
#[must_use]
pub fn kuiper_sf(v: f64, size: f64) -> f64 {
    let lambda = (size.sqrt() + 0.155 + 0.24 / size.sqrt()) * v;
    if lambda < 0.4 {
        return 1.0;
    }
    let square = lambda * lambda;
    let term = |j: f64| 2.0 * (4.0 * j * j * square - 1.0) * (-2.0 * j * j * square).exp();
    (1..100).map(|j| term(f64::from(j))).take_while(|t| t.abs() > 0.0).sum::<f64>().clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variance_of_a2() {
        assert!((ANDERSON_DARLING_SD - (2.0 * PI * PI / 3.0 - 6.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn they_fall_from_one_to_nought() {
        for law in [cramer_von_mises_sf, anderson_darling_sf, |x| kuiper_sf(x, 50.0)] {
            let values: Vec<f64> = (0..4000).map(|i| law(f64::from(i) * 1e-3)).collect();
            assert_eq!(values[0], 1.0);
            assert!(values.windows(2).all(|w| w[1] <= w[0] + 1e-14), "not falling");
            assert!(values[3999] < 0.01);
        }
    }
}
