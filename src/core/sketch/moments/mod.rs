//! Count, mean, variance, range and non-finite values of each feature, in one pass.

#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
mod kernel;

use serde::{Deserialize, Serialize};

use crate::simd::Real;
use crate::sound::{Sound, can_grow};
use kernel::{Sums, accumulate};

/// Sums about a fixed shift, one set a feature.
///
/// Sums of differences from a shift near the mean neither cancel nor drift, and add up under
/// [`Moments::merge`] (Chan, Golub and LeVeque 1983, section 3, "shifted data"). Arithmetic is in
/// double precision. NaN and Inf are counted and left out of everything else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    shift: Vec<f64>,
    sum: Vec<f64>,
    sum_squares: Vec<f64>,
    min: Vec<f64>,
    max: Vec<f64>,
    non_finite: Vec<u64>,
    observations: u64,
}

impl Moments {
    /// No observations of `shift.len()` features yet. `shift`: a guess of each mean; any finite
    /// value is correct.
    #[must_use]
    pub fn new(shift: Vec<f64>) -> Self {
        let p = shift.len();
        Moments {
            shift,
            sum: vec![0.0; p],
            sum_squares: vec![0.0; p],
            min: vec![f64::INFINITY; p],
            max: vec![f64::NEG_INFINITY; p],
            non_finite: vec![0; p],
            observations: 0,
        }
    }

    /// Forgets all observations, takes another shift (and with it perhaps other features) and keeps
    /// the memory.
    pub fn restart(&mut self, shift: impl Iterator<Item = f64>) {
        self.shift.clear();
        self.shift.extend(shift);
        let p = self.shift.len();
        let start = [
            (&mut self.sum, 0.0),
            (&mut self.sum_squares, 0.0),
            (&mut self.min, f64::INFINITY),
            (&mut self.max, f64::NEG_INFINITY),
        ];
        for (values, value) in start {
            values.clear();
            values.resize(p, value);
        }
        self.non_finite.clear();
        self.non_finite.resize(p, 0);
        self.observations = 0;
    }

    /// Takes in `rows.len() / features` observations, feature fastest. `rows.len()` must be a
    /// multiple of the features.
    pub fn update<T: Real>(&mut self, rows: &[T]) {
        let p = self.features();
        if p == 0 || rows.is_empty() {
            return;
        }
        self.observations += (rows.len() / p) as u64;
        let sums = Sums {
            shift: &self.shift,
            sum: &mut self.sum,
            squares: &mut self.sum_squares,
            min: &mut self.min,
            max: &mut self.max,
        };
        // A sum that stays finite has met finite values only, so the common case needs no test an
        // element.
        let spoiled = accumulate::<T>(rows, sums);
        if spoiled {
            self.recount(rows);
        }
    }

    /// The shift of `feature`.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn shift(&self, feature: usize) -> f64 {
        self.shift[feature]
    }

    /// Adds sums over finite values of `feature`, which [`Moments::add_observations`] counts.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn add_column(&mut self, feature: usize, of: avx512::ColumnSums) {
        self.sum[feature] += of.sum;
        self.sum_squares[feature] += of.squares;
        self.min[feature] = self.min[feature].min(f64::from(of.min));
        self.max[feature] = self.max[feature].max(f64::from(of.max));
    }

    #[cfg(target_arch = "x86_64")]
    pub(super) fn add_observations(&mut self, n: usize) {
        self.observations += n as u64;
    }

    /// The careful path, after [`accumulate`] met a NaN, an Inf or an overflow and changed nothing.
    #[cold]
    fn recount<T: Real>(&mut self, rows: &[T]) {
        for row in rows.chunks_exact(self.features()) {
            for (k, x) in row.iter().map(|x| x.to_f64()).enumerate() {
                if !x.is_finite() {
                    self.non_finite[k] += 1;
                    continue;
                }
                let d = x - self.shift[k];
                self.sum[k] += d;
                self.sum_squares[k] += d * d;
                self.min[k] = self.min[k].min(x);
                self.max[k] = self.max[k].max(x);
            }
        }
    }

    /// Forgets all observations and keeps the shift.
    pub fn clear(&mut self) {
        *self = Moments::new(std::mem::take(&mut self.shift));
    }

    /// Adds what `other` saw. Both must have the same number of features; the shifts may differ.
    pub fn merge(&mut self, other: &Moments) {
        for k in 0..self.features() {
            let n = other.count(k) as f64;
            let move_by = other.shift[k] - self.shift[k];
            self.sum[k] += other.sum[k] + n * move_by;
            self.sum_squares[k] +=
                other.sum_squares[k] + move_by * (2.0 * other.sum[k] + n * move_by);
            self.min[k] = self.min[k].min(other.min[k]);
            self.max[k] = self.max[k].max(other.max[k]);
            self.non_finite[k] += other.non_finite[k];
        }
        self.observations += other.observations;
    }

    /// Number of features.
    #[must_use]
    pub fn features(&self) -> usize {
        self.shift.len()
    }

    /// Number of observations, those with NaN or Inf included.
    #[must_use]
    pub fn observations(&self) -> u64 {
        self.observations
    }

    /// Number of finite values of `feature`.
    #[must_use]
    pub fn count(&self, feature: usize) -> u64 {
        self.observations - self.non_finite[feature]
    }

    /// Number of NaN and Inf values of `feature`.
    #[must_use]
    pub fn non_finite(&self, feature: usize) -> u64 {
        self.non_finite[feature]
    }

    /// Mean of the finite values; NaN without any.
    #[must_use]
    pub fn mean(&self, feature: usize) -> f64 {
        self.shift[feature] + self.sum[feature] / self.count(feature) as f64
    }

    /// Unbiased variance (divisor n - 1) of the finite values; NaN with fewer than two; exactly 0
    /// for a constant.
    #[must_use]
    pub fn variance(&self, feature: usize) -> f64 {
        let n = self.count(feature) as f64;
        if n < 2.0 {
            return f64::NAN;
        }
        if self.min[feature] == self.max[feature] {
            return 0.0;
        }
        let sum = self.sum[feature];
        ((self.sum_squares[feature] - sum * sum / n) / (n - 1.0)).max(0.0)
    }

    /// Square root of the variance.
    #[must_use]
    pub fn std(&self, feature: usize) -> f64 {
        self.variance(feature).sqrt()
    }

    /// Smallest finite value; Inf without any.
    #[must_use]
    pub fn min(&self, feature: usize) -> f64 {
        self.min[feature]
    }

    /// Largest finite value; -Inf without any.
    #[must_use]
    pub fn max(&self, feature: usize) -> f64 {
        self.max[feature]
    }
}

