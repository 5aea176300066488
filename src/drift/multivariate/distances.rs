//! The matrix of all pairwise values, computed once and re-indexed by every reassignment.

use super::rows::{Rows, squared_distance};
use crate::drift::two_sample::Permutations;
use crate::{Error, Result};

/// The largest matrix that is made.
const MOST_BYTES: usize = 1 << 30;

/// A symmetric matrix over all rows of both samples.
pub(super) struct Pairwise {
    values: Vec<f64>,
    size: usize,
}

impl Pairwise {
    /// Squared Euclidean distances. Cost: O(N² d) and 8 N² bytes.
    ///
    /// # Errors
    /// `InvalidArgument` naming `current`, before anything is allocated, where the matrix would take more than 1 GiB.
    pub(super) fn squared_distances(rows: &Rows) -> Result<Self> {
        let size = rows.len();
        let bytes = size.checked_mul(size).and_then(|cells| cells.checked_mul(8)).unwrap_or(usize::MAX);
        if bytes > MOST_BYTES {
            let was = format!("{} and {} observations", rows.reference_size, rows.current_size);
            let expected = format!(
                "at most 11585 in both samples together (this matrix of all pairs would take {:.1} GB); thin them",
                bytes as f64 / 1e9
            );
            return Err(Error::invalid("current", was, expected));
        }
        let mut values = vec![0f64; size * size];
        for i in 0..size {
            for j in 0..i {
                let square = squared_distance(rows.row(i), rows.row(j));
                values[i * size + j] = square;
                values[j * size + i] = square;
            }
        }
        Ok(Pairwise { values, size })
    }

    pub(super) fn map(&mut self, f: impl Fn(f64) -> f64) {
        self.values.iter_mut().for_each(|v| *v = f(*v));
    }

    /// The median over all pairs of different rows.
    pub(super) fn median(&self) -> f64 {
        let size = self.size;
        let mut pairs: Vec<f64> = (1..size).flat_map(|i| self.values[i * size..i * size + i].iter().copied()).collect();
        let middle = pairs.len() / 2;
        *pairs.select_nth_unstable_by(middle, f64::total_cmp).1
    }

    /// Each row's sum over all other rows.
    pub(super) fn row_sums(&self) -> Vec<f64> {
        let sum = |(i, row): (usize, &[f64])| row.iter().sum::<f64>() - row[i];
        self.values.chunks_exact(self.size).enumerate().map(sum).collect()
    }

    /// Sums over the pairs of different rows within the rest, within `chosen` (each pair twice), and between both (once).
    /// Cost: O(chosen²), given the row sums.
    pub(super) fn sums(&self, chosen: &[u32], row_sums: &[f64]) -> [f64; 3] {
        let (mut within, mut rows) = (0.0, 0.0);
        for (k, &i) in chosen.iter().enumerate() {
            let row = &self.values[i as usize * self.size..];
            within += 2.0 * chosen[..k].iter().map(|&j| row[j as usize]).sum::<f64>();
            rows += row_sums[i as usize];
        }
        let between = rows - within;
        [row_sums.iter().sum::<f64>() - within - 2.0 * between, within, between]
    }
}

impl Pairwise {
    /// A statistic of the three sums and of both sizes, its p-value by reassignment, and the sums observed.
    pub(super) fn test(
        &self,
        rows: &Rows,
        permutations: Permutations,
        statistic: impl Fn([f64; 3], f64, f64) -> f64,
    ) -> (f64, f64, [f64; 3]) {
        let (m, n) = (rows.reference_size, rows.current_size);
        let row_sums = self.row_sums();
        let current: Vec<u32> = (m as u32..self.size as u32).collect();
        let sums = self.sums(&current, &row_sums);
        let observed = statistic(sums, m as f64, n as f64);
        let p_value = permutations.p_value_of_rows(observed, self.size, m.min(n), |chosen| {
            let [rest, within, between] = self.sums(chosen, &row_sums);
            let sums = if m < n { [within, rest, between] } else { [rest, within, between] };
            statistic(sums, m as f64, n as f64)
        });
        (observed, p_value, sums)
    }
}
