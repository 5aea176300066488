//! The regularized incomplete beta function, with relative precision in both tails and at any size
//! of its parameters.

use std::f64::consts::PI;

use statrs::function::gamma::ln_gamma;

/// Steps of the continued fraction. It takes tens, a few thousand near the middle of the largest
/// parameters.
const MAX_STEPS: u32 = 100_000;

/// I_x(a, b) at x = p/(p + q), for positive a, b and p + q, and p and q of 0 or more. The relative
/// error is some 1e-13, also where the result is 1e-300 and where x or 1 - x vanishes beside 1
/// (mpmath: `test/reference/tails.py`).
///
/// Source: DiDonato and Morris, "Algorithm 708: Significant digit computation of the incomplete
/// beta function ratios", 1992: its continued fraction (BFRAC) with its factor (BRCOMP), which is
/// written about the mode, where a power of x and a ratio of gamma functions each would lose as
/// many digits as a and b have.
pub(super) fn regularized(a: f64, b: f64, p: f64, q: f64) -> f64 {
    let (x, y) = (p / (p + q), q / (p + q));
    // b x - a y: how far x is above the mode. Not from x alone, which forgets what 1 - x is.
    let above = (p * b - q * a) / (p + q);
    let value = if above > 0.0 { 1.0 - tail(b, a, y, x, -above) } else { tail(a, b, x, y, above) };
    value.clamp(0.0, 1.0)
}

/// I_x(a, b) for x at or below a/(a + b).
fn tail(a: f64, b: f64, x: f64, y: f64, above: f64) -> f64 {
    let factor = factor(a, b, x, y, above);
    if factor == 0.0 {
        return 0.0;
    }
    let (c, c0, c1, yp1) = (1.0 - above, b / a, 1.0 + 1.0 / a, y + 1.0);
    let (mut p, mut s) = (1.0, a + 1.0);
    let (mut numerators, mut denominators) = ((0.0, 1.0), (1.0, c / c1));
    let mut value = c1 / c;
    for step in 1..=MAX_STEPS {
        let n = f64::from(step);
        let t = n / a;
        let w = n * (b - n) * x;
        let e = a / s;
        let alpha = p * (p + c0) * e * e * (w * x);
        let e = (t + 1.0) / (c1 + t + t);
        let beta = n + w / s + e * (c + n * yp1);
        p = t + 1.0;
        s += 2.0;
        numerators = (numerators.1, alpha * numerators.0 + beta * numerators.1);
        denominators = (denominators.1, alpha * denominators.0 + beta * denominators.1);
        let before = std::mem::replace(&mut value, numerators.1 / denominators.1);
        if (value - before).abs() <= 1e-15 * value {
            break;
        }
        // Kept near 1.
        numerators = (numerators.0 / denominators.1, value);
        denominators = (denominators.0 / denominators.1, 1.0);
    }
    factor * value
}

/// x^a y^b / B(a, b).
fn factor(a: f64, b: f64, x: f64, y: f64, above: f64) -> f64 {
    if x == 0.0 || y == 0.0 {
        return 0.0;
    }
    let exponent =
        -a * excess(above / a, x * (a + b) / a) - b * excess(-above / b, y * (a + b) / b);
    let corrections = stirling_rest(a + b) - stirling_rest(a) - stirling_rest(b);
    (a / (2.0 * PI) * (b / (a + b))).sqrt() * (exponent + corrections).exp()
}

/// u - ln(1 + u), of u and of 1 + u.
fn excess(u: f64, ratio: f64) -> f64 {
    if u.abs() >= 0.3 {
        return ratio - 1.0 - ratio.ln();
    }
    // ln(1 + u) = 2 (r + r³/3 + r⁵/5 + ...), r = u/(u + 2)
    let r = u / (u + 2.0);
    let square = r * r;
    let series = (1..=20).rev().fold(0.0, |sum, k| (sum * square) + 1.0 / f64::from(2 * k + 1));
    u * r - 2.0 * r * square * series
}

/// ln Γ(z) less (z - 1/2) ln z - z + ln(2π)/2.
fn stirling_rest(z: f64) -> f64 {
    if z < 10.0 {
        return ln_gamma(z) - ((z - 0.5) * z.ln() - z + 0.5 * (2.0 * PI).ln());
    }
    let square = 1.0 / (z * z);
    let terms =
        [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];
    terms.iter().rev().fold(0.0, |sum, term| sum * square + term) / z
}
