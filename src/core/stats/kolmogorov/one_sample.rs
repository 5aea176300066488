//! The two-sided one-sample distribution of D = sup |F_n - F| for a continuous F.
//!
//! The regions are those of Simard & L'Ecuyer, "Computing the two-sided Kolmogorov-Smirnov
//! distribution", J. Stat. Softw. 39(11), 2011, as `scipy.stats.kstwo` has them: each method where
//! it is accurate and cheap.

use std::f64::consts::PI;

use crate::stats::saddle_point::ln_binomial_pmf;
use crate::{Error, Result};

/// `P(D >= x)` for a sample of `n`, within 1e-5 of the exact value relatively, and far nearer for n
/// <= 140.
///
/// Cost: O(n) in the right tail, O((nx)³ log n) or O(1) elsewhere.
///
/// # Errors
/// `InvalidArgument` when n is 0 or x is NaN.
pub fn sf(n: u64, x: f64) -> Result<f64> {
    if n == 0 {
        return Err(Error::invalid("n", n, "a sample size of at least 1"));
    }
    if x.is_nan() {
        return Err(Error::invalid("x", x, "a number"));
    }
    let size = n as f64;
    let t = size * x;
    let square = t * x;
    let p = if x >= 1.0 {
        0.0
    } else if t <= 0.5 {
        1.0
    } else if t <= 1.0 {
        // n! (2x - 1/n)^n (Ruben & Gambino 1982).
        1.0 - (1..=n).map(|i| i as f64 / size * (2.0 * t - 1.0)).product::<f64>()
    } else if t >= size - 1.0 {
        2.0 * (1.0 - x).powf(size)
    } else if x >= 0.5 || square > if n <= 140 { 4.0 } else { 2.2 } {
        2.0 * one_sided_sf(n, x)
    } else if n <= 140 || (n <= 100_000 && size * x.powf(1.5) <= 1.4) {
        1.0 - marsaglia_tsang_wang(n, x)
    } else {
        1.0 - pelz_good(size, x)
    };
    Ok(p.clamp(0.0, 1.0))
}

/// `P(D⁺ >= x)`: x Σ C(n, j) (x + j/n)^(j-1) (1 - x - j/n)^(n-j), a sum of positive terms (Birnbaum
/// & Tingey 1951).
fn one_sided_sf(n: u64, x: f64) -> f64 {
    let size = n as f64;
    (0..=(size * (1.0 - x)).floor() as u64)
        .map(|j| j as f64)
        .map(|j| {
            let p = x + j / size;
            x / p * ln_binomial_pmf(j, size, p, ((size - j) / size - x).max(0.0)).exp()
        })
        .sum()
}

/// `P(D <= x)` by the n-th power of a matrix of order 2⌈nx⌉ - 1 (Durbin 1968; Marsaglia, Tsang &
/// Wang 2003).
fn marsaglia_tsang_wang(n: u64, x: f64) -> f64 {
    let t = n as f64 * x;
    let k = t.ceil();
    let h = k - t;
    let order = 2 * k as usize - 1;
    let mut matrix = vec![0.0; order * order];
    // 1/r! below the diagonal and 1 on the one above it; corrected in the first column and the last
    // row.
    let mut inverse_factorial = vec![1.0; order + 1];
    for r in 1..=order {
        inverse_factorial[r] = inverse_factorial[r - 1] / r as f64;
    }
    for row in 0..order {
        for column in 0..order.min(row + 2) {
            matrix[row * order + column] = inverse_factorial[row + 1 - column];
        }
    }
    for r in 0..order {
        let mut edge = (1.0 - h.powi(r as i32 + 1)) * inverse_factorial[r + 1];
        if r + 1 == order {
            let both = (2.0 * h - 1.0).max(0.0).powi(order as i32);
            edge = (1.0 - 2.0 * h.powi(order as i32) + both) * inverse_factorial[order];
        }
        matrix[r * order] = edge;
        matrix[(order - 1) * order + (order - 1 - r)] = edge;
    }
    let (power, mut exponent) = power(&matrix, order, n);
    let middle = k as usize - 1;
    let mut p = power[middle * order + middle];
    for i in 1..=n {
        p *= i as f64 / n as f64;
        if p < 1e-140 {
            p *= SCALE;
            exponent -= 1;
        }
    }
    p * SCALE.powi(exponent)
}

/// Matrices are kept in range by taking out powers of this.
const SCALE: f64 = 1e140;

