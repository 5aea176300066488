//! Exact search: blocks of points that stay in the cache against groups of queries, eight points side by side.

use serde::{Deserialize, Serialize};

use super::Metric;
use super::nearest::{Nearest, Neighbour};
use crate::error::{Error, Result};
use crate::outlier::Rows;
use crate::outlier::support::{memory, packed};
use crate::parallel;
use crate::simd::{Lanes, Real, WIDTH, multiversion};

/// Points in tiles of eight: within a tile feature by feature, so that eight distances are one instruction a step. The
/// distance is the sum of squared differences itself, not `|x|^2 - 2 x y + |y|^2`, which loses digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct Exact {
    metric: Metric,
    features: usize,
    len: usize,
    tiles: Vec<f64>,
}

/// Queries that share what was read of the points.
const ABREAST: usize = 4;

/// Bytes of points in a block.
const BLOCK: usize = 1 << 14;

impl Exact {
    /// Of the reference's observations; a copy of 8 bytes a value.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they do not fit into memory, or are more than four thousand million.
    pub fn new(reference: &Rows<'_>, metric: Metric) -> Result<Self> {
        let mut exact = Exact { metric, features: reference.features(), len: 0, tiles: Vec::new() };
        exact.push(reference.values())?;
        Ok(exact)
    }

    /// Adds points, feature fastest.
    ///
    /// # Errors
    /// As [`Exact::new`].
    pub fn push(&mut self, rows: &[f64]) -> Result<()> {
        let p = self.features;
        let len = self.len + rows.len() / p;
        if u32::try_from(len).is_err() {
            return Err(Error::invalid("reference", format!("{len} observations"), "fewer than 2^32"));
        }
        let cells = len.div_ceil(WIDTH) * WIDTH * p;
        if cells > self.tiles.capacity() {
            memory::expect_room("reference", cells - self.tiles.len(), 8, "points to search in")?;
        }
        self.tiles.resize(cells, 0.0);
        for (i, row) in rows.chunks_exact(p).enumerate() {
            let (tile, lane) = ((self.len + i) / WIDTH, (self.len + i) % WIDTH);
            let scale = self.scale(row);
            for (k, x) in row.iter().enumerate() {
                self.tiles[(tile * p + k) * WIDTH + lane] = x * scale;
            }
        }
        self.len = len;
        Ok(())
    }

    /// Has these points instead, which came from here.
    pub(super) fn replace(&mut self, rows: Vec<f64>) -> Result<()> {
        let saved = Saved { metric: self.metric, features: self.features, points: rows };
        *self = saved.try_into()?;
        Ok(())
    }

    /// What a row is multiplied by before its products are taken.
    pub(super) fn scale(&self, row: &[f64]) -> f64 {
        if self.metric != Metric::Cosine {
            return 1.0;
        }
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm > 0.0 { 1.0 / norm } else { 1.0 }
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of features.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features
    }

    /// What near means.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Point `i`, of length 1 for [`Metric::Cosine`].
    #[must_use]
    pub fn point(&self, i: usize) -> Vec<f64> {
        let (tile, lane) = (i / WIDTH, i % WIDTH);
        (0..self.features).map(|k| self.tiles[(tile * self.features + k) * WIDTH + lane]).collect()
    }

    /// All points, one after the other.
    #[must_use]
    pub fn rows(&self) -> Vec<f64> {
        (0..self.len).flat_map(|i| self.point(i)).collect()
    }

    /// The `k` nearest of each row: see [`super::Index::search`]. On the calling thread.
    #[must_use]
    pub fn search(&self, rows: &[f64], k: usize) -> Vec<Neighbour> {
        let mut found = Vec::with_capacity(rows.len() / self.features * k);
        self.each(rows, k, |nearest| found.extend(nearest.into_sorted()));
        found
    }

    /// The `k` nearest of every point but the point itself, on all threads.
    #[must_use]
    pub fn search_self(&self, k: usize) -> Vec<Neighbour> {
        let mut found = vec![Neighbour { distance: 0.0, index: 0 }; self.len * k];
        parallel::for_pieces(&mut found, k, self.features.saturating_mul(self.len), |first, piece| {
            let rows: Vec<f64> = (first..first + piece.len() / k).flat_map(|i| self.point(i)).collect();
            let mut out = piece.chunks_mut(k).enumerate();
            self.each(&rows, k + 1, |nearest| {
                if let Some((i, out)) = out.next() {
                    let others = nearest.into_sorted().into_iter().filter(|n| n.index as usize != first + i);
                    out.iter_mut().zip(others).for_each(|(out, n)| *out = n);
                }
            });
        });
        found
    }

