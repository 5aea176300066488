//! The matrix of all pairwise values, computed once; [`sums`] are what every reassignment takes of
//! it.

mod sums;

use std::ops::Range;

use super::rows::Rows;
use super::selection::Selection;
use crate::parallel::for_pieces;
use crate::simd::{Lanes, Real, WIDTH, multiversion};
use crate::{Error, Result};

/// The largest matrix that is made.
const MAX_BYTES: usize = 1 << 30;

/// Parts of about equal size that threads take: the same for any number of them, and so are all
/// sums.
const BANDS: usize = 16;

/// A symmetric matrix over all rows of both samples, of which the lower triangle is kept: panels of
/// eight rows, each a column after the other up to its diagonal. What is no pair of two different
/// rows is 0.
pub(super) struct Pairwise {
    panels: Vec<Lanes>,
    size: usize,
}

/// Where panel `p` begins.
fn start(p: usize) -> usize {
    WIDTH * p * (p + 1) / 2
}

impl Pairwise {
    /// Squared Euclidean distances, each summed feature by feature. Cost: O(N² d) and 4 N² bytes.
    ///
    /// # Errors
    /// `InvalidArgument` naming `current`, before anything is allocated, where the matrix would
    /// take more than 1 GiB.
    pub(super) fn squared_distances(rows: &Rows) -> Result<Self> {
        let (size, features) = (rows.len(), rows.features);
        let count = size.div_ceil(WIDTH);
        let bytes = count
            .checked_mul(count + 1)
            .and_then(|pairs| pairs.checked_mul(WIDTH / 2 * size_of::<Lanes>()));
        let bytes = bytes.unwrap_or(usize::MAX);
        if bytes > MAX_BYTES {
            let was = format!("{} and {} observations", rows.reference_size, rows.current_size);
            let expected = format!(
                "at most 16376 in both samples together (this matrix of all pairs would take {:.1} GB); thin them",
                bytes as f64 / 1e9
            );
            return Err(Error::invalid("current", was, expected));
        }
        let mut tiles = vec![Lanes::splat(0.0); count * features];
        for i in 0..size {
            let tile = &mut tiles[i / WIDTH * features..][..features];
            tile.iter_mut().zip(rows.row(i)).for_each(|(lanes, x)| lanes.0[i % WIDTH] = *x);
        }
        let mut pairwise = Pairwise { panels: vec![Lanes::splat(0.0); start(count)], size };
        pairwise.for_panels(features, |p, panel| {
            let own = &tiles[p * features..][..features];
            squares::<f64>(own, &tiles, panel);
        });
        Ok(pairwise)
    }

    /// Replaces the values, eight rows at a time; `cost` in multiplications a value.
    pub(super) fn map(&mut self, cost: usize, f: impl Fn(&mut [Lanes]) + Sync) {
        self.for_panels(cost, |_, panel| f(panel));
    }

    fn count(&self) -> usize {
        self.size.div_ceil(WIDTH)
    }

    /// Panels of each band.
    fn bands(&self) -> Vec<Range<usize>> {
        let edge = |band: usize| {
            (self.count() as f64 * (band as f64 / BANDS as f64).sqrt()).round() as usize
        };
        (0..BANDS).map(|band| edge(band)..edge(band + 1)).collect()
    }

    /// Multiplications of a band where a value costs so many.
    fn work(&self, cost: usize) -> usize {
        (self.panels.len() * WIDTH / BANDS).saturating_mul(cost)
    }

    fn for_panels(&mut self, cost: usize, work: impl Fn(usize, &mut [Lanes]) + Sync) {
        let (each, size, bands) = (self.work(cost), self.size, self.bands());
        let mut rest = self.panels.as_mut_slice();
        let mut parts: Vec<(Range<usize>, &mut [Lanes])> = Vec::with_capacity(BANDS);
        for band in bands {
            let (part, others) = rest.split_at_mut(start(band.end) - start(band.start));
            parts.push((band, part));
            rest = others;
        }
        for_pieces(&mut parts, 1, each, |_, parts| {
            for (band, part) in parts {
                let mut part = &mut part[..];
                for p in band.clone() {
                    let (panel, others) = part.split_at_mut(WIDTH * (p + 1));
                    work(p, panel);
                    clear(p, panel, size);
                    part = others;
                }
            }
        });
    }

    /// What `work` makes of every band, in their order.
    fn of_bands<T: Send>(
        &self,
        cost: usize,
        work: impl Fn(Range<usize>) -> T + Sync,
    ) -> impl Iterator<Item = T> {
        let bands = self.bands();
        let mut made: Vec<Option<T>> = bands.iter().map(|_| None).collect();
        for_pieces(&mut made, 1, self.work(cost), |first, made| {
            for (made, band) in made.iter_mut().zip(&bands[first..]) {
                *made = Some(work(band.clone()));
            }
        });
        made.into_iter().flatten()
    }

    fn panel(&self, p: usize) -> &[Lanes] {
        &self.panels[start(p)..start(p + 1)]
    }

    /// The value of two different rows.
    fn at(&self, i: usize, j: usize) -> f64 {
        let (i, j) = (i.max(j), i.min(j));
        self.panels[start(i / WIDTH) + j].0[i % WIDTH]
    }