/// `matrix^n = result · SCALE^exponent`, by repeated squaring.
fn power(matrix: &[f64], order: usize, n: u64) -> (Vec<f64>, i32) {
    let middle = order / 2 * order + order / 2;
    let mut result: Option<(Vec<f64>, i32)> = None;
    let (mut square, mut square_exponent) = (matrix.to_vec(), 0);
    let mut bits = n;
    loop {
        if bits & 1 == 1 {
            result = Some(match result {
                None => (square.clone(), square_exponent),
                Some((r, e)) => rescaled(product(&r, &square, order), e + square_exponent, middle),
            });
        }
        bits >>= 1;
        if bits == 0 {
            return result.unwrap_or_default();
        }
        (square, square_exponent) =
            rescaled(product(&square, &square, order), 2 * square_exponent, middle);
    }
}

fn rescaled(mut matrix: Vec<f64>, mut exponent: i32, middle: usize) -> (Vec<f64>, i32) {
    if matrix[middle] > SCALE {
        matrix.iter_mut().for_each(|v| *v /= SCALE);
        exponent += 1;
    }
    (matrix, exponent)
}

fn product(a: &[f64], b: &[f64], order: usize) -> Vec<f64> {
    let mut c = vec![0.0; order * order];
    for (row, out) in a.chunks_exact(order).zip(c.chunks_exact_mut(order)) {
        for (factor, line) in row.iter().zip(b.chunks_exact(order)) {
            out.iter_mut().zip(line).for_each(|(o, v)| *o += factor * v);
        }
    }
    c
}

/// `P(D <= x)` for large n: Kolmogorov's limit and three more terms in 1/√n (Pelz & Good 1976).
fn pelz_good(n: f64, x: f64) -> f64 {
    let z = n.sqrt() * x;
    let z2 = z * z;
    let (z3, z4, z6, z8) = (z2 * z, z2 * z2, z2 * z2 * z2, z2 * z2 * z2 * z2);
    if -PI * PI / 8.0 / z2 < -708.0 {
        return 0.0;
    }
    let (mut k0, mut k1, mut k2, mut k3) = (0.0, 0.0, 0.0, 0.0);
    let (mut k2_whole, mut k3_whole) = (0.0, 0.0);
    let terms = (16.0 * z / PI).ceil() as u32 + 1;
    // Both sums go over all whole k and are even: half of each, doubled.
    for k in 0..terms {
        let a = (PI * (f64::from(k) + 0.5)).powi(2);
        let e = (-a / (2.0 * z2)).exp();
        k0 += e;
        k1 += (a - z2) * e;
        k2 += (6.0 * z6 + 2.0 * z4 + a * (2.0 * z4 - 5.0 * z2) + a * a * (1.0 - 2.0 * z2)) * e;
        k3 += (a * a * a * (5.0 - 30.0 * z2)
            + a * a * (-60.0 * z2 + 212.0 * z4)
            + a * (135.0 * z4 - 96.0 * z6)
            - 30.0 * z6
            - 90.0 * z8)
            * e;
        let b = (PI * f64::from(k)).powi(2);
        let e = (-b / (2.0 * z2)).exp();
        k2_whole += b * e;
        k3_whole += (3.0 * b * z2 - b * b) * e;
    }
    let half = (PI / 2.0).sqrt() * 2.0;
    let k0 = (2.0 * PI).sqrt() / z * k0;
    let k1 = half * k1 / (6.0 * z4);
    let k2 = half * (k2 / (72.0 * z4 * z3) - k2_whole / (36.0 * z3));
    let k3 = half * (k3 / (6480.0 * z6 * z4) + k3_whole / (216.0 * z6));
    k0 + k1 / n.sqrt() + k2 / n + k3 / (n * n.sqrt())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn regions_meet_without_a_step() {
        for n in [10u64, 100, 140, 141, 1000, 20_000] {
            let root = (n as f64).sqrt();
            let mut last = 1.0;
            for i in 1..400 {
                let p = sf(n, 0.01 * f64::from(i) / root).unwrap();
                assert!(p <= last * (1.0 + 1e-9) + 1e-12, "n = {n}, step {i}: {p} after {last}");
                last = p;
            }
        }
    }

    #[test]
    fn two_methods_agree_where_both_hold() {
        for (n, x) in [(500u64, 0.04), (1000, 0.03), (3000, 0.02)] {
            let (a, b) = (marsaglia_tsang_wang(n, x), pelz_good(n as f64, x));
            assert!((a - b).abs() < 1e-5, "n = {n}, x = {x}: {a} and {b}");
        }
    }

    #[test]
    fn the_one_sided_tail_is_a_probability_and_falls() {
        let p: Vec<f64> = (1..10).map(|i| one_sided_sf(30, 0.1 * f64::from(i))).collect();
        assert!(p.windows(2).all(|w| w[0] > w[1]) && p[0] < 1.0 && p[8] > 0.0);
    }
}
