//! The empirical distribution of one feature, cut into cells by the reference's own order statistics.
//!
//! Between two neighbouring reference values the reference's distribution function does not move, so counts of the
//! window's values in each gap, and at each reference value, give the two-sample Kolmogorov-Smirnov statistic exactly,
//! ties included. With more distinct reference values than [`Cells`] has room for, evenly spaced order statistics are
//! kept and the statistic is that of the grouped data (Pettitt and Stephens 1977): a lower bound, less than one group's
//! share below the exact one.

use serde::{Deserialize, Serialize};

use crate::simd::Real;

/// Buckets of the look-up table for each edge: most buckets then hold one edge or none, and a look-up is one comparison.
const BUCKETS_AN_EDGE: usize = 4;

/// Edges that are none.
const PADDING: usize = 2;

/// Where the cells of one feature lie, and how the reference is spread over them.
///
/// With edges `u[0] < u[1] < ... < u[q-1]` there are `2q + 1` cells: cell `2j` is the open gap below `u[j]`, cell `2j + 1`
/// is `u[j]` itself, and cell `2q` is all above. Memory: about `40 q` bytes.
#[derive(Debug, Clone)]
pub struct Cells {
    /// Ascending, then [`PADDING`] times Inf, so that a look-up may read past the last.
    edges: Vec<f64>,
    reference: Vec<u64>,
    reference_size: u64,
    exact: bool,
    bins: Vec<usize>,
    low: f64,
    scale: f64,
    table: Vec<u16>,
}

/// Counts of one window in the cells of one feature. Adds up under [`CellCounts::merge`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellCounts {
    counts: Vec<u64>,
    n: u64,
    beyond: f64,
}

impl Cells {
    /// Cells for `sorted` reference values (ascending, finite, at least one), with at most `resolution` edges (from 2 to 32,768) and
    /// at most `bins >= 1` bins of about equal reference share for the tests on categories.
    #[must_use]
    pub fn new(sorted: &[f64], resolution: usize, bins: usize) -> Self {
        let mut edges = sorted.to_vec();
        edges.dedup();
        let exact = edges.len() <= resolution;
        if !exact {
            let last = sorted.len() - 1;
            edges = (0..resolution).map(|i| sorted[i * last / (resolution - 1)]).collect();
            edges.dedup();
        }
        let (low, high) = (edges[0], edges[edges.len() - 1]);
        let count = edges.len();
        edges.extend([f64::INFINITY; PADDING]);
        let buckets = (count * BUCKETS_AN_EDGE).next_power_of_two();
        let scale = (buckets as f64 - 1.0) / (high - low);
        let scale = if scale.is_finite() { scale } else { 0.0 };
        let mut cells = Cells {
            reference: vec![0; 2 * count + 1],
            edges,
            reference_size: sorted.len() as u64,
            exact,
            bins: Vec::new(),
            low,
            scale,
            table: vec![0; buckets + 1],
        };
        // `bucket` never decreases, so edges of lower buckets lie below, and edges of higher ones above, any value.
        for edge in 0..count {
            let bucket = cells.bucket(cells.edges[edge]);
            cells.table[bucket + 1] += 1;
        }
        for bucket in 0..buckets {
            cells.table[bucket + 1] += cells.table[bucket];
        }
        for x in sorted {
            let cell = cells.index(*x);
            cells.reference[cell] += 1;
        }
        cells.bins = cells.equal_bins(bins);
        cells
    }

    #[inline(always)]
    fn bucket(&self, x: f64) -> usize {
        let top = self.table.len() - 2;
        // A cast of a negative number or of NaN gives 0.
        (((x - self.low) * self.scale) as usize).min(top)
    }

    /// The cell of a finite `x`. Constant time unless many edges crowd into one bucket, then logarithmic.
    #[inline(always)]
    #[must_use]
    pub fn index(&self, x: f64) -> usize {
        let bucket = self.bucket(x);
        let (from, to) = (self.table[bucket] as usize, self.table[bucket + 1] as usize);
        // Edges of later buckets lie above x, so comparing with the next two is right whatever this bucket holds, and
        // takes no branch that a processor could guess wrong.
        let below = if to - from > 2 {
            from + self.edges[from..to].partition_point(|edge| *edge < x)
        } else {
            from + usize::from(self.edges[from] < x) + usize::from(self.edges[from + 1] < x)
        };
        2 * below + usize::from(self.edges[below] == x)
    }

    fn edges(&self) -> &[f64] {
        &self.edges[..self.edges.len() - PADDING]
    }

