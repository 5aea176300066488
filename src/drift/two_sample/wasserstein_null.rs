//! The null distribution of W₁ for large samples.

use std::f64::consts::{FRAC_2_PI, PI};

use statrs::function::gamma::ln_gamma;

use crate::Result;
use crate::stats::{chi_squared, normal};

/// Cells that the distribution function is reduced to for the variance.
const CELLS: usize = 256;

/// The null distribution of Z = √(mn/(m+n)) W₁ for a given distribution of the data, here a
/// sample's.
///
/// Z tends to ∫ |B(F(x))| dx, B a Brownian bridge (del Barrio, Giné & Matrán 1999). Its mean is
/// √(2/π) ∫ √(F(1-F)) dx and its second moment a double integral of E|B(s)||B(t)|, both closed
/// forms of F. Two curves of that are known to fit it, one on each side:
///
/// - the middle: a Nakagami distribution with this mean and second moment;
/// - the tail: an L₁ norm of a Gaussian process is large when the process goes all one way, so
///   P(Z > z) ~ P(|N| > z/sd), with sd that of ∫B(F(x))dx, the standard deviation of the data. What
///   B does besides adds E Z² - sd² to the square: P(|N| > √(z² - E Z² + sd²)/sd). To this the
///   Edgeworth terms of the difference of means are added (its kurtosis and squared skewness),
///   without which small samples of skewed data would alarm too often.
///
/// The p-value is the larger of the two: exact in the limit for data of two values, else an
/// approximation. Measured (`benches/wasserstein_null.rs`, 500,000 windows of 300 against 300 and
/// 100,000 of 200 against 2000): false alarms over the level, at 0.05, 0.01, 1e-3 and 1e-4: uniform
/// .89 .86 .82 .74 and .91 .89 .95 1.0; normal .89 .83 .81 .62 and .93 .87 .91 .90; exponential .85
/// .79 .74 .88 and .88 .81 .77 .70; lognormal 0.789 0.750 0.774 1.100 and 0.856 0.816 0.970 2.600.
/// It is conservative in the middle too, by up to a third. The null distribution is the
/// population's there; a reference stands in for it as well as it knows its own tails (its fourth
/// moment). Where that is in doubt, permute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Null {
    /// The standard deviation of the data; what follows is in this unit.
    pub(super) sd: f64,
    pub(super) mean: f64,
    pub(super) second_moment: f64,
    /// Shape of the Nakagami distribution.
    pub(super) shape: f64,
    /// Third and fourth standardized cumulant of the data.
    pub(super) skewness: f64,
    pub(super) excess_kurtosis: f64,
}

impl Null {
    /// Of the distribution of a sorted sample. Cost: O(m), and 33,000 arcsines (0.5 ms or so).
    #[must_use]
    pub fn of_sorted(sorted: &[f64], sd: f64) -> Self {
        let cells = Cells::of_sorted(sorted, sd);
        if cells.0.is_empty() {
            return Self {
                sd: 0.0,
                mean: 0.0,
                second_moment: 0.0,
                shape: 0.5,
                skewness: 0.0,
                excess_kurtosis: 0.0,
            };
        }
        let (mean, second_moment) = (cells.mean(), cells.second_moment().max(1.0));
        let size = sorted.len() as f64;
        let center = sorted.iter().map(|v| v / sd / size).sum::<f64>();
        let central =
            |power| sorted.iter().map(|v| (v / sd - center).powi(power)).sum::<f64>() / size;
        let shape = nakagami_shape(mean * mean / second_moment);
        Self {
            sd,
            mean,
            second_moment,
            shape,
            skewness: central(3),
            excess_kurtosis: central(4) - 3.0,
        }
    }

    /// E Z, in the units of the data.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean * self.sd
    }

    /// The standard deviation of Z, in the units of the data.
    #[must_use]
    pub fn standard_deviation(&self) -> f64 {
        (self.second_moment - self.mean * self.mean).max(0.0).sqrt() * self.sd
    }

    /// P(W₁ > w1) for samples of m and n, which need not be whole, as those that dependent
    /// observations count for.
    ///
    /// # Errors
    /// None for sizes of at least 1 and a distance.
    pub fn p_value(&self, w1: f64, m: f64, n: f64) -> Result<f64> {
        if w1 == 0.0 || self.sd == 0.0 {
            return Ok(if w1 > 0.0 { 0.0 } else { 1.0 });
        }
        let square = (w1 / self.sd).powi(2) * (m * n / (m + n));
        let middle =
            chi_squared::sf(2.0 * self.shape * square / self.second_moment, 2.0 * self.shape)?;
        let z = (square - (self.second_moment - 1.0)).max(0.0).sqrt();
        let tail = 2.0 * normal::sf(z) + self.edgeworth(z, m, n);
        Ok(middle.max(tail).min(1.0))
    }

    /// What the two means' difference has in both tails beyond the normal distribution (Edgeworth;
    /// never negative).
    fn edgeworth(&self, z: f64, m: f64, n: f64) -> f64 {
        let variance = 1.0 / m + 1.0 / n;
        let skewness = self.skewness * (1.0 / (n * n) - 1.0 / (m * m)) / variance.powf(1.5);
        let kurtosis =
            self.excess_kurtosis * (1.0 / m.powi(3) + 1.0 / n.powi(3)) / (variance * variance);
        // Beyond these the expansion would not fall in z.
        let (kurtosis, square) = (kurtosis.clamp(0.0, 1.0), (skewness * skewness).min(0.3));
        let (third, fifth) = (z.powi(3) - 3.0 * z, z.powi(5) - 10.0 * z.powi(3) + 15.0 * z);
        (2.0 * normal::pdf(z) * (kurtosis / 24.0 * third + square / 72.0 * fifth)).max(0.0)
    }
}

