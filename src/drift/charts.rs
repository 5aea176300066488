//! Control charts of a stream of standardized values: Shewhart, EWMA and CUSUM.
//!
//! Each is fed normal scores (see [`crate::profile::Baseline::normal_score`]), which are standard
//! normal under the null whatever the score's distribution, and tells how improbable its statistic
//! is at that moment. A threshold is then a probability, not a multiple of sigma, and a chart fits
//! into a budget of false alarms like any test.
//!
//! The reference is a sample of `m`, so the scores' mean is off by about `1 / sqrt(m)` for good;
//! each chart allows for that.

use serde::{Deserialize, Serialize};

use crate::stats::normal;

/// A control chart by its name in options and alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChartName {
    /// Mean of a subgroup (Shewhart 1931): large sudden shifts.
    Shewhart,
    /// Exponentially weighted moving average (Roberts 1959): small lasting shifts.
    Ewma,
    /// Two-sided cumulative sum (Page 1954): lasting shifts of about one standard deviation.
    Cusum,
}

impl ChartName {
    /// The name in options and alerts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChartName::Shewhart => "shewhart",
            ChartName::Ewma => "ewma",
            ChartName::Cusum => "cusum",
        }
    }
}

/// Where a chart stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartPoint {
    /// The chart's statistic, signed, in its own standard deviations (Shewhart, EWMA) or as the
    /// larger sum (CUSUM).
    pub statistic: f64,
    /// Upper bound of the probability of a statistic at least as extreme at this moment, under the
    /// null.
    pub p_value: f64,
}

/// Shewhart's chart of subgroup means.
#[derive(Debug, Clone, PartialEq)]
pub struct Shewhart {
    reference_size: f64,
}

impl Shewhart {
    /// For a reference of `reference_size >= 1` observations.
    #[must_use]
    pub fn new(reference_size: u64) -> Self {
        Shewhart { reference_size: reference_size as f64 }
    }

    /// The point of a subgroup of `n >= 1` scores that add up to `sum`. Var(sum) = n (1 + n/m).
    #[must_use]
    pub fn point(&self, sum: f64, n: u64) -> ChartPoint {
        let n = n as f64;
        let z = sum / (n * (1.0 + n / self.reference_size)).sqrt();
        ChartPoint { statistic: z, p_value: two_sided(z) }
    }
}

/// Exponentially weighted moving average `e <- (1 - lambda) e + lambda z`, from 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Ewma {
    lambda: f64,
    reference_size: f64,
    value: f64,
    /// (1 - lambda)^steps
    decay: f64,
}

impl Ewma {
    /// `lambda` in (0, 1]; 0.05 to 0.25 in practice (Montgomery 2013, section 9.2).
    #[must_use]
    pub fn new(lambda: f64, reference_size: u64) -> Self {
        Ewma { lambda, reference_size: reference_size as f64, value: 0.0, decay: 1.0 }
    }

    /// Takes in one score. Variance at step t: lambda/(2 - lambda) (1 - (1 - lambda)^2t), Lucas and
    /// Saccucci 1990 eq. 2.
    pub fn update(&mut self, z: f64) -> ChartPoint {
        self.value += self.lambda * (z - self.value);
        self.decay *= 1.0 - self.lambda;
        let own = self.lambda / (2.0 - self.lambda) * (1.0 - self.decay * self.decay);
        let shared = (1.0 - self.decay).powi(2) / self.reference_size;
        let z = self.value / (own + shared).sqrt();
        ChartPoint { statistic: z, p_value: two_sided(z) }
    }
}

/// Two-sided cumulative sum with reference value `k`: `c+ <- max(0, c+ + z - k)` and `c- <- max(0,
/// c- - z - k)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Cusum {
    k: f64,
    exponent: f64,
    up: f64,
    down: f64,
}

