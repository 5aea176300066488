//! Distances to a centre, feature by feature: z-scores, robust z-scores, IQR fences and the standardised distance differ
//! only in what they centre and scale by.
//!
//! | name | centre | scale | score |
//! |---|---|---|---|
//! | `distance` | mean | standard deviation | root of the mean squared z over the features |
//! | `zscore` | mean | standard deviation | largest abs(z) over the features |
//! | `robust-z` | median | 1.4826 median absolute deviation | largest abs(z) (Iglewicz and Hoaglin 1993) |
//! | `iqr` | (q1 + q3)/2 | q3 - q1 | IQRs beyond the nearer quartile, largest over the features (Tukey 1977: fence at 1.5) |
//!
//! Quartiles and medians interpolate linearly between order statistics (type 7 of Hyndman and Fan 1996).

use serde::{Deserialize, Serialize};

use super::Detector;
use crate::error::{Error, Result};
use crate::simd::{Real, multiversion};
use crate::sketch::Moments;
use crate::tensor::{Elements, Tensor};

/// A centre and the inverse of a scale for each feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scaled {
    center: Vec<f64>,
    inverse: Vec<f64>,
}

/// The scale of a feature without spread, relative to its centre (or to 1, if that is larger): above rounding, so that
/// any real change is far out and none is not.
const NO_SPREAD: f64 = 1e-12;

impl Scaled {
    /// `center` and `scale >= 0`, one a feature.
    #[must_use]
    pub fn new(center: Vec<f64>, scale: &[f64]) -> Self {
        let inverse = center.iter().zip(scale).map(|(c, s)| 1.0 / s.max(NO_SPREAD * c.abs().max(1.0))).collect();
        Scaled { center, inverse }
    }

    /// By mean and standard deviation.
    #[must_use]
    pub fn by_moments(moments: &Moments) -> Self {
        let p = moments.features();
        // `max` takes NaN, the deviation of a single observation, to 0.
        let scale: Vec<f64> = (0..p).map(|k| moments.std(k).max(0.0)).collect();
        Scaled::new((0..p).map(|k| moments.mean(k)).collect(), &scale)
    }

    /// By median and 1.4826 times the median absolute deviation, which estimates a normal's standard deviation.
    /// `columns`: the values of each feature, sorted.
    #[must_use]
    pub fn by_median(columns: &[Vec<f64>]) -> Self {
        let (center, scale): (Vec<f64>, Vec<f64>) = columns
            .iter()
            .map(|sorted| {
                let median = quantile(sorted, 0.5);
                let mut deviations: Vec<f64> = sorted.iter().map(|x| (x - median).abs()).collect();
                deviations.sort_by(f64::total_cmp);
                (median, 1.4826 * quantile(&deviations, 0.5))
            })
            .unzip();
        Scaled::new(center, &scale)
    }

    /// By the middle and the width of the interquartile range. `columns`: the values of each feature, sorted.
    #[must_use]
    pub fn by_quartiles(columns: &[Vec<f64>]) -> Self {
        let (center, scale): (Vec<f64>, Vec<f64>) = columns
            .iter()
            .map(|sorted| (quantile(sorted, 0.25), quantile(sorted, 0.75)))
            .map(|(q1, q3)| (0.5 * (q1 + q3), q3 - q1))
            .unzip();
        Scaled::new(center, &scale)
    }

    /// Number of features.
    #[must_use]
    pub fn features(&self) -> usize {
        self.center.len()
    }

    /// For each observation of `rows` (feature fastest) the root mean square and the largest `|x - centre| / scale`, in
    /// double precision and then rounded; both NaN for an observation that is not finite.
    pub fn measure<T: Real>(&self, rows: &[T], rms: &mut Vec<f32>, largest: &mut Vec<f32>) {
        let n = rows.len() / self.features();
        rms.resize(n, 0.0);
        largest.resize(n, 0.0);
        measure_rows(rows, self, rms, largest);
    }

    /// [`Scaled::measure`] of a tensor.
    fn measure_tensor(&self, batch: &Tensor<'_>) -> Result<(Vec<f32>, Vec<f32>)> {
        batch.expect_features(self.features())?;
        let (mut rms, mut largest) = (Vec::new(), Vec::new());
        match batch.elements() {
            Elements::F16(x) => {
                let single: Vec<f32> = x.iter().map(|x| x.to_f32()).collect();
                self.measure(&single, &mut rms, &mut largest);
            }
            Elements::F32(x) => self.measure(x, &mut rms, &mut largest),
            Elements::F64(x) => self.measure(x, &mut rms, &mut largest),
        }
        Ok((rms, largest))
    }
}

