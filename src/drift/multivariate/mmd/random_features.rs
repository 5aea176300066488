//! MMD by random Fourier features: the kernel is the mean of cos(w'(x - y)) over normal frequencies
//! w, so that a row becomes cosines and sines, and a sample their sum.

use crate::Result;
use crate::multivariate::features::Sums;
use crate::multivariate::rows::Rows;
use crate::stats::normal;
use crate::stats::random::SplitMix64;
use crate::two_sample::Permutations;

/// Frequencies; a row has two features of each.
const FREQUENCIES: usize = 128;

/// The statistic and its p-value.
pub(super) fn test(rows: &Rows, permutations: Permutations) -> Result<(f64, f64)> {
    // exp(-‖x - y‖²/s) is the characteristic function of normal frequencies of variance 2/s.
    let scale = (2.0 / rows.median_square()).sqrt();
    let mut random = SplitMix64::new(2);
    let frequencies: Vec<f64> = (0..FREQUENCIES * rows.features)
        .map(|_| Ok(scale * normal::quantile(random.uniform())?))
        .collect::<Result<_>>()?;
    let norm = (1.0 / FREQUENCIES as f64).sqrt();
    let sums = Sums::new(rows, 2 * FREQUENCIES, |row, features| {
        for (w, feature) in
            frequencies.chunks_exact(rows.features).zip(features.chunks_exact_mut(2))
        {
            let (sin, cos) = w.iter().zip(row).map(|(w, x)| w * x).sum::<f64>().sin_cos();
            (feature[0], feature[1]) = (norm * cos, norm * sin);
        }
    })?;
    let (m, n) = (rows.reference_size as f64, rows.current_size as f64);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    // A row's product with itself is 1.
    let within = |sum: &[f64], size: f64| (dot(sum, sum) - size) / (size * (size - 1.0));
    Ok(sums.test(permutations, |x, y| within(x, m) + within(y, n) - 2.0 * dot(x, y) / (m * n)))
}
