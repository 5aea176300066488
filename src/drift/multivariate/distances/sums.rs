//! Sums over the pairs within and between two groups of rows, and the test that compares them over
//! reassignments.

use super::Pairwise;
use crate::multivariate::rows::Rows;
use crate::simd::{Lanes, WIDTH, add_subsets};
use crate::two_sample::{Permutations, Subsets};

/// Of more rows than one in so many, sums are faster by subsets than pair by pair.
const DENSE: usize = 8;

impl Pairwise {
    /// Sums over the pairs of different rows within the rest, within `chosen` (each pair twice),
    /// and between both (once). Cost: O(chosen²), given the row sums.
    fn sums(&self, chosen: &[u32], row_sums: &[f64]) -> [f64; 3] {
        let (mut within, mut rows) = (0.0, 0.0);
        for (k, &i) in chosen.iter().enumerate() {
            within += chosen[..k].iter().map(|&j| self.at(i as usize, j as usize)).sum::<f64>();
            rows += row_sums[i as usize];
        }
        three(2.0 * within, rows, row_sums.iter().sum())
    }

    /// The same for many choices. Cost: O(N²/128) each, whatever their size.
    fn sums_of_subsets(&self, subsets: &Subsets, row_sums: &[f64]) -> Vec<[f64; 3]> {
        let Subsets { draws, masks } = subsets;
        let mut sums = vec![(0.0, 0.0); *draws];
        for part in self.of_bands(draws.div_ceil(WIDTH), |band| {
            let mut part = vec![(0.0, 0.0); *draws];
            let mut columns = vec![Lanes::splat(0.0); *draws];
            for p in band {
                columns.fill(Lanes::splat(0.0));
                for (columns_of, masks) in
                    self.panel(p).chunks(32).zip(masks.chunks_exact(4 * draws))
                {
                    add_subsets(columns_of, masks, &mut columns);
                }
                let mut of_rows = Lanes::splat(0.0);
                of_rows
                    .0
                    .iter_mut()
                    .zip(&row_sums[p * WIDTH..])
                    .for_each(|(lane, sum)| *lane = *sum);
                let masks = &masks[p * draws..][..*draws];
                for (((within, rows), columns), mask) in part.iter_mut().zip(&columns).zip(masks) {
                    for l in 0..WIDTH {
                        let chosen = f64::from(mask >> l & 1);
                        *within += chosen * columns.0[l];
                        *rows += chosen * of_rows.0[l];
                    }
                }
            }
            part
        }) {
            sums.iter_mut()
                .zip(part)
                .for_each(|(sum, part)| *sum = (sum.0 + part.0, sum.1 + part.1));
        }
        let all = row_sums.iter().sum();
        sums.into_iter().map(|(within, rows)| three(2.0 * within, rows, all)).collect()
    }

    /// A statistic of the three sums and of both sizes, its p-value by reassignment, and the sums
    /// observed.
    pub(in crate::multivariate) fn test(
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
        let fewer = m.min(n);
        let of = |[rest, within, between]: [f64; 3]| {
            let sums = if m < n { [within, rest, between] } else { [rest, within, between] };
            statistic(sums, m as f64, n as f64)
        };
        let p_value = if fewer > self.size / DENSE {
            permutations.p_value_of_subsets(observed, self.size, fewer, |subsets| {
                self.sums_of_subsets(subsets, &row_sums).into_iter().map(of).collect()
            })
        } else {
            permutations.p_value_of_rows(observed, self.size, fewer, |chosen| {
                of(self.sums(chosen, &row_sums))
            })
        };
        (observed, p_value, sums)
    }
}

fn three(within: f64, rows: f64, all: f64) -> [f64; 3] {
    let between = rows - within;
    [all - within - 2.0 * between, within, between]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::rows;
    use super::*;
    use crate::multivariate::rows::squared_distance;

    /// All pairs, one by one.
    fn naive(rows: &Rows, chosen: &[u32]) -> [f64; 3] {
        let mut sums = [0.0; 3];
        for i in 0..rows.len() {
            for j in (0..rows.len()).filter(|j| *j != i) {
                let value = squared_distance(rows.row(i), rows.row(j));
                match (chosen.contains(&(i as u32)), chosen.contains(&(j as u32))) {
                    (false, false) => sums[0] += value,
                    (true, true) => sums[1] += value,
                    (true, false) => sums[2] += value,
                    (false, true) => {}
                }
            }
        }
        sums
    }

    #[test]
    fn sums_are_those_of_all_pairs() {
        for (m, n, features) in [(1, 1, 1), (2, 5, 3), (4, 4, 1), (17, 23, 9), (70, 61, 2)] {
            let rows = rows(m, n, features, (m + 100 * n) as u64);
            let pairwise = Pairwise::squared_distances(&rows).unwrap();
            let row_sums = pairwise.row_sums();
            let near = |fast: [f64; 3], slow: [f64; 3]| {
                assert!(
                    fast.iter().zip(slow).all(|(f, s)| (f - s).abs() < 1e-11 * row_sums[0] * 99.0),
                    "{fast:?} {slow:?}"
                );
            };
            let fewer = m.min(n);
            let permutations = Permutations { draws: 40, seed: 3 };
            let mut all: Vec<Vec<u32>> = Vec::new();
            permutations.p_value_of_rows(1.0, m + n, fewer, |chosen| {
                near(pairwise.sums(chosen, &row_sums), naive(&rows, chosen));
                all.push(chosen.to_vec());
                0.0
            });
            permutations.p_value_of_subsets(1.0, m + n, fewer, |subsets| {
                let sums = pairwise.sums_of_subsets(subsets, &row_sums);
                sums.iter().zip(&all).for_each(|(sums, chosen)| near(*sums, naive(&rows, chosen)));
                assert_eq!(sums.len(), 40);
                vec![0.0; 40]
            });
        }
    }
}
