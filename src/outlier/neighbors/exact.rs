//! Exact search: blocks of points that stay in the cache against groups of queries, eight points
//! side by side.

use serde::{Deserialize, Serialize, Serializer};

use super::nearest::{Nearest, Neighbor};
use super::{Metric, filter, kernel};
use crate::Rows;
use crate::error::{Error, Result};
use crate::parallel;
use crate::simd::WIDTH;
use crate::support::cells::{Cells, either};
use crate::support::sections::{self, Section};
use crate::support::{memory, packed};

/// Points in tiles of eight: within a tile feature by feature, so that eight distances are one
/// instruction a step. The distance is the sum of squared differences itself, not `|x|^2 - 2 x y +
/// |y|^2`, which loses digits.
///
/// The points are in memory, 8 bytes a value, or in a mapped file ([`crate::store::load_mapped`]),
/// 4 or 8 bytes a value.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Saved")]
pub struct Exact {
    metric: Metric,
    features: usize,
    len: usize,
    tiles: Cells,
}

/// Bytes of points in a block.
const BLOCK: usize = 1 << 14;

/// Queries that go through all blocks together.
const GROUP: usize = 1020;

impl Exact {
    /// Of the reference's observations; a copy of 8 bytes a value.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they do not fit into memory, or are more than four thousand
    /// million.
    pub fn new(reference: &Rows<'_>, metric: Metric) -> Result<Self> {
        let mut exact = Exact {
            metric,
            features: reference.features(),
            len: 0,
            tiles: Cells::Owned(Vec::new()),
        };
        exact.push(reference.values())?;
        Ok(exact)
    }

    /// Adds points, feature fastest. Points in a mapped file are read into memory first.
    ///
    /// # Errors
    /// As [`Exact::new`].
    pub fn push(&mut self, rows: &[f64]) -> Result<()> {
        let (p, old) = (self.features, self.len);
        let len = old + rows.len() / p;
        check_len(len)?;
        let scales: Vec<f64> = rows.chunks_exact(p).map(|row| self.scale(row)).collect();
        let tiles = self.tiles.owned()?;
        let cells = len.div_ceil(WIDTH) * WIDTH * p;
        if cells > tiles.capacity() {
            memory::expect_room("reference", cells - tiles.len(), 8, "points to search in")?;
        }
        tiles.resize(cells, 0.0);
        for (i, (row, scale)) in rows.chunks_exact(p).zip(scales).enumerate() {
            let (tile, lane) = ((old + i) / WIDTH, (old + i) % WIDTH);
            for (k, x) in row.iter().enumerate() {
                tiles[(tile * p + k) * WIDTH + lane] = x * scale;
            }
        }
        self.len = len;
        Ok(())
    }

    /// Has these points instead, which came from here.
    pub(super) fn replace(&mut self, rows: Vec<f64>) -> Result<()> {
        *self = Exact::of_points(self.metric, self.features, rows)?;
        Ok(())
    }

    /// Points that an [`Exact`] had.
    pub(super) fn of_points(metric: Metric, features: usize, points: Vec<f64>) -> Result<Self> {
        // They have length 1 already where the metric is the cosine.
        let kept = if metric == Metric::Cosine { Metric::InnerProduct } else { metric };
        let exact = Exact::new(&Rows::from_values(points, features), kept)?;
        Ok(Exact { metric, ..exact })
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

    /// Whether the points are in a mapped file.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        matches!(self.tiles, Cells::Mapped { .. })
    }

    /// Demands that points in a mapped file are still there. Searching when they are not ends the
    /// process.
    ///
    /// # Errors
    /// [`Error::FileDamaged`].
    pub fn check(&self) -> Result<()> {
        self.tiles.check()
    }

    /// Point `i`, of length 1 for [`Metric::Cosine`].
    #[must_use]
    pub fn point(&self, i: usize) -> Vec<f64> {
        self.values(i).collect()
    }