/// Observations measured side by side when there are few features, and features side by side when there are many.
const LANES: usize = 16;

multiversion! {
    fn measure_rows(rows: &[T], by: &Scaled, rms: &mut [f32], largest: &mut [f32]) -> () = measure_body
}

#[inline(always)]
fn measure_body<T: Real, const FMA: bool>(rows: &[T], by: &Scaled, rms: &mut [f32], largest: &mut [f32]) {
    let p = by.features();
    let mut done = 0;
    if p < 2 * LANES {
        for group in rows.chunks_exact(LANES * p) {
            let mut lanes = Lanes::new();
            for k in 0..p {
                let x = T::gather::<FMA>(group, p, k).map(Real::to_f64);
                lanes.update::<FMA>(&x, &[by.center[k]; LANES], &[by.inverse[k]; LANES]);
            }
            for l in 0..LANES {
                // 0 for finite values and NaN for others: NaN passes comparisons by, and Inf has a root.
                let spoilt = lanes.squares[l] * 0.0;
                rms[done + l] = ((lanes.squares[l] / p as f64).sqrt() + spoilt) as f32;
                largest[done + l] = (lanes.largest[l] + spoilt) as f32;
            }
            done += LANES;
        }
    }
    for row in rows[done * p..].chunks_exact(p) {
        let mut lanes = Lanes::new();
        let whole = p - p % LANES;
        for k in (0..whole).step_by(LANES) {
            let mut x = [0.0; LANES];
            let (mut c, mut i) = ([0.0; LANES], [0.0; LANES]);
            for l in 0..LANES {
                x[l] = row[k + l].to_f64();
            }
            c.copy_from_slice(&by.center[k..k + LANES]);
            i.copy_from_slice(&by.inverse[k..k + LANES]);
            lanes.update::<FMA>(&x, &c, &i);
        }
        let (mut squares, mut most) = (0.0, 0.0f64);
        for l in 0..LANES {
            squares += lanes.squares[l];
            most = most.max(lanes.largest[l]);
        }
        for (k, x) in row.iter().enumerate().skip(whole) {
            let z = (x.to_f64() - by.center[k]) * by.inverse[k];
            squares += z * z;
            most = most.max(z.abs());
        }
        let spoilt = squares * 0.0;
        rms[done] = ((squares / p as f64).sqrt() + spoilt) as f32;
        largest[done] = (most + spoilt) as f32;
        done += 1;
    }
}

#[derive(Clone, Copy)]
struct Lanes {
    squares: [f64; LANES],
    largest: [f64; LANES],
}

impl Lanes {
    #[inline(always)]
    fn new() -> Self {
        Lanes { squares: [0.0; LANES], largest: [0.0; LANES] }
    }

    #[inline(always)]
    fn update<const FMA: bool>(&mut self, x: &[f64; LANES], center: &[f64; LANES], inverse: &[f64; LANES]) {
        let largest = self.largest;
        let z: [f64; LANES] = std::array::from_fn(|l| (x[l] - center[l]) * inverse[l]);
        for (squares, z) in self.squares.iter_mut().zip(&z) {
            *squares = Real::fma::<FMA>(*z, *z, *squares);
        }
        for (l, z) in z.iter().enumerate() {
            self.largest[l] = if z.abs() > largest[l] { z.abs() } else { largest[l] };
        }
    }
}

/// Type 7 quantile of sorted values, of which there must be one at least.
#[must_use]
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let below = sorted[at as usize];
    let above = sorted[(at as usize + 1).min(sorted.len() - 1)];
    below + (at - at.floor()) * (above - below)
}

/// The values of each feature of `rows`, sorted.
#[must_use]
pub fn sorted_columns(rows: &[f64], features: usize) -> Vec<Vec<f64>> {
    (0..features)
        .map(|k| {
            let mut column: Vec<f64> = rows.chunks_exact(features).map(|row| row[k]).collect();
            column.sort_by(f64::total_cmp);
            column
        })
        .collect()
}

/// The reference as rows in double precision, refused if a value is not finite or an observation too few.
fn reference_rows(reference: &Tensor<'_>) -> Result<Vec<f64>> {
    let p = reference.features();
    let rows: Vec<f64> = (0..reference.elements().len()).map(|i| reference.elements().get(i)).collect();
    let bad: Vec<usize> = (0..rows.len()).filter(|i| !rows[*i].is_finite()).collect();
    if let Some(first) = bad.first() {
        let (feature, observation) = (first % p, first / p);
        return Err(Error::NonFiniteBaseline { argument: "reference", count: bad.len(), feature, observation });
    }
    if reference.observations() < 2 {
        let reason = "a spread takes two".to_string();
        return Err(Error::BaselineTooSmall { argument: "reference", was: 1, expected: 2, reason });
    }
    Ok(rows)
}

