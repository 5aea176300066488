//! MMD in linear time: the mean of what pairs of rows say, each row in one pair.

use crate::multivariate::rows::{Rows, squared_distance};
use crate::stats::normal;

/// Observations of each sample, at least: the null distribution is that of the mean of many pairs.
pub(super) const MIN: usize = 100;

/// The statistic and its p-value, of rows whose order is that of their content (neighbors in a
/// sorted sample would be alike): the mean of k(x, x') + k(y, y') - k(x, y') - k(x', y), one-sided
/// against its own standard error.
pub(super) fn test(rows: &Rows) -> (f64, f64) {
    let median = rows.median_square();
    let kernel = |i: usize, j: usize| (-squared_distance(rows.row(i), rows.row(j)) / median).exp();
    let pairs = rows.reference_size.min(rows.current_size) / 2;
    let said: Vec<f64> = (0..pairs)
        .map(|pair| (2 * pair, rows.reference_size + 2 * pair))
        .map(|(x, y)| kernel(x, x + 1) + kernel(y, y + 1) - kernel(x, y + 1) - kernel(x + 1, y))
        .collect();
    let count = said.len() as f64;
    let mean = said.iter().sum::<f64>() / count;
    let variance = said.iter().map(|h| (h - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let error = (variance / count).sqrt();
    // Pairs that all say the same: the samples are constants, equal or not.
    let p_value =
        if error > 0.0 { normal::sf(mean / error) } else { f64::from(u8::from(mean <= 0.0)) };
    (mean, p_value)
}