    /// Distances from `row` to all points, in order.
    pub fn distances(&self, row: &[f64], out: &mut Vec<f64>) {
        let scale = self.scale(row);
        let row: Vec<f64> = row.iter().map(|x| x * scale).collect();
        out.clear();
        out.resize(self.len.div_ceil(WIDTH) * WIDTH, 0.0);
        measure(&self.tiles, &row, self.metric == Metric::Euclidean, out);
        out.truncate(self.len);
        let finish = self.finish();
        out.iter_mut().for_each(|d| *d = finish(*d));
    }

    /// The distance from `row` to point `i`.
    #[must_use]
    pub fn distance(&self, row: &[f64], i: usize) -> f64 {
        let (scale, tile, lane) = (self.scale(row), i / WIDTH, i % WIDTH);
        let points = self.tiles[tile * self.features * WIDTH..].chunks_exact(WIDTH).map(|tile| tile[lane]);
        let pairs = row.iter().map(|x| x * scale).zip(points);
        let sum: f64 = match self.metric {
            Metric::Euclidean => pairs.map(|(a, b)| (a - b) * (a - b)).sum(),
            Metric::Cosine | Metric::InnerProduct => pairs.map(|(a, b)| -a * b).sum(),
        };
        self.finish()(sum)
    }

    /// From what the kernels keep (squared distance, or minus the product) to the metric's units.
    fn finish(&self) -> fn(f64) -> f64 {
        match self.metric {
            Metric::Euclidean => f64::sqrt,
            Metric::Cosine => |d| (1.0 + d).max(0.0),
            Metric::InnerProduct => |d| d,
        }
    }

    fn each(&self, rows: &[f64], k: usize, mut take: impl FnMut(Nearest)) {
        let p = self.features;
        let tile = p * WIDTH;
        let block = (BLOCK / (8 * tile)).max(1) * tile;
        // Queries in groups of a thousand, so that the block of points is read again from the cache.
        for rows in rows.chunks(1024 * p) {
            let n = rows.len() / p;
            // Whole groups; the last one is filled up and what is found for the filling dropped.
            let mut queries = vec![0.0; n.next_multiple_of(ABREAST) * p];
            for (row, query) in rows.chunks_exact(p).zip(queries.chunks_exact_mut(p)) {
                let scale = self.scale(row);
                query.iter_mut().zip(row).for_each(|(q, x)| *q = x * scale);
            }
            let mut nearest: Vec<Nearest> = (0..n.next_multiple_of(ABREAST)).map(|_| Nearest::new(k)).collect();
            let mut first = 0;
            for tiles in self.tiles.chunks(block) {
                search(tiles, &queries, p, first, self.len, self.metric == Metric::Euclidean, &mut nearest);
                first += tiles.len() / tile * WIDTH;
            }
            nearest.truncate(n);
            let finish = self.finish();
            for mut nearest in nearest {
                nearest.map(finish);
                take(nearest);
            }
        }
    }
}

multiversion! {
    fn search(tiles: &[T], queries: &[T], p: usize, first: usize, len: usize, squared: bool, nearest: &mut [Nearest]) -> () = search_body
}

#[inline(always)]
fn search_body<T: Real, const FMA: bool>(
    tiles: &[T],
    queries: &[T],
    p: usize,
    first: usize,
    len: usize,
    squared: bool,
    nearest: &mut [Nearest],
) {
    for (queries, nearest) in queries.chunks_exact(ABREAST * p).zip(nearest.chunks_exact_mut(ABREAST)) {
        let (a, rest) = queries.split_at(p);
        let (b, rest) = rest.split_at(p);
        let (c, d) = rest.split_at(p);
        for (t, tile) in tiles.chunks_exact(p * WIDTH).enumerate() {
            let mut sums = [Lanes::splat(0.0); ABREAST];
            let steps = tile.chunks_exact(WIDTH).zip(a.iter().zip(b).zip(c.iter().zip(d)));
            if squared {
                for (x, ((a, b), (c, d))) in steps {
                    let x = Lanes::load(x);
                    for (sum, q) in sums.iter_mut().zip([a, b, c, d]) {
                        let z = x.sub(Lanes::splat(q.to_f64()));
                        *sum = z.fma::<FMA>(z, *sum);
                    }
                }
            } else {
                for (x, ((a, b), (c, d))) in steps {
                    let x = Lanes::load(x);
                    for (sum, q) in sums.iter_mut().zip([a, b, c, d]) {
                        *sum = x.fma::<FMA>(Lanes::splat(-q.to_f64()), *sum);
                    }
                }
            }
            for (sum, nearest) in sums.iter().zip(nearest.iter_mut()) {
                // One comparison of eight and one test; point by point only where one is near enough.
                let mut near = false;
                for l in 0..WIDTH {
                    near |= sum.0[l] < nearest.bound;
                }
                if near {
                    let start = first + t * WIDTH;
                    for (l, sum) in sum.0.iter().enumerate().take(len - start) {
                        nearest.offer(*sum, (start + l) as u32);
                    }
                }
            }
        }
    }
}