    fn values(&self, i: usize) -> impl Iterator<Item = f64> + '_ {
        let (p, tiles) = (self.features, self.tiles.view());
        (0..p).map(move |k| tiles.get((i / WIDTH * p + k) * WIDTH + i % WIDTH))
    }

    /// These points, one after the other.
    #[must_use]
    pub fn rows(&self, points: std::ops::Range<usize>) -> Vec<f64> {
        let mut rows = Vec::with_capacity(points.len() * self.features);
        points.for_each(|i| rows.extend(self.values(i)));
        rows
    }

    /// The `k` nearest of each row: see [`super::Index::search`]. On the calling thread.
    #[must_use]
    pub fn search(&self, rows: &[f64], k: usize) -> Vec<Neighbor> {
        let mut found = Vec::with_capacity(rows.len() / self.features * k);
        self.each(rows, k, 0, |nearest| found.extend(nearest));
        found
    }

    /// [`Exact::search`] among the points from number `from` on, on all threads that pay.
    pub(super) fn search_from(&self, rows: &[f64], k: usize, from: usize) -> Vec<Neighbor> {
        let p = self.features;
        let mut found = vec![Neighbor { distance: 0.0, index: 0 }; rows.len() / p * k];
        parallel::for_pieces(&mut found, k, p.saturating_mul(self.len - from), |first, piece| {
            let mut out = piece.chunks_mut(k);
            self.each(&rows[first * p..(first + out.len()) * p], k, from, |nearest| {
                out.next().into_iter().flatten().zip(nearest).for_each(|(out, n)| *out = n);
            });
        });
        found
    }

    /// The `k` nearest of every point but the point itself, on all threads.
    #[must_use]
    pub fn search_self(&self, k: usize) -> Vec<Neighbor> {
        let mut found = vec![Neighbor { distance: 0.0, index: 0 }; self.len * k];
        parallel::for_pieces(
            &mut found,
            k,
            self.features.saturating_mul(self.len),
            |first, piece| {
                let rows = self.rows(first..first + piece.len() / k);
                let mut out = piece.chunks_mut(k).enumerate();
                self.each(&rows, k + 1, 0, |nearest| {
                    if let Some((i, out)) = out.next() {
                        let others = nearest.into_iter().filter(|n| n.index as usize != first + i);
                        out.iter_mut().zip(others).for_each(|(out, n)| *out = n);
                    }
                });
            },
        );
        found
    }

    /// Distances from `row` to all points, in order.
    pub fn distances(&self, row: &[f64], out: &mut Vec<f64>) {
        let scale = self.scale(row);
        let row: Vec<f64> = row.iter().map(|x| x * scale).collect();
        out.clear();
        out.resize(self.len.div_ceil(WIDTH) * WIDTH, 0.0);
        either!(self.tiles.view(),
            tiles => kernel::measure(tiles, &row, self.metric == Metric::Euclidean, out));
        out.truncate(self.len);
        let finish = self.finish();
        out.iter_mut().for_each(|d| *d = finish(*d));
    }

    /// The distance from `row` to point `i`.
    #[must_use]
    pub fn distance(&self, row: &[f64], i: usize) -> f64 {
        let scale = self.scale(row);
        let pairs = row.iter().map(|x| x * scale).zip(self.values(i));
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

    fn each(&self, rows: &[f64], k: usize, from: usize, mut take: impl FnMut(Vec<Neighbor>)) {
        let (p, squared) = (self.features, self.metric == Metric::Euclidean);
        let place = kernel::Place { p, squared, first: from / WIDTH * WIDTH, from, to: self.len };
        // Queries in groups, so that a block of points is read again from the cache.
        for rows in rows.chunks(GROUP * p) {
            let n = rows.len() / p;
            let mut queries = Vec::with_capacity(n.next_multiple_of(filter::ABREAST) * p);
            for row in rows.chunks_exact(p) {
                let scale = self.scale(row);
                queries.extend(row.iter().map(|x| x * scale));
            }
            let mut found: Vec<Option<Nearest>> = either!(self.tiles.view(), tiles => {
                let tiles = &tiles[place.first * p..];
                if n >= filter::WORTH && (self.len - from) / k >= filter::POINTS {
                    fill_up(&mut queries, p, filter::ABREAST);
                    filter::search(tiles, &queries, place, k)
                } else {
                    (0..n).map(|_| None).collect()
                }
            });
            found.truncate(n);
            let left: Vec<usize> = (0..n).filter(|i| found[*i].is_none()).collect();
            let rows = left.iter().flat_map(|i| &queries[i * p..(i + 1) * p]).copied().collect();
            for (i, nearest) in left.into_iter().zip(self.unfiltered(rows, k, place)) {
                found[i] = Some(nearest);
            }
            found
                .into_iter()
                .flatten()
                .for_each(|nearest| take(nearest.into_sorted(self.finish())));
        }
    }

    /// By distances to all points.
    fn unfiltered(
        &self,
        mut queries: Vec<f64>,
        k: usize,
        mut place: kernel::Place,
    ) -> Vec<Nearest> {
        let (p, tile) = (place.p, place.p * WIDTH);
        let n = queries.len() / p;
        if n == 0 {
            return Vec::new();
        }
        fill_up(&mut queries, p, kernel::ABREAST);
        let mut nearest: Vec<Nearest> = (0..queries.len() / p).map(|_| Nearest::new(k)).collect();
        let block = (BLOCK / (8 * tile)).max(1) * tile;
        either!(self.tiles.view(), tiles => {
            for tiles in tiles[place.first * p..].chunks(block) {
                kernel::search(tiles, &queries, place, &mut nearest);
                place.first += tiles.len() / tile * WIDTH;
            }
        });
        nearest.truncate(n);
        nearest
    }
}