    /// Ends (exclusive, in cells) of at most `bins` bins, each closed when the reference's share so far is due.
    fn equal_bins(&self, bins: usize) -> Vec<usize> {
        let mut ends = Vec::with_capacity(bins);
        let (mut below, mut in_bin) = (0u64, 0u64);
        for (cell, count) in self.reference.iter().enumerate() {
            below += count;
            in_bin += count;
            let due = (ends.len() as u64 + 1) * self.reference_size;
            if in_bin > 0 && below < self.reference_size && below * bins as u64 >= due {
                ends.push(cell + 1);
                in_bin = 0;
            }
        }
        ends.push(self.reference.len());
        ends
    }

    /// No counts yet.
    #[must_use]
    pub fn empty_counts(&self) -> CellCounts {
        CellCounts { counts: vec![0; self.reference.len()], n: 0, beyond: 0.0 }
    }

    /// Whether every distinct reference value is an edge, so that statistics on cells are those of the full samples.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// Observations in the reference.
    #[must_use]
    pub fn reference_size(&self) -> u64 {
        self.reference_size
    }

    /// Reference observations in each cell.
    #[must_use]
    pub fn reference_counts(&self) -> &[u64] {
        &self.reference
    }

    /// Counts of the reference and of a window in the bins.
    #[must_use]
    pub fn binned(&self, window: &CellCounts) -> (Vec<u64>, Vec<u64>) {
        let mut from = 0;
        self.bins
            .iter()
            .map(|&to| {
                let sum = |counts: &[u64]| counts[from..to].iter().sum::<u64>();
                let pair = (sum(&self.reference), sum(&window.counts));
                from = to;
                pair
            })
            .unzip()
    }

    /// `sup |F - G|` of reference and window; 0 for an empty window. Cost: one pass over the cells.
    #[must_use]
    pub fn ks(&self, window: &CellCounts) -> f64 {
        if window.n == 0 {
            return 0.0;
        }
        // In whole numbers, so that equal samples give exactly 0 and lattice points are hit exactly.
        let (m, n) = (i128::from(self.reference_size), i128::from(window.n));
        let steps = self.reference.iter().zip(&window.counts);
        let sup = if m * n <= i128::from(i64::MAX) {
            let (m, n) = (m as i64, n as i64);
            let (mut difference, mut sup) = (0i64, 0i64);
            for (r, w) in steps {
                difference += *r as i64 * n - *w as i64 * m;
                sup = sup.max(difference.abs());
            }
            sup as f64
        } else {
            let (mut difference, mut sup) = (0i128, 0i128);
            for (r, w) in steps {
                difference += i128::from(*r) * n - i128::from(*w) * m;
                sup = sup.max(difference.abs());
            }
            sup as f64
        };
        sup / (m as f64 * n as f64)
    }

    /// `integral |F - G| dx`, values inside a gap taken as evenly spread; 0 for an empty window.
    #[must_use]
    pub fn wasserstein(&self, window: &CellCounts) -> f64 {
        if window.n == 0 {
            return 0.0;
        }
        let (m, n) = (self.reference_size as f64, window.n as f64);
        let share = |cell: usize| self.reference[cell] as f64 / m - window.counts[cell] as f64 / n;
        let mut difference = share(0) + share(1);
        let mut total = window.beyond / n;
        for j in 1..self.edges().len() {
            let next = difference + share(2 * j);
            total += (self.edges[j] - self.edges[j - 1]) * mean_absolute(difference, next);
            difference = next + share(2 * j + 1);
        }
        total
    }
}

/// Mean of `|d|` while `d` goes evenly from `from` to `to`.
fn mean_absolute(from: f64, to: f64) -> f64 {
    if from * to >= 0.0 {
        return 0.5 * (from.abs() + to.abs());
    }
    (from * from + to * to) / (2.0 * (from.abs() + to.abs()))
}

impl CellCounts {
    /// Takes in the finite ones of `values`; the others belong to the count of non-finite values.
    #[inline]
    pub fn update<T: Real>(&mut self, cells: &Cells, values: &[T]) {
        let last = cells.edges().len() - 1;
        for x in values {
            let x = x.to_f64();
            if !x.is_finite() {
                continue;
            }
            let cell = cells.index(x);
            self.counts[cell] += 1;
            self.n += 1;
            if cell == 0 {
                self.beyond += cells.edges[0] - x;
            } else if cell > 2 * last + 1 {
                self.beyond += x - cells.edges[last];
            }
        }
    }