impl Sound for Moments {
    fn is_sound(&self) -> bool {
        let p = self.features();
        let lengths = [
            self.sum.len(),
            self.sum_squares.len(),
            self.min.len(),
            self.max.len(),
            self.non_finite.len(),
        ];
        p > 0
            && lengths == [p; 5]
            && can_grow([self.observations])
            && self.non_finite.iter().all(|count| *count <= self.observations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By definition, in two passes.
    fn naive(rows: &[f64], p: usize, k: usize) -> (f64, f64, f64, f64, u64) {
        let all: Vec<f64> = rows.chunks(p).map(|r| r[k]).collect();
        let x: Vec<f64> = all.iter().copied().filter(|x| x.is_finite()).collect();
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let squares = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        let variance = if n < 2.0 { f64::NAN } else { squares / (n - 1.0) };
        let min = x.iter().copied().fold(f64::INFINITY, f64::min);
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (mean, variance, min, max, (all.len() - x.len()) as u64)
    }

    fn close(a: f64, b: f64) -> bool {
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
    }

    proptest! {
        #[test]
        fn the_kernel_is_the_definition(
            p in prop_oneof![1usize..20, 120usize..180],
            n in 1usize..80,
            seed in any::<u64>(),
            bad in prop::collection::vec((any::<prop::sample::Index>(),
                prop_oneof![Just(f64::NAN), Just(f64::INFINITY)]), 0..3),
        ) {
            let mut state = seed | 1;
            let mut rows: Vec<f64> = (0..p * n).map(|i| {
                state = state.wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                100.0 + (i % p) as f64 + (state >> 40) as f64 / 16_777_216.0
            }).collect();
            for (at, value) in bad {
                let at = at.index(rows.len());
                rows[at] = value;
            }
            let mut m = Moments::new(rows[..p].iter().map(|x| if x.is_finite() { *x } else { 0.0 })
                .collect());
            m.update(&rows);
            let cut = (n / 3) * p;
            let mut merged = Moments::new(vec![0.5; p]);
            merged.update(&rows[..cut]);
            let mut rest = Moments::new(vec![99.0; p]);
            rest.update(&rows[cut..]);
            merged.merge(&rest);
            prop_assert_eq!(m.observations(), n as u64);
            for k in 0..p {
                let (mean, variance, min, max, non_finite) = naive(&rows, p, k);
                for m in [&m, &merged] {
                    prop_assert!(close(m.mean(k), mean), "mean {} {}", m.mean(k), mean);
                    prop_assert!(close(m.variance(k), variance), "variance {} {}", m.variance(k), variance);
                    prop_assert_eq!((m.min(k), m.max(k), m.non_finite(k)), (min, max, non_finite));
                }
            }
        }
    }

    #[test]
    fn a_constant_has_no_variance_and_single_precision_agrees() {
        let rows = vec![0.1f32; 999];
        let mut m = Moments::new(vec![0.0; 3]);
        m.update(&rows);
        assert_eq!(
            (m.variance(0), m.min(1), m.max(2)),
            (0.0, f64::from(0.1f32), f64::from(0.1f32))
        );
    }
}
