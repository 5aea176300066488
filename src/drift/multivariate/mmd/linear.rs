//! MMD in linear time: the mean of what pairs of rows say, each row in one pair.

use crate::drift::multivariate::rows::{Rows, squared_distance};
use crate::stats::normal;
use crate::stats::random::SplitMix64;

/// Observations of each sample, at least: the null distribution is that of the mean of many pairs.
pub(super) const LEAST: usize = 100;

/// The statistic and its p-value: the mean of k(x, x') + k(y, y') - k(x, y') - k(x', y), one-sided against its own standard
/// error.
pub(super) fn test(rows: &Rows) -> (f64, f64) {
    let median = rows.median_square();
    let kernel = |i: usize, j: usize| (-squared_distance(rows.row(i), rows.row(j)) / median).exp();
    // Neighbours in a sorted sample are alike: pairs are drawn.
    let reference = shuffled(rows.reference_size);
    let current: Vec<usize> = shuffled(rows.current_size).into_iter().map(|k| k + rows.reference_size).collect();
    let pairs = reference.chunks_exact(2).zip(current.chunks_exact(2));
    let said: Vec<f64> =
        pairs.map(|(x, y)| kernel(x[0], x[1]) + kernel(y[0], y[1]) - kernel(x[0], y[1]) - kernel(x[1], y[0])).collect();
    let count = said.len() as f64;
    let mean = said.iter().sum::<f64>() / count;
    let variance = said.iter().map(|h| (h - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let error = (variance / count).sqrt();
    // Pairs that all say the same: the samples are constants, equal or not.
    let p_value = if error > 0.0 { normal::sf(mean / error) } else { f64::from(u8::from(mean <= 0.0)) };
    (mean, p_value)
}

fn shuffled(size: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..size).collect();
    let mut random = SplitMix64::new(0);
    for place in 0..size {
        let other = place + random.below(size - place);
        order.swap(place, other);
    }
    order
}