/// Whole groups: the last row again, and what is found for it is dropped.
fn fill_up(queries: &mut Vec<f64>, p: usize, abreast: usize) {
    while !(queries.len() / p).is_multiple_of(abreast) {
        queries.extend_from_within(queries.len() - p..);
    }
}

fn check_len(len: usize) -> Result<()> {
    if u32::try_from(len).is_ok() {
        return Ok(());
    }
    Err(Error::invalid("reference", format!("{len} observations"), "fewer than 2^32"))
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        (self.metric, self.features, self.len) == (other.metric, other.features, other.len)
            && self.rows(0..self.len) == other.rows(0..other.len)
    }
}

/// What a file holds: the tiles beside this, or, where there is no beside, the points without the
/// tiles' filling.
#[derive(Serialize, Deserialize)]
struct Saved {
    metric: Metric,
    features: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "packed")]
    points: Vec<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tiles: Option<(usize, Section)>,
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let tiles = sections::put(self.tiles.view()).map(|section| (self.len, section));
        let points = if tiles.is_some() { Vec::new() } else { self.rows(0..self.len) };
        Saved { metric: self.metric, features: self.features, points, tiles }.serialize(serializer)
    }
}

impl TryFrom<Saved> for Exact {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self> {
        let Saved { metric, features, points, tiles } = saved;
        if features == 0 || !points.len().is_multiple_of(features) {
            return Err(Error::invalid(
                "points",
                points.len(),
                format!("a multiple of {features} features"),
            ));
        }
        let Some((len, section)) = tiles else { return Exact::of_points(metric, features, points) };
        check_len(len)?;
        let tiles = sections::take(section)?;
        if Some(tiles.len()) != (len.div_ceil(WIDTH) * WIDTH).checked_mul(features) {
            let expected = format!("tiles of {len} points with {features} features");
            return Err(Error::invalid("points", format!("{} values", tiles.len()), expected));
        }
        Ok(Exact { metric, features, len, tiles })
    }
}
