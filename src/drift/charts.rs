//! Control charts of a stream of standardized values: Shewhart, EWMA and CUSUM.
//!
//! Each is fed normal scores, which are standard normal under the null whatever the score's
//! distribution, and tells how improbable its statistic is at that moment. A threshold is then a
//! probability, not a multiple of sigma, and a chart fits into a budget of false alarms like any
//! test.
//!
//! Scores of values that tie are means of standard normal ones (expected normal scores). Sums of
//! such have no larger exponential moments (Jensen's inequality), which is all that the CUSUM's
//! bound asks. The Shewhart and EWMA charts ask for the normal law's tails, which sums of [`FEW`]
//! or more keep within (they vary less: of a value that is 1 in 50 by a third); of fewer, `of_few`
//! has what holds.
//!
//! The reference is a sample of `m`, so the scores' mean is off by about `1 / sqrt(m)` for good;
//! each chart allows for that.

use std::f64::consts::E;

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

/// Scores that tie from which on their sum, and their weighted mean, are within the normal law's
/// limits. Computed for many laws of two values and symmetric ones of three, at p-values of at most
/// 0.05: 2.7 times the chance that is said of a single score, 1.2 of three, 0.98 of eight.
pub const FEW: u64 = 8;

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

impl ChartPoint {
    /// The point where it is one of fewer than [`FEW`] scores that tie. Let N be standard normal: a
    /// mean S of such variables has `P(S >= t) <= E(S - u)+ / (t - u) <= E(N - u)+ / (t - u)` for
    /// any `u < t`. The smallest of these is the `P(N > u)` for which t is the mean of N beyond u,
    /// and that is at most `e P(N > t)`, since the normal hazard rises.
    #[must_use]
    pub fn of_few(self) -> Self {
        ChartPoint { p_value: (E * self.p_value).min(1.0), ..self }
    }
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

    /// Every outcome of scores of three places, of which the outer ones have `q` each.
    fn of_three_values(q: f64, n: u32, mut outcome: impl FnMut(&[f64], f64)) {
        let outer = normal::pdf(normal::quantile(q).expect("a probability")) / q;
        let (z, chances) = ([-outer, 0.0, outer], [q, 1.0 - 2.0 * q, q]);
        for way in 0..3usize.pow(n) {
            let places: Vec<usize> = (0..n).map(|i| way / 3usize.pow(i) % 3).collect();
            let chance = places.iter().map(|place| chances[*place]).product();
            outcome(&places.iter().map(|place| z[*place]).collect::<Vec<_>>(), chance);
        }
    }

    /// By how much p-values of at most 0.05 come too often, of tied scores, exactly.
    fn worst_excess(n: u32, point: impl Fn(&[f64]) -> ChartPoint) -> f64 {
        let mut worst: f64 = 0.0;
        for q in [1e-4, 0.003, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.48] {
            let mut law = Vec::new();
            of_three_values(q, n, |z, chance| law.push((point(z).p_value, chance)));
            law.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut sum = 0.0;
            for (i, (p_value, chance)) in law.iter().enumerate() {
                sum += chance;
                // Equal but for rounding.
                let is_last = law.get(i + 1).is_none_or(|next| next.0 > p_value * (1.0 + 1e-9));
                if is_last && (1e-12..=0.05).contains(p_value) {
                    worst = worst.max(sum / p_value);
                }
            }
        }
        worst
    }

    #[test]
    fn scores_that_tie_are_within_the_limits_however_few() {
        let shewhart = |z: &[f64]| Shewhart::new(1 << 50).point(z.iter().sum(), z.len() as u64);
        let ewma = |z: &[f64]| {
            let mut ewma = Ewma::new(0.1, 1 << 50);
            z.iter().map(|z| ewma.update(*z)).last().expect("a score")
        };
        for n in 1..=FEW as u32 + 1 {
            let of_few = |point: ChartPoint| {
                if u64::from(n) < FEW { point.of_few() } else { point }
            };
            let excess =
                [worst_excess(n, |z| of_few(shewhart(z))), worst_excess(n, |z| of_few(ewma(z)))];
            assert!(excess.iter().all(|excess| *excess <= 1.0), "{excess:?} of {n}");
        }
        // Without, they are not.
        assert!(worst_excess(1, shewhart) > 2.5 && worst_excess(4, shewhart) > 1.0);
        assert!(worst_excess(2, ewma) > 1.5);
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
