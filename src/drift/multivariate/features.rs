//! Rows as vectors of features in which a kernel is a scalar product: a statistic then needs
//! nothing but two sums, and its p-value takes time and memory that do not grow with the square of
//! the rows.

use super::rows::Rows;
use crate::two_sample::Permutations;
use crate::{Error, Result};

/// Blocks into which the smaller sample is cut, where it has more rows.
const BLOCKS: usize = 1000;

/// The largest table that is made.
const MAX_BYTES: usize = 1 << 30;

fn add(sum: &mut [f64], x: &[f64]) {
    sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
}

/// Sums of features over blocks of rows, reference first.
///
/// A sample of more than [`BLOCKS`] rows is cut into blocks of as many rows, and whole blocks are
/// reassigned. Exchanging blocks is a group of permutations of the rows, so p-values are as exact
/// as with single rows (Hemerik & Goeman 2018, "Exact testing with random permutations", theorem
/// 1). Rows that fill no block stay where they are.
pub(super) struct Sums {
    width: usize,
    blocks: Vec<f64>,
    of_reference: usize,
    of_current: usize,
    /// Of each sample: the rows that fill no block.
    rest: [Vec<f64>; 2],
    /// Whether all rows have the same features: no reassignment then changes more than the
    /// rounding.
    constant: bool,
}

impl Sums {
    /// `fill` writes the `width` features of a row. Cost: one call of it a row.
    ///
    /// # Errors
    /// `InvalidArgument` naming the larger sample, before anything is allocated, where the table
    /// would take more than 1 GiB.
    pub(super) fn new(
        rows: &Rows,
        width: usize,
        mut fill: impl FnMut(&[f64], &mut [f64]),
    ) -> Result<Self> {
        let (m, n) = (rows.reference_size, rows.current_size);
        let size = (m.min(n) / BLOCKS).max(1);
        let (of_reference, of_current) = (m / size, n / size);
        let bytes = (of_reference + of_current).saturating_mul(8 * width);
        if bytes > MAX_BYTES {
            let (argument, was) = if m > n { ("reference", m) } else { ("current", n) };
            let most = MAX_BYTES / (8 * width) - m.min(n);
            let was = format!("{was} observations beside {}", m.min(n));
            let expected = format!(
                "at most {most} (the table would take {:.1} GB); thin it",
                bytes as f64 / 1e9
            );
            return Err(Error::invalid(argument, was, expected));
        }
        let mut blocks = vec![0.0; (of_reference + of_current) * width];
        let mut rest = [vec![0.0; width], vec![0.0; width]];
        let (mut features, mut first, mut constant) = (vec![0.0; width], Vec::new(), true);
        for k in 0..rows.len() {
            fill(rows.row(k), &mut features);
            if k == 0 {
                first.clone_from(&features);
            }
            constant = constant && features == first;
            let (sample, at, count) =
                if k < m { (0, k, of_reference) } else { (1, k - m, of_current) };
            let into = if at / size < count {
                let block = at / size + sample * of_reference;
                &mut blocks[block * width..(block + 1) * width]
            } else {
                &mut rest[sample]
            };
            add(into, &features);
        }
        Ok(Sums { width, blocks, of_reference, of_current, rest, constant })
    }

    /// The sums over all rows of the reference, and of the current sample.
    pub(super) fn of_samples(&self) -> [Vec<f64>; 2] {
        let (reference, current) = self.blocks.split_at(self.of_reference * self.width);
        let mut sums = self.rest.clone();
        for (sum, blocks) in sums.iter_mut().zip([reference, current]) {
            blocks.chunks_exact(self.width).for_each(|block| add(sum, block));
        }
        sums
    }

    /// The statistic of the reference's sum and the current sample's, and its p-value by
    /// reassignment. Cost: O(draws · width · 2000) at most.
    pub(super) fn test(
        &self,
        permutations: Permutations,
        statistic: impl Fn(&[f64], &[f64]) -> f64,
    ) -> (f64, f64) {
        let block = |k: u32| &self.blocks[k as usize * self.width..(k as usize + 1) * self.width];
        let [reference, current] = self.of_samples();
        let observed = statistic(&reference, &current);
        if self.constant {
            return (observed, 1.0);
        }
        let all: Vec<f64> = reference.iter().zip(&current).map(|(r, c)| r + c).collect();
        let (size, to) = (
            self.of_reference + self.of_current,
            usize::from(self.of_current <= self.of_reference),
        );
        let fewer = self.of_reference.min(self.of_current);
        let (mut sum, mut other) = (vec![0.0; self.width], vec![0.0; self.width]);
        let p_value = permutations.p_value_of_rows(observed, size, fewer, |chosen| {
            sum.copy_from_slice(&self.rest[to]);
            chosen.iter().for_each(|k| add(&mut sum, block(*k)));
            other
                .iter_mut()
                .zip(all.iter().zip(&sum))
                .for_each(|(other, (all, sum))| *other = all - sum);
            if to == 0 { statistic(&sum, &other) } else { statistic(&other, &sum) }
        });
        (observed, p_value)
    }
}
