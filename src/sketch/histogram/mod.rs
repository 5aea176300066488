//! Counts between the reference's quantiles: what the drift tests of a window need of a column, in a few bytes.
//!
//! Between [`EDGES`] evenly spaced quantiles of the reference lie groups of about equal reference share, whatever the
//! distribution. Counts of values in each group add up, and give every statistic of the grouped data (Pettitt and Stephens
//! 1977).

#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
mod kernel;
mod transport;

use serde::{Deserialize, Serialize};

use crate::simd::Real;
pub use transport::Transport;

/// Edges of a column, at most: with them a place among the groups fits into four bits.
pub const EDGES: usize = GROUPS - 1;

/// Groups of a column, at most.
pub(super) const GROUPS: usize = 16;

/// Edges closer than this share of the reference are one: the next one stands for it.
const LEAST_SHARE: f64 = 1.0 / 64.0;

/// The edges of one column and how the reference lies between them.
///
/// With edges `e[0] < e[1] < ... < e[q-1]` there are `q + 1` groups: group 0 is all below `e[0]`, group `j` is
/// `[e[j-1], e[j])`, and group `q` is all from `e[q-1]` on.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    edges: Vec<f64>,
    reference: Vec<u64>,
    reference_size: u64,
    /// Ends (exclusive, in groups) of the bins of the tests on categories.
    bins: Vec<usize>,
}

impl Histogram {
    /// The groups of `sorted` reference values (ascending, finite, at least one), and at most `bins >= 1` bins made of them.
    ///
    /// Edges are the order statistics at `i / (EDGES + 1)`: where many values are equal, several fall together, and there
    /// are fewer groups. A reference of at most [`EDGES`] distinct values has an edge at each but the lowest.
    #[must_use]
    pub fn new(sorted: &[f64], bins: usize) -> Self {
        let mut distinct = sorted.to_vec();
        distinct.dedup();
        let candidates: Vec<f64> = if distinct.len() <= EDGES + 1 {
            distinct.split_off(1)
        } else {
            (1..=EDGES).map(|i| sorted[i * sorted.len() / (EDGES + 1)]).collect()
        };
        let below = |edge: f64| sorted.partition_point(|x| *x < edge);
        let least = (LEAST_SHARE * sorted.len() as f64) as usize;
        let (mut edges, mut starts): (Vec<f64>, Vec<usize>) = (Vec::new(), vec![0]);
        for edge in candidates {
            let start = below(edge);
            // An edge with too little between it and the last one, or nothing below it, divides nothing.
            if start > starts[starts.len() - 1] + least {
                edges.push(edge);
                starts.push(start);
            }
        }
        if edges.is_empty() {
            // All equal, or nearly: what lies below the common value, what is equal to it, and what lies above.
            let common = sorted[sorted.len() / 2];
            edges = vec![common, common.next_up()];
            starts.extend(edges.iter().map(|edge| below(*edge)));
        }
        starts.push(sorted.len());
        let reference: Vec<u64> = starts.windows(2).map(|w| (w[1] - w[0]) as u64).collect();
        let bins = equal_bins(&reference, bins);
        Histogram { edges, reference, reference_size: sorted.len() as u64, bins }
    }

    /// Observations in the reference.
    #[must_use]
    pub fn reference_size(&self) -> u64 {
        self.reference_size
    }

    /// The edges, ascending: at least one.
    #[must_use]
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// Reference observations in each group.
    #[must_use]
    pub fn reference(&self) -> &[u64] {
        &self.reference
    }

    /// Reference observations below each edge.
    pub fn reference_below(&self) -> impl Iterator<Item = u64> {
        self.reference[..self.edges.len()].iter().scan(0, |below, count| {
            *below += count;
            Some(*below)
        })
    }

    /// `sup |F - G|` at the edges; 0 for an empty window.
    #[must_use]
    pub fn ks(&self, window: &Groups) -> f64 {
        let n = window.total();
        if n == 0 {
            return 0.0;
        }
        // In whole numbers, so that equal samples give exactly 0 and lattice points are hit exactly.
        let (m, n) = (i128::from(self.reference_size), i128::from(n));
        let sup = self
            .reference_below()
            .zip(window.below())
            .map(|(r, w)| (i128::from(r) * n - i128::from(w) * m).unsigned_abs())
            .max()
            .unwrap_or(0);
        sup as f64 / (m as f64 * n as f64)
    }

    /// Counts of the reference and of a window in the bins.
    #[must_use]
    pub fn binned(&self, window: &Groups) -> (Vec<u64>, Vec<u64>) {
        let mut from = 0;
        self.bins
            .iter()
            .map(|&to| {
                let sum = |counts: &[u64]| counts[from..to].iter().sum::<u64>();
                let pair = (sum(&self.reference), sum(window.counts()));
                from = to;
                pair
            })
            .unzip()
    }
}

