//! Counts between the reference's quantiles: what the drift tests of a window need of a column, in
//! a few bytes.
//!
//! Between [`EDGES`] evenly spaced quantiles of the reference lie groups of about equal reference
//! share, whatever the distribution. Counts of values in each group add up, and give every
//! statistic of the grouped data (Pettitt and Stephens 1977).

#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
mod counts;
mod kernel;
mod transport;

pub use counts::{Groups, HistogramCounts, Histograms};
pub use transport::Stretch;
pub use transport::Transport;

/// Edges of a column, at most: with them a place among the groups fits into four bits.
pub const EDGES: usize = GROUPS - 1;

/// Groups of a column, at most.
pub(super) const GROUPS: usize = 16;

/// Edges closer than this share of the reference are one: the next one stands for it.
const MIN_SHARE: f64 = 1.0 / 64.0;

/// The edges of one column and how the reference lies between them.
///
/// With edges `e[0] < e[1] < ... < e[q-1]` there are `q + 1` groups: group 0 is all below `e[0]`,
/// group `j` is `[e[j-1], e[j])`, and group `q` is all from `e[q-1]` on.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    edges: Vec<f64>,
    reference: Vec<u64>,
    reference_size: u64,
    /// Ends (exclusive, in groups) of the bins of the tests on categories.
    bins: Vec<usize>,
}

impl Histogram {
    /// The groups of `sorted` reference values (ascending, finite, at least one), and at most `bins
    /// >= 1` bins made of them.
    ///
    /// Edges are the order statistics at `i / (EDGES + 1)`: where many values are equal, several
    /// fall together, and there are fewer groups. A reference of at most [`EDGES`] distinct values
    /// has an edge at each but the lowest.
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
        let least = (MIN_SHARE * sorted.len() as f64) as usize;
        let (mut edges, mut starts): (Vec<f64>, Vec<usize>) = (Vec::new(), vec![0]);
        for edge in candidates {
            let start = below(edge);
            // An edge with too little between it and the last one, or nothing below it, divides
            // nothing.
            if start > starts[starts.len() - 1] + least {
                edges.push(edge);
                starts.push(start);
            }
        }
        if edges.is_empty() {
            // All equal, or nearly: what lies below the common value, what is equal to it, and what
            // lies above.
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
        // In whole numbers, so that equal samples give exactly 0 and lattice points are hit
        // exactly.
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
        let below =
            |s: &[f64], x: f64| s.iter().filter(|v| **v < x).count() as f64 / s.len() as f64;
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
        fn statistics_are_those_of_the_grouped_data((mut a, b) in samples(),
            cut in any::<prop::sample::Index>()) {
            a.sort_by(f64::total_cmp);
            let histogram = Histogram::new(&a, 5);
            prop_assert!(histogram.edges().is_sorted_by(|x, y| x < y)
                && histogram.edges().len() <= EDGES);
            let counts = counted(&histogram, &b);
            let groups = counts.groups(0, &histogram);
            prop_assert!((histogram.ks(&groups) - naive_ks(&a, &b, histogram.edges()))
                .abs() < 1e-12);
            let own = counted(&histogram, &a);
            prop_assert_eq!(histogram.ks(&own.groups(0, &histogram)), 0.0);
            prop_assert_eq!(own.groups(0, &histogram).counts().to_vec(),
                histogram.reference.clone());
            let (r, w) = histogram.binned(&groups);
            prop_assert!(r.len() <= 5 && r.iter().sum::<u64>() == a.len() as u64
                && w.iter().sum::<u64>() == b.len() as u64);
            let cut = cut.index(b.len());
            let mut merged = counted(&histogram, &b[..cut]);
            merged.merge(&counted(&histogram, &b[cut..]));
            prop_assert_eq!(merged, counts);
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