    /// The median over all pairs of different rows: the upper one where there are two.
    pub(super) fn median(&self) -> f64 {
        let count = self.size * (self.size - 1) / 2;
        let mut random = crate::stats::random::SplitMix64::new(self.size as u64);
        let selection = Selection::new(count, count / 2, || {
            let (i, j) = (random.below(self.size), random.below(self.size - 1));
            self.at(i, j + usize::from(j >= i))
        });
        let pairs = |p: usize| {
            let rows = (self.size - p * WIDTH).min(WIDTH);
            self.panel(p).iter().enumerate().flat_map(move |(j, lanes)| {
                let first = (j + 1).saturating_sub(p * WIDTH);
                lanes.0[first.min(rows)..rows].iter().copied()
            })
        };
        let parts = self.of_bands(2, |band| {
            let mut part = selection.part();
            band.for_each(|p| pairs(p).for_each(|value| part.push(value)));
            part
        });
        selection.find(parts).unwrap_or_else(|| {
            let mut all: Vec<f64> = (0..self.count()).flat_map(pairs).collect();
            *all.select_nth_unstable_by(count / 2, f64::total_cmp).1
        })
    }

    /// Each row's sum over all other rows.
    pub(super) fn row_sums(&self) -> Vec<f64> {
        let padded = self.count() * WIDTH;
        let mut sums = vec![0.0; padded];
        for part in self.of_bands(2, |band| {
            let mut sums = vec![0.0; padded];
            for p in band {
                let mut own = Lanes::splat(0.0);
                for (j, lanes) in self.panel(p).iter().enumerate() {
                    own = own + *lanes;
                    let [a, b, c, d, e, f, g, h] = lanes.0;
                    sums[j] += ((a + b) + (c + d)) + ((e + f) + (g + h));
                }
                sums[p * WIDTH..][..WIDTH].iter_mut().zip(own.0).for_each(|(sum, own)| *sum += own);
            }
            sums
        }) {
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        sums.truncate(self.size);
        sums
    }
}

/// What is no pair: the diagonal and beyond, and rows that are not there.
fn clear(p: usize, panel: &mut [Lanes], size: usize) {
    for (j, lanes) in panel[p * WIDTH..].iter_mut().enumerate() {
        lanes.0[..=j].fill(0.0);
    }
    let rows = (size - p * WIDTH).min(WIDTH);
    if rows < WIDTH {
        panel.iter_mut().for_each(|lanes| lanes.0[rows..].fill(0.0));
    }
}

multiversion! {
    /// Of the rows of one tile with those of the first tiles.
    fn squares(own: &[Lanes], tiles: &[Lanes], panel: &mut [Lanes]) -> () = squares_body
}

// Without fused multiplication, so that all machines find the same.
#[allow(clippy::extra_unused_type_parameters, reason = "the form that `multiversion!` calls")]
#[inline(always)]
fn squares_body<T: Real, const FMA: bool>(own: &[Lanes], tiles: &[Lanes], panel: &mut [Lanes]) {
    for (eight, tile) in panel.chunks_exact_mut(WIDTH).zip(tiles.chunks_exact(own.len())) {
        for (half, four) in eight.chunks_exact_mut(4).enumerate() {
            let mut sums = [Lanes::splat(0.0); 4];
            for (x, y) in own.iter().zip(tile) {
                for (c, sum) in sums.iter_mut().enumerate() {
                    let difference = *x - Lanes::splat(y.0[4 * half + c]);
                    *sum = difference.fma::<false>(difference, *sum);
                }
            }
            four.copy_from_slice(&sums);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::multivariate::rows::squared_distance;
    use crate::tensor::{Elements, Tensor};
    use crate::testing::Random;

    pub(super) fn rows(m: usize, n: usize, features: usize, seed: u64) -> Rows {
        let mut random = Random(seed);
        let [a, b] = [m, n].map(|size| random.normals(size * features));
        let tensor = |values, size| Tensor::new(Elements::F64(values), size).unwrap();
        Rows::new(&tensor(&a, m), &tensor(&b, n), 1).unwrap()
    }

    #[test]
    fn values_and_medians_are_those_of_all_pairs() {
        for (m, n, features) in [(1, 1, 1), (2, 5, 3), (4, 4, 1), (17, 23, 9), (70, 61, 2)] {
            let rows = rows(m, n, features, (m + 100 * n) as u64);
            let pairwise = Pairwise::squared_distances(&rows).unwrap();
            let mut pairs: Vec<f64> = Vec::new();
            for i in 0..m + n {
                for j in 0..i {
                    pairs.push(squared_distance(rows.row(i), rows.row(j)));
                    assert_eq!(pairwise.at(j, i), pairs[pairs.len() - 1]);
                }
            }
            pairs.sort_by(f64::total_cmp);
            assert_eq!(pairwise.median(), pairs[pairs.len() / 2]);
        }
    }

    #[test]
    fn medians_of_many_pairs_equal_ones_too() {
        for step in [0.0, 0.5, 1.0] {
            let mut random = Random(9);
            let mut values = random.normals(600);
            if step > 0.0 {
                values.iter_mut().for_each(|x| *x = (*x / step).round() * step);
            }
            let tensor = Tensor::new(Elements::F64(&values), 600).unwrap();
            let rows = Rows::new(&tensor, &tensor, 1).unwrap();
            let mut pairs: Vec<f64> = (0..1200)
                .flat_map(|i| (0..i).map(move |j| (i, j)))
                .map(|(i, j)| squared_distance(rows.row(i), rows.row(j)))
                .collect();
            pairs.sort_by(f64::total_cmp);
            assert_eq!(
                Pairwise::squared_distances(&rows).unwrap().median(),
                pairs[pairs.len() / 2]
            );
        }
    }
}