multiversion! {
    fn measure(tiles: &[T], query: &[T], squared: bool, out: &mut [f64]) -> () = measure_body
}

#[inline(always)]
fn measure_body<T: Real, const FMA: bool>(tiles: &[T], query: &[T], squared: bool, out: &mut [f64]) {
    for (tile, out) in tiles.chunks_exact(query.len() * WIDTH).zip(out.chunks_exact_mut(WIDTH)) {
        let mut sum = Lanes::splat(0.0);
        for (x, q) in tile.chunks_exact(WIDTH).zip(query) {
            let (x, q) = (Lanes::load(x), q.to_f64());
            sum = if squared {
                let z = x.sub(Lanes::splat(q));
                z.fma::<FMA>(z, sum)
            } else {
                x.fma::<FMA>(Lanes::splat(-q), sum)
            };
        }
        sum.store(out);
    }
}

/// What a file holds: the points without the tiles' filling.
#[derive(Clone, Serialize, Deserialize)]
struct Saved {
    metric: Metric,
    features: usize,
    #[serde(with = "packed")]
    points: Vec<f64>,
}

impl From<Exact> for Saved {
    fn from(exact: Exact) -> Saved {
        Saved { metric: exact.metric, features: exact.features, points: exact.rows() }
    }
}

impl TryFrom<Saved> for Exact {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self> {
        let Saved { metric, features, points } = saved;
        if features == 0 || !points.len().is_multiple_of(features) {
            return Err(Error::invalid("points", points.len(), format!("a multiple of {features} features")));
        }
        // They have length 1 already where the metric is the cosine.
        let kept = if metric == Metric::Cosine { Metric::InnerProduct } else { metric };
        let exact = Exact::new(&Rows::from_values(points, features), kept)?;
        Ok(Exact { metric, ..exact })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;
    use proptest::prelude::*;

    fn naive(metric: Metric, a: &[f64], b: &[f64]) -> f64 {
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        match metric {
            Metric::Euclidean => a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt(),
            Metric::InnerProduct => -product(a, b),
            Metric::Cosine => match product(a, a).sqrt() * product(b, b).sqrt() {
                0.0 => 1.0,
                norms => 1.0 - product(a, b) / norms,
            },
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn found_is_what_a_sort_finds(n in 1usize..300, p in 1usize..20, queries in 1usize..9, k in 1usize..20, seed in any::<u64>(), coarse in any::<bool>()) {
            let k = k.min(n);
            let mut random = Random(seed);
            // Coarse values make ties and zeros.
            let mut draw = |n: usize| -> Vec<f64> { random.normals(n).into_iter().map(|x| if coarse { x.round() } else { x }).collect() };
            let (points, rows) = (draw(n * p), draw(queries * p));
            for metric in [Metric::Euclidean, Metric::Cosine, Metric::InnerProduct] {
                let exact = Exact::new(&Rows::from_values(points.clone(), p), metric).expect("small");
                let found = exact.search(&rows, k);
                prop_assert_eq!(found.len(), queries * k);
                let mut all = Vec::new();
                for (row, found) in rows.chunks(p).zip(found.chunks(k)) {
                    exact.distances(row, &mut all);
                    let mut want: Vec<f64> = points.chunks(p).map(|point| naive(metric, row, point)).collect();
                    for (a, b) in all.iter().zip(&want) {
                        prop_assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{metric:?} {a} {b}");
                    }
                    for n in found {
                        prop_assert!((n.distance - want[n.index as usize]).abs() <= 1e-12 * (1.0 + n.distance.abs()));
                    }
                    want.sort_by(f64::total_cmp);
                    for (n, want) in found.iter().zip(&want) {
                        prop_assert!((n.distance - want).abs() <= 1e-12 * (1.0 + want.abs()), "{metric:?} {} {want}", n.distance);
                    }
                }
                let alone: Vec<Neighbour> = rows.chunks(p).flat_map(|row| exact.search(row, k)).collect();
                prop_assert_eq!(alone, found, "a batch changes nothing");
                let mut file = Vec::new();
                ciborium::into_writer(&exact, &mut file).expect("written");
                prop_assert_eq!(&ciborium::from_reader::<Exact, _>(file.as_slice()).expect("read"), &exact);
            }
        }
    }

    #[test]
    fn a_point_is_not_its_own_neighbour() {
        let points = [0.0, 0.0, 1.0, 3.0, 3.0, 3.0];
        let exact = Exact::new(&Rows::from_values(points.to_vec(), 1), Metric::Euclidean).expect("small");
        let found = exact.search_self(2);
        let indices: Vec<u32> = found.iter().map(|n| n.index).collect();
        assert_eq!(indices, [1, 2, 0, 2, 0, 1, 4, 5, 3, 5, 3, 4]);
    }
}
