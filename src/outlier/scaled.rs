//! Distances to a center, feature by feature: z-scores, robust z-scores, IQR fences and the
//! standardized distance differ only in what they center and scale by.
//!
//! | name | center | scale | score |
//! |---|---|---|---|
//! | `distance` | mean | standard deviation | root of the mean squared z over the features |
//! | `zscore` | mean | standard deviation | largest abs(z) over the features |
//! | `robust-z` | median | 1.4826 median absolute deviation | largest abs(z) (Iglewicz and Hoaglin 1993) |
//! | `iqr` | (q1 + q3)/2 | q3 - q1 | IQRs beyond the nearer quartile, largest over the features (Tukey 1977: fence at 1.5) |
//!
//! Quartiles and medians interpolate linearly between order statistics (type 7 of Hyndman and Fan
//! 1996).

mod kernel;
pub mod left_out;

use serde::{Deserialize, Serialize};

use super::{Detector, Rows};
use crate::error::Result;
use crate::simd::Real;
use crate::sketch::Moments;
use crate::sound::Sound;
use crate::support::columns::quantile;

/// A center and the inverse of a scale for each feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scaled {
    center: Vec<f64>,
    inverse: Vec<f64>,
}

/// The scale of a feature without spread, relative to its center (or to 1, if that is larger):
/// above rounding, so that any real change is far out and none is not.
const NO_SPREAD: f64 = 1e-12;

impl Scaled {
    /// `center` and `scale >= 0`, one per feature.
    #[must_use]
    pub fn new(center: Vec<f64>, scale: &[f64]) -> Self {
        let inverse = center
            .iter()
            .zip(scale)
            .map(|(c, s)| 1.0 / s.max(NO_SPREAD * c.abs().max(1.0)))
            .collect();
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

    /// By median and 1.4826 times the median absolute deviation, which estimates a normal's
    /// standard deviation. `columns`: the values of each feature, sorted.
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

    /// By the middle and the width of the interquartile range. `columns`: the values of each
    /// feature, sorted.
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

    /// For each observation of `rows` (feature fastest) the root mean square and the largest `|x -
    /// center| / scale`, in double precision and then rounded; both NaN for an observation that is
    /// not finite.
    pub fn measure<T: Real>(&self, rows: &[T], rms: &mut Vec<f32>, largest: &mut Vec<f32>) {
        let n = rows.len() / self.features();
        rms.resize(n, 0.0);
        largest.resize(n, 0.0);
        kernel::measure(rows, self, rms, largest);
    }

    /// The largest `(x - center) / scale` of an observation, rounded to single precision.
    pub fn highest<T: Real>(&self, row: &[T]) -> f32 {
        let z = |(x, (c, i)): (&T, (&f64, &f64))| (x.to_f64() - c) * i;
        row.iter()
            .zip(self.center.iter().zip(&self.inverse))
            .map(z)
            .fold(f64::NEG_INFINITY, f64::max) as f32
    }

    /// `(x - center) / scale` of each feature.
    fn z<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        row.iter().zip(self.center.iter().zip(&self.inverse)).map(|(x, (c, i))| (x - c) * i)
    }
}

/// There is nothing to choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {}