/// The distribution function in pieces: (∫ √(F(1-F)) dx in standard deviations, F), of about equal
/// weight.
struct Cells(Vec<(f64, f64)>);

impl Cells {
    fn of_sorted(sorted: &[f64], sd: f64) -> Self {
        if sd <= 0.0 {
            return Self(Vec::new());
        }
        let size = sorted.len() as f64;
        let gaps = || {
            sorted.windows(2).enumerate().filter(|(_, w)| w[1] > w[0]).map(|(k, w)| {
                let share = (k + 1) as f64 / size;
                let length = w[1] / sd - w[0] / sd;
                (length * (share * (1.0 - share)).sqrt(), share)
            })
        };
        let each = gaps().map(|(weight, _)| weight).sum::<f64>() / CELLS as f64;
        let mut cells = Vec::with_capacity(CELLS + 1);
        let (mut weight, mut weighted_share) = (0.0, 0.0);
        for (w, share) in gaps() {
            weight += w;
            weighted_share += w * share;
            if weight >= each {
                cells.push((weight, weighted_share / weight));
                (weight, weighted_share) = (0.0, 0.0);
            }
        }
        if weight > 0.0 {
            cells.push((weight, weighted_share / weight));
        }
        Self(cells)
    }

    /// √(2/π) ∫ √(F(1-F)) dx.
    fn mean(&self) -> f64 {
        FRAC_2_PI.sqrt() * self.0.iter().map(|(weight, _)| weight).sum::<f64>()
    }

    /// ∬ E|B(F(x))||B(F(y))| dx dy, where for normal X and Y of correlation ρ
    /// E|X||Y| = (2/π) σ_X σ_Y (√(1-ρ²) + ρ asin ρ) (Nabeya 1951).
    fn second_moment(&self) -> f64 {
        let mut sum = 0.0;
        for (i, &(weight, f)) in self.0.iter().enumerate() {
            sum += weight * weight;
            for &(other, g) in &self.0[i + 1..] {
                let rho = (f * (1.0 - g) / (g * (1.0 - f))).sqrt().min(1.0);
                sum += 2.0 * weight * other * expected_product(rho);
            }
        }
        sum
    }
}

/// E|X||Y| of standard normal X and Y of correlation `rho`.
pub(super) fn expected_product(rho: f64) -> f64 {
    FRAC_2_PI * ((1.0 - rho * rho).sqrt() + rho * rho.asin())
}

/// The shape k with (Γ(k + ½)/Γ(k))²/k = `ratio` = (mean)²/(second moment), by bisection; ½
/// (half-normal) or more.
pub(super) fn nakagami_shape(ratio: f64) -> f64 {
    let of = |k: f64| (2.0 * (ln_gamma(k + 0.5) - ln_gamma(k))).exp() / k;
    debug_assert!((of(0.5) - 2.0 / PI).abs() < 1e-12);
    let (mut low, mut high) = (0.5, 1e4);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if of(middle) < ratio { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn null(values: &[f64]) -> Null {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        Null::of_sorted(values, sd)
    }

    #[test]
    fn of_the_uniform_distribution() {
        // ∫ E|B| = √(2/π) π/8; Var ∫|B| = 7/60 - π/32 (Shepp 1982).
        let uniform: Vec<f64> = (0..20_000).map(|i| (f64::from(i) + 0.5) / 20_000.0).collect();
        let null = null(&uniform);
        assert!((null.mean() - (2.0 / PI).sqrt() * PI / 8.0).abs() < 1e-4, "{}", null.mean());
        let expected = (7.0 / 60.0 - PI / 32.0).sqrt();
        assert!(
            (null.standard_deviation() / expected - 1.0).abs() < 2e-3,
            "{} for {expected}",
            null.standard_deviation()
        );
    }

    #[test]
    fn of_two_values_it_is_half_normal() {
        let null = null(&[0.0, 0.0, 0.0, 1.0]);
        for z in [0.01, 0.3, 1.0, 2.5] {
            let exact = 2.0 * normal::sf(z / (3.0f64 / 16.0).sqrt());
            assert!((null.p_value(z / 1e4, 2e8, 2e8).unwrap() / exact - 1.0).abs() < 1e-6, "{z}");
        }
    }

    #[test]
    fn it_falls_and_ignores_the_unit() {
        let values: Vec<f64> = (1..500).map(|i| (f64::from(i) / 100.0).exp()).collect();
        let scaled: Vec<f64> = values.iter().map(|v| v * 1e200).collect();
        let (null, large) = (null(&values), Null::of_sorted(&scaled, null(&values).sd * 1e200));
        let mut last = 1.0;
        for i in 0..60 {
            let z = f64::from(i);
            let p = null.p_value(z, 50.0, 90.0).unwrap();
            assert!(p <= last && (p - large.p_value(z * 1e200, 50.0, 90.0).unwrap()).abs() < 1e-9);
            last = p;
        }
    }
}
