//! Covariance shrunk towards a multiple of the identity (Ledoit and Wolf 2004, "A well-conditioned
//! estimator for large-dimensional covariance matrices", section 3.3).

use super::Estimate;
use crate::Rows;

/// The estimate and how far it was shrunk, from 0 (the sample's covariance) to 1 (a multiple of the
/// identity).
#[must_use]
pub fn estimate(rows: &Rows<'_>) -> (Estimate, f64) {
    let (n, p) = (rows.len() as f64, rows.features() as f64);
    let mean = rows.means();
    let mut covariance = rows.covariance(&mean);
    let average = covariance.diag().sum() / p;
    // In the paper's norm, which divides by p: d^2 = |S - average I|^2, b^2 = the mean over rows of
    // |x x' - S|^2, over n.
    let squares: f64 = covariance.iter().map(|c| c * c).sum();
    let spread = (squares - p * average * average) / p;
    let fourth: f64 = rows
        .iter()
        .map(|row| row.iter().zip(&mean).map(|(x, m)| (x - m) * (x - m)).sum::<f64>().powi(2))
        .sum();
    let noise = (fourth / n - squares) / (p * n);
    let shrinkage = if noise > 0.0 { (noise / spread).min(1.0) } else { 0.0 };
    covariance *= 1.0 - shrinkage;
    covariance.diag_mut().iter_mut().for_each(|c| *c += shrinkage * average);
    (Estimate { mean, covariance }, shrinkage)
}