    /// Forgets all counts.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        (self.n, self.beyond) = (0, 0.0);
    }

    /// Adds what `other` saw in the same cells.
    pub fn merge(&mut self, other: &CellCounts) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.n += other.n;
        self.beyond += other.beyond;
    }

    /// Finite values counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.n
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(cells: &Cells, values: &[f64]) -> CellCounts {
        let mut c = cells.empty_counts();
        c.update(cells, values);
        c
    }

    /// By definition: both distribution functions at, and just below, every value.
    fn naive_ks(a: &[f64], b: &[f64]) -> f64 {
        let cdf = |s: &[f64], x: f64| s.iter().filter(|v| **v <= x).count() as f64 / s.len() as f64;
        a.iter().chain(b).map(|x| (cdf(a, *x) - cdf(b, *x)).abs()).fold(0.0, f64::max)
    }

    fn values(ties: bool) -> BoxedStrategy<f64> {
        if ties { (-4i32..4).prop_map(f64::from).boxed() } else { (-3.0..3.0f64).boxed() }
    }

    fn two_samples() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        any::<bool>().prop_flat_map(|ties| {
            (prop::collection::vec(values(ties), 1..60), prop::collection::vec(values(ties), 1..60))
        })
    }

    proptest! {
        #[test]
        fn ks_on_cells_is_exact_and_grouped_is_a_close_lower_bound((mut a, b) in two_samples()) {
            a.sort_by(f64::total_cmp);
            let d = naive_ks(&a, &b);
            let cells = Cells::new(&a, 1000, 10);
            prop_assert!(cells.is_exact());
            prop_assert!((cells.ks(&counts(&cells, &b)) - d).abs() < 1e-12);
            let cells = Cells::new(&a, 8, 10);
            let grouped = cells.ks(&counts(&cells, &b));
            prop_assert!(grouped <= d + 1e-12);
        }

        #[test]
        fn cells_merge_and_bins_partition((mut a, b) in two_samples(), cut in any::<prop::sample::Index>()) {
            a.sort_by(f64::total_cmp);
            let cells = Cells::new(&a, 16, 5);
            let cut = cut.index(b.len());
            let mut merged = counts(&cells, &b[..cut]);
            merged.merge(&counts(&cells, &b[cut..]));
            let whole = counts(&cells, &b);
            prop_assert_eq!(&merged.counts, &whole.counts);
            prop_assert!((merged.beyond - whole.beyond).abs() < 1e-9);
            let (r, w) = cells.binned(&whole);
            prop_assert!(r.len() <= 5 && r.iter().all(|c| *c > 0));
            prop_assert_eq!((r.iter().sum::<u64>(), w.iter().sum::<u64>()), (a.len() as u64, b.len() as u64));
        }

        #[test]
        fn the_table_finds_what_a_search_finds(mut a in prop::collection::vec(-1e6..1e6f64, 1..80), x in -2e6..2e6f64) {
            a.push(a[0] + 1e-9);
            a.sort_by(f64::total_cmp);
            let cells = Cells::new(&a, 1000, 10);
            for x in a.iter().copied().chain([x]) {
                let below = cells.edges().partition_point(|e| *e < x);
                let at = cells.edges().get(below) == Some(&x);
                prop_assert_eq!(cells.index(x), 2 * below + usize::from(at));
            }
        }
    }

    #[test]
    fn wasserstein_of_a_shift_is_the_shift() {
        let a: Vec<f64> = (0..500).map(|i| f64::from(i) / 500.0).collect();
        let cells = Cells::new(&a, 1000, 10);
        for shift in [0.0, 0.25, -0.25, 3.0, -3.0] {
            let b: Vec<f64> = a.iter().map(|x| x + shift).collect();
            let w = cells.wasserstein(&counts(&cells, &b));
            // A gap is 1/500 wide; that is the most by which taking its values as evenly spread can be off.
            assert!((w - shift.abs()).abs() <= 1.0 / 500.0, "{shift}: {w}");
        }
    }

    #[test]
    fn a_constant_reference_and_an_empty_window_are_sound() {
        let cells = Cells::new(&[2.0; 9], 64, 10);
        assert_eq!(cells.ks(&counts(&cells, &[2.0, 2.0])), 0.0);
        assert_eq!(cells.ks(&counts(&cells, &[2.0, 2.5])), 0.5);
        assert_eq!(cells.ks(&counts(&cells, &[f64::NAN])), 0.0);
        assert_eq!(cells.wasserstein(&counts(&cells, &[1.0, 3.0])), 1.0);
    }
}
