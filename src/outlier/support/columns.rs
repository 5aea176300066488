//! Sorted values: of each feature, and their quantiles.

use crate::parallel;

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
    let mut columns = vec![Vec::new(); features];
    // Some twenty steps a number.
    parallel::for_pieces(&mut columns, 1, 20 * rows.len() / features.max(1), |first, columns| {
        for (k, column) in columns.iter_mut().enumerate() {
            *column = rows.chunks_exact(features).map(|row| row[first + k]).collect();
            column.sort_unstable_by(f64::total_cmp);
        }
    });
    columns
}