impl Cusum {
    /// `k > 0`: half the shift to be found, in standard deviations; 0.5 in practice (Montgomery
    /// 2013, section 9.1).
    #[must_use]
    pub fn new(k: f64, reference_size: u64) -> Self {
        let off_by = 3.0 / (reference_size as f64).sqrt();
        Cusum { k, exponent: 2.0 * (k - off_by).max(0.0), up: 0.0, down: 0.0 }
    }

    /// Takes in one score. A random walk with drift -k and unit normal steps exceeds h ever, and
    /// its reflection at any time, with probability at most exp(-2kh) (Lundberg's inequality;
    /// Asmussen 2003, chapter XIII.5); twice, for both sides.
    pub fn update(&mut self, z: f64) -> ChartPoint {
        self.up = (self.up + z - self.k).max(0.0);
        self.down = (self.down - z - self.k).max(0.0);
        let statistic = self.up.max(self.down);
        ChartPoint { statistic, p_value: (2.0 * (-self.exponent * statistic).exp()).min(1.0) }
    }

    /// Starts afresh, as after an alarm.
    pub fn reset(&mut self) {
        (self.up, self.down) = (0.0, 0.0);
    }
}

fn two_sided(z: f64) -> f64 {
    (2.0 * normal::sf(z.abs())).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn under_the_null_p_values_are_never_too_small() {
        // Fractions of p <= alpha over 20,000 independent runs of 50 steps; binomial bounds at four
        // standard errors.
        const RUNS: usize = 20_000;
        let m = 1_000_000_000;
        let mut hits = [0usize; 3];
        for run in 0..RUNS {
            let z = Random(run as u64).normals(50);
            let mut ewma = Ewma::new(0.2, m);
            let mut cusum = Cusum::new(0.5, m);
            let mut points = [Shewhart::new(m).point(z.iter().sum(), 50); 3];
            for z in z {
                points[1] = ewma.update(z);
                points[2] = cusum.update(z);
            }
            for (hits, point) in hits.iter_mut().zip(points) {
                *hits += usize::from(point.p_value <= 0.05);
            }
        }
        let fraction = hits.map(|h| h as f64 / RUNS as f64);
        let error = 4.0 * (0.05f64 * 0.95 / RUNS as f64).sqrt();
        for exact in &fraction[..2] {
            assert!((exact - 0.05).abs() < error, "{fraction:?}");
        }
        assert!(
            fraction[2] < 0.05 + error && fraction[2] > 0.005,
            "a bound, but not an empty one: {fraction:?}"
        );
    }

    #[test]
    fn they_are_the_textbooks_recursions() {
        let mut cusum = Cusum::new(0.5, 1 << 40);
        let c: Vec<f64> =
            [1.0, 2.0, -3.0, -1.0].iter().map(|z| cusum.update(*z).statistic).collect();
        assert_eq!(c, [0.5, 2.0, 2.5, 3.0]); // up: 0.5, 2, 0, 0; down: 0, 0, 2.5, 3
        cusum.reset();
        assert_eq!(cusum.update(0.5), ChartPoint { statistic: 0.0, p_value: 1.0 });
        let mut ewma = Ewma::new(0.5, 1 << 40);
        // First step: value z/2 with standard deviation 1/2.
        assert!((ewma.update(1.5).statistic - 1.5).abs() < 1e-9);
        // Second: (0.75 + z)/2 with variance 1/4 + 1/16.
        assert!((ewma.update(0.5).statistic - 0.625 / 0.3125f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn a_shift_is_found() {
        let (mut ewma, mut cusum) = (Ewma::new(0.1, 10_000), Cusum::new(0.5, 10_000));
        let last = Random(1)
            .normals(60)
            .iter()
            .map(|z| (ewma.update(z + 1.0), cusum.update(z + 1.0)))
            .last()
            .expect("60");
        assert!(last.0.p_value < 1e-4 && last.1.p_value < 1e-4, "{last:?}");
    }
}