/// Ends of at most `bins` bins, each closed when the reference's share so far is due.
fn equal_bins(reference: &[u64], bins: usize) -> Vec<usize> {
    let size: u64 = reference.iter().sum();
    let mut ends = Vec::with_capacity(bins);
    let (mut below, mut in_bin) = (0u64, 0u64);
    for (group, count) in reference.iter().enumerate() {
        below += count;
        in_bin += count;
        if in_bin > 0 && below < size && below * bins as u64 >= (ends.len() as u64 + 1) * size {
            ends.push(group + 1);
            in_bin = 0;
        }
    }
    ends.push(reference.len());
    ends
}

/// The histograms of several columns, with their edges laid out for the pass over a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Histograms {
    columns: Vec<Histogram>,
    single: Vec<[f32; GROUPS]>,
    double: Vec<[f64; GROUPS]>,
}

impl Histograms {
    /// Of these columns. Memory: 192 bytes a column for the edges, the missing ones at Inf.
    #[must_use]
    pub fn new(columns: Vec<Histogram>) -> Self {
        let padded = |c: &Histogram| std::array::from_fn(|i| c.edges.get(i).copied().unwrap_or(f64::INFINITY));
        let double: Vec<[f64; GROUPS]> = columns.iter().map(padded).collect();
        let single = double.iter().map(|edges| edges.map(least_single_from)).collect();
        Histograms { columns, single, double }
    }

    /// The edges in the type of the values.
    pub(super) fn edges<T: Real>(&self) -> &[[T; GROUPS]] {
        T::either(&self.single, &self.double)
    }

    /// The columns, in order.
    #[must_use]
    pub fn columns(&self) -> &[Histogram] {
        &self.columns
    }
}

/// The smallest single-precision value that is not below `edge`: the same values lie at or above both.
fn least_single_from(edge: f64) -> f32 {
    let nearest = edge as f32;
    if f64::from(nearest) < edge { nearest.next_up() } else { nearest }
}

/// Counts of one window in the groups of several columns. Adds up under [`HistogramCounts::merge`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramCounts {
    pub(super) groups: Vec<[u64; GROUPS]>,
}

impl HistogramCounts {
    /// Nothing counted yet, of `columns` columns. Memory: 128 bytes a column.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        HistogramCounts { groups: vec![[0; GROUPS]; columns] }
    }

    /// Takes in `rows` of one value a column, column fastest. `finite`: that none of them is NaN; without it NaN and Inf are
    /// left out, one by one.
    pub fn update<T: Real>(&mut self, of: &Histograms, rows: &[T], finite: bool) {
        if finite {
            kernel::count(rows, of.edges(), &mut self.groups);
        } else {
            let edges = of.edges();
            for row in rows.chunks_exact(edges.len()) {
                row.iter().enumerate().for_each(|(k, x)| self.update_one(k, &edges[k], *x));
            }
        }
    }

    /// Takes in more `values` of one column. `finite` as in [`HistogramCounts::update`].
    pub fn update_column(&mut self, of: &Histograms, column: usize, values: &[f32], finite: bool) {
        if !finite {
            return values.iter().for_each(|x| self.update_one(column, &of.single[column], *x));
        }
        let mut rest = values;
        #[cfg(target_arch = "x86_64")]
        if crate::simd::level() == crate::simd::Level::Avx512 {
            let whole;
            (whole, rest) = values.split_at(values.len() - values.len() % avx512::LANES);
            // SAFETY: `level` found these instructions on the processor that we run on.
            unsafe { avx512::count(whole, &of.single[column], &mut self.groups[column]) };
        }
        kernel::count(rest, &of.single[column..=column], &mut self.groups[column..=column]);
    }

    fn update_one<T: Real>(&mut self, column: usize, edges: &[T; GROUPS], x: T) {
        if x.to_f64().is_finite() {
            self.groups[column][edges[..EDGES].iter().filter(|edge| x >= **edge).count()] += 1;
        }
    }

    /// Forgets all counts.
    pub fn clear(&mut self) {
        self.groups.fill([0; GROUPS]);
    }

    /// Adds what `other` saw of the same columns.
    pub fn merge(&mut self, other: &HistogramCounts) {
        for (mine, theirs) in self.groups.iter_mut().zip(&other.groups) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
    }

    /// The counts in the groups of `column`, which is `of`.
    #[must_use]
    pub fn groups(&self, column: usize, of: &Histogram) -> Groups {
        let (mut counts, last) = (self.groups[column], of.edges.len());
        // Inf lies above the missing edges, too.
        counts[last] = counts[last..].iter().sum();
        Groups { counts, len: last + 1 }
    }
}

/// Counts of one window in the groups of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Groups {
    counts: [u64; GROUPS],
    len: usize,
}