/// Declares a detector that is a [`Scaled`] and a reading of its two measures.
macro_rules! scaled_detector {
    ($(#[$meta:meta])* $name:ident, $fit:expr, $read:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct $name(pub Scaled);

        impl Detector for $name {
            fn fit(reference: &Tensor<'_>) -> Result<Self> {
                let rows = reference_rows(reference)?;
                let fit: fn(&[f64], usize) -> Scaled = $fit;
                Ok($name(fit(&rows, reference.features())))
            }

            fn score(&self, batch: &Tensor<'_>) -> Result<Vec<f32>> {
                let (rms, largest) = self.0.measure_tensor(batch)?;
                let read: fn(f32, f32) -> f32 = $read;
                Ok(rms.into_iter().zip(largest).map(|(rms, largest)| read(rms, largest)).collect())
            }
        }
    };
}

fn fit_moments(rows: &[f64], p: usize) -> Scaled {
    let mut moments = Moments::new(rows[..p].to_vec());
    moments.update(rows);
    Scaled::by_moments(&moments)
}

scaled_detector! {
    /// Root mean squared z-score over the features.
    Distance, fit_moments, |rms, _| rms
}
scaled_detector! {
    /// Largest absolute z-score over the features.
    ZScore, fit_moments, |_, largest| largest
}
scaled_detector! {
    /// Largest absolute robust z-score over the features, by median and median absolute deviation.
    RobustZ, |rows, p| Scaled::by_median(&sorted_columns(rows, p)), |_, largest| largest
}
scaled_detector! {
    /// Interquartile ranges beyond the nearer quartile, largest over the features; negative inside the box.
    Iqr, |rows, p| Scaled::by_quartiles(&sorted_columns(rows, p)), |_, largest| largest - 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_kernel_is_the_definition(p in 1usize..50, n in 2usize..40, seed in any::<u32>(), bad in prop::option::of((any::<prop::sample::Index>(), any::<bool>()))) {
            let mut x: Vec<f32> = (0..p * n).map(|i| ((i as u32).wrapping_mul(2_654_435_761) ^ seed) as f32 / 4e9 - 0.5).collect();
            let reference = x.clone();
            if let Some((at, nan)) = bad {
                let at = at.index(x.len());
                x[at] = if nan { f32::NAN } else { f32::INFINITY };
            }
            let t = |x| Tensor::new(Elements::F32(x), n).expect("shape");
            let ZScore(by) = ZScore::fit(&t(&reference)).expect("finite");
            let (rms, largest) = by.measure_tensor(&t(&x)).expect("same features");
            for (j, row) in x.chunks(p).enumerate() {
                let z: Vec<f64> = row.iter().enumerate().map(|(k, x)| (f64::from(*x) - by.center[k]) * by.inverse[k]).collect();
                let finite = z.iter().all(|z| z.is_finite());
                let want_rms = if !finite { f64::NAN } else { (z.iter().map(|z| z * z).sum::<f64>() / p as f64).sqrt() };
                let want_max = if finite { z.iter().fold(0.0f64, |a, z| a.max(z.abs())) } else { f64::NAN };
                for (got, want) in [(rms[j], want_rms), (largest[j], want_max)] {
                    let close = (f64::from(got) - want).abs() <= 1e-6 * (1.0 + want.abs());
                    prop_assert!(close || (got.is_nan() && want.is_nan()), "{got} {want}");
                }
            }
        }
    }

    #[test]
    fn known_scores() {
        let reference: Vec<f64> = (0..=100).map(f64::from).collect();
        let t = Tensor::new(Elements::F64(&reference), 101).expect("shape");
        let probe = [50.0, 75.0, 150.0];
        let probe = Tensor::new(Elements::F64(&probe), 3).expect("shape");
        // Quartiles 25 and 75: 150 lies 75/50 = 1.5 ranges out. MAD is 25; standard deviation sqrt(858.5).
        assert_eq!(Iqr::fit(&t).and_then(|d| d.score(&probe)).expect("fits"), [-0.5, 0.0, 1.5]);
        let robust = RobustZ::fit(&t).and_then(|d| d.score(&probe)).expect("fits");
        assert!((f64::from(robust[2]) - 100.0 / (1.4826 * 25.0)).abs() < 1e-6);
        let z = ZScore::fit(&t).and_then(|d| d.score(&probe)).expect("fits");
        assert!((f64::from(z[2]) - 100.0 / 858.5f64.sqrt()).abs() < 1e-6);
    }
}