/// Declares a detector that is a [`Scaled`], a score of the z-scores and each feature's part in it.
macro_rules! scaled_detector {
    ($(#[$meta:meta])* $name:ident, $fit:expr, $score:expr, $part:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct $name(pub Scaled);

        impl Sound for $name {
            fn is_sound(&self) -> bool {
                !self.0.center.is_empty() && self.0.center.len() == self.0.inverse.len()
            }
        }

        impl Detector for $name {
            type Options = Options;

            fn fit(reference: &Rows<'_>, _: &Options) -> Result<Self> {
                reference.expect_at_least(2, "a spread takes two")?;
                let fit: fn(&Rows<'_>) -> Scaled = $fit;
                Ok($name(fit(reference)))
            }

            fn features(&self) -> usize {
                self.0.features()
            }

            fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
                let score: fn(&mut dyn Iterator<Item = f64>, f64) -> f64 = $score;
                let p = self.0.features();
                for (row, out) in rows.chunks_exact(p).zip(scores) {
                    *out = score(&mut self.0.z(row), p as f64);
                }
            }

            fn parts(&self, row: &[f64], parts: &mut [f64]) -> bool {
                let part: fn(f64, f64) -> f64 = $part;
                let p = self.0.features() as f64;
                parts.iter_mut().zip(self.0.z(row)).for_each(|(out, z)| *out = part(z, p));
                true
            }
        }
    };
}

fn fit_moments(reference: &Rows<'_>) -> Scaled {
    let mut moments = Moments::new(reference.row(0).to_vec());
    moments.update(reference.values());
    Scaled::by_moments(&moments)
}

fn largest(z: &mut dyn Iterator<Item = f64>, _: f64) -> f64 {
    z.fold(0.0, |most, z| z.abs().max(most))
}

scaled_detector! {
    /// Root mean squared z-score over the features. `parts`: each feature's share in the mean
    /// square.
    Distance, fit_moments, |z, p| (z.map(|z| z * z).sum::<f64>() / p).sqrt(), |z, p| z * z / p
}
scaled_detector! {
    /// Largest absolute z-score over the features. `parts`: the absolute z-scores.
    ZScore, fit_moments, largest, |z, _| z.abs()
}
scaled_detector! {
    /// Largest absolute robust z-score over the features, by median and median absolute deviation.
    /// `parts`: all of them.
    RobustZ, |rows| Scaled::by_median(&rows.sorted_columns()), largest, |z, _| z.abs()
}
scaled_detector! {
    /// Interquartile ranges beyond the nearer quartile, largest over the features; negative inside
    /// the box. `parts`: of each feature.
    Iqr, |rows| Scaled::by_quartiles(&rows.sorted_columns()), |z, p| largest(z, p) - 0.5, |z, _| z.abs() - 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_kernel_is_the_definition(p in 1usize..50, n in 2usize..40, seed in any::<u32>(),
            bad in prop::option::of((any::<prop::sample::Index>(), any::<bool>()))) {
            let mut x: Vec<f32> = (0..p * n)
                .map(|i| ((i as u32).wrapping_mul(2_654_435_761) ^ seed) as f32 / 4e9 - 0.5)
                .collect();
            let reference = x.clone();
            if let Some((at, nan)) = bad {
                let at = at.index(x.len());
                x[at] = if nan { f32::NAN } else { f32::INFINITY };
            }
            let rows = Rows::from_values(reference.iter().map(|x| f64::from(*x)).collect(), p);
            let ZScore(by) = ZScore::fit(&rows, &Options {}).expect("finite");
            prop_assert_eq!(rows.len(), n);
            let (mut rms, mut largest) = (Vec::new(), Vec::new());
            by.measure(&x, &mut rms, &mut largest);
            for (j, row) in x.chunks(p).enumerate() {
                let z: Vec<f64> = row.iter().enumerate()
                    .map(|(k, x)| (f64::from(*x) - by.center[k]) * by.inverse[k]).collect();
                let finite = z.iter().all(|z| z.is_finite());
                let want_rms = if !finite { f64::NAN }
                    else { (z.iter().map(|z| z * z).sum::<f64>() / p as f64).sqrt() };
                let want_max = if finite { z.iter().fold(0.0f64, |a, z| a.max(z.abs())) }
                    else { f64::NAN };
                for (got, want) in [(rms[j], want_rms), (largest[j], want_max)] {
                    let close = (f64::from(got) - want).abs() <= 1e-6 * (1.0 + want.abs());
                    prop_assert!(close || (got.is_nan() && want.is_nan()), "{got} {want}");
                }
            }
        }
    }

    #[test]
    fn known_scores() {
        let reference = Rows::from_values((0..=100).map(f64::from).collect(), 1);
        let probe = [50.0, 75.0, 150.0];
        fn scores<D>(reference: &Rows<'_>, probe: &[f64]) -> Vec<f64>
        where
            D: Detector<Options: Default>,
        {
            let mut scores = vec![0.0; probe.len()];
            D::fit(reference, &D::Options::default()).expect("fits").score_rows(probe, &mut scores);
            scores
        }
        // Quartiles 25 and 75: 150 lies 75/50 = 1.5 ranges out. MAD is 25; standard deviation
        // sqrt(858.5).
        assert_eq!(scores::<Iqr>(&reference, &probe), [-0.5, 0.0, 1.5]);
        assert!((scores::<RobustZ>(&reference, &probe)[2] - 100.0 / (1.4826 * 25.0)).abs() < 1e-12);
        assert!((scores::<ZScore>(&reference, &probe)[2] - 100.0 / 858.5f64.sqrt()).abs() < 1e-12);
        assert!(
            (scores::<Distance>(&reference, &probe)[2] - 100.0 / 858.5f64.sqrt()).abs() < 1e-12
        );
    }
}