impl Groups {
    /// Values in each group, from the lowest.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts[..self.len]
    }

    /// Values counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts().iter().sum()
    }

    /// Values below each edge.
    pub fn below(&self) -> impl Iterator<Item = u64> {
        self.counts[..self.len - 1].iter().scan(0, |below, count| {
            *below += count;
            Some(*below)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(histogram: &Histogram) -> Histograms {
        Histograms::new(vec![histogram.clone()])
    }

    fn counted(histogram: &Histogram, values: &[f64]) -> HistogramCounts {
        let mut counts = HistogramCounts::new(1);
        counts.update(&one(histogram), values, true);
        counts
    }

    /// By definition, at the edges alone.
    fn naive_ks(a: &[f64], b: &[f64], edges: &[f64]) -> f64 {
        let below = |s: &[f64], x: f64| s.iter().filter(|v| **v < x).count() as f64 / s.len() as f64;
        edges.iter().map(|x| (below(a, *x) - below(b, *x)).abs()).fold(0.0, f64::max)
    }

    fn samples() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        any::<bool>().prop_flat_map(|ties| {
            let value = move || {
                if ties { (-9i32..9).prop_map(f64::from).boxed() } else { (-3.0..3.0f64).boxed() }
            };
            (prop::collection::vec(value(), 1..200), prop::collection::vec(value(), 1..60))
        })
    }

    proptest! {
        #[test]
        fn statistics_are_those_of_the_grouped_data((mut a, b) in samples(), cut in any::<prop::sample::Index>()) {
            a.sort_by(f64::total_cmp);
            let histogram = Histogram::new(&a, 5);
            prop_assert!(histogram.edges().is_sorted_by(|x, y| x < y) && histogram.edges().len() <= EDGES);
            let counts = counted(&histogram, &b);
            let groups = counts.groups(0, &histogram);
            prop_assert!((histogram.ks(&groups) - naive_ks(&a, &b, histogram.edges())).abs() < 1e-12);
            let own = counted(&histogram, &a);
            prop_assert_eq!(histogram.ks(&own.groups(0, &histogram)), 0.0);
            prop_assert_eq!(own.groups(0, &histogram).counts().to_vec(), histogram.reference.clone());
            let (r, w) = histogram.binned(&groups);
            prop_assert!(r.len() <= 5 && r.iter().sum::<u64>() == a.len() as u64 && w.iter().sum::<u64>() == b.len() as u64);
            let cut = cut.index(b.len());
            let mut merged = counted(&histogram, &b[..cut]);
            merged.merge(&counted(&histogram, &b[cut..]));
            prop_assert_eq!(merged, counts);
        }

        #[test]
        fn many_columns_are_counted_as_one_by_one(
            p in prop_oneof![1usize..20, 40usize..70],
            n in prop_oneof![1usize..40, 230usize..260, 500usize..520],
            seed in any::<u64>(),
            bad in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut random = crate::testing::Random(seed);
            let columns: Vec<Histogram> = (0..p).map(|_| {
                let mut sorted = random.normals(100);
                sorted.sort_by(f64::total_cmp);
                Histogram::new(&sorted, 10)
            }).collect();
            let of = Histograms::new(columns.clone());
            let mut rows: Vec<f64> = random.normals(p * n).iter().map(|x| f64::from(*x as f32)).collect();
            if let Some(at) = bad {
                let at = at.index(p * n);
                rows[at] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY][at % 3];
            }
            let single: Vec<f32> = rows.iter().map(|x| *x as f32).collect();
            let (mut double_counts, mut single_counts) = (HistogramCounts::new(p), HistogramCounts::new(p));
            double_counts.update(&of, &rows, bad.is_none());
            single_counts.update(&of, &single, bad.is_none());
            prop_assert_eq!(&double_counts, &single_counts);
            for (k, histogram) in columns.iter().enumerate() {
                let column: Vec<f64> = rows.iter().skip(k).step_by(p).copied().filter(|x| x.is_finite()).collect();
                let groups = double_counts.groups(k, histogram);
                let below: Vec<u64> = histogram.edges().iter().map(|e| column.iter().filter(|x| *x < e).count() as u64).collect();
                prop_assert_eq!(groups.below().collect::<Vec<_>>(), below);
                prop_assert_eq!(groups.total(), column.len() as u64);
                let mut alone = HistogramCounts::new(p);
                let column: Vec<f32> = column.iter().map(|x| *x as f32).collect();
                alone.update_column(&of, k, &column, true);
                prop_assert_eq!(alone.groups(k, histogram), groups);
            }
        }
    }

    #[test]
    fn groups_are_even_and_few_values_have_an_edge_each() {
        let sorted: Vec<f64> = (0..1600).map(f64::from).collect();
        let histogram = Histogram::new(&sorted, 10);
        assert_eq!(histogram.edges().len(), EDGES);
        assert!(histogram.reference.iter().all(|count| *count == 100));
        let few = Histogram::new(&[1.0, 1.0, 2.0, 2.0, 2.0, 7.0], 10);
        assert_eq!((few.edges(), &few.reference[..]), (&[2.0, 7.0][..], &[2, 3, 1][..]));
    }

    #[test]
    fn a_constant_reference_tells_what_lies_beside_it() {
        let constant = Histogram::new(&[2.0; 9], 10);
        let ks = |values: &[f64]| constant.ks(&counted(&constant, values).groups(0, &constant));
        assert_eq!((ks(&[2.0, 2.0]), ks(&[2.0, 2.5]), ks(&[2.0, 1.5])), (0.0, 0.5, 0.5));
        assert_eq!(constant.ks(&HistogramCounts::new(1).groups(0, &constant)), 0.0);
    }
}
