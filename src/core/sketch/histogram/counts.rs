//! Counts of a window in the groups of many columns.

#![allow(unsafe_code)]

use serde::{Deserialize, Serialize};

#[cfg(target_arch = "x86_64")]
use super::avx512;
use super::{EDGES, GROUPS, Histogram, kernel};
use crate::simd::Real;

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
        let padded = |c: &Histogram| {
            std::array::from_fn(|i| c.edges.get(i).copied().unwrap_or(f64::INFINITY))
        };
        let double: Vec<[f64; GROUPS]> = columns.iter().map(padded).collect();
        let single = double.iter().map(|edges| edges.map(least_single_from)).collect();
        Histograms { columns, single, double }
    }

    /// The edges in the type of the values.
    pub(in crate::sketch) fn edges<T: Real>(&self) -> &[[T; GROUPS]] {
        T::either(&self.single, &self.double)
    }

    /// The columns, in order.
    #[must_use]
    pub fn columns(&self) -> &[Histogram] {
        &self.columns
    }
}

/// The smallest single-precision value that is not below `edge`: the same values lie at or above
/// both.
fn least_single_from(edge: f64) -> f32 {
    let nearest = edge as f32;
    if f64::from(nearest) < edge { nearest.next_up() } else { nearest }
}

/// Counts of one window in the groups of several columns. Adds up under [`HistogramCounts::merge`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramCounts {
    pub(in crate::sketch) groups: Vec<[u64; GROUPS]>,
}

impl HistogramCounts {
    /// Nothing counted yet, of `columns` columns. Memory: 128 bytes a column.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        HistogramCounts { groups: vec![[0; GROUPS]; columns] }
    }

    /// Takes in `rows` of one value per column, column fastest. `finite`: that none of them is NaN;
    /// without it NaN and Inf are left out, one by one.
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

    proptest! {
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
            let mut rows: Vec<f64> = random.normals(p * n).iter().map(|x| f64::from(*x as f32))
                .collect();
            if let Some(at) = bad {
                let at = at.index(p * n);
                rows[at] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY][at % 3];
            }
            let single: Vec<f32> = rows.iter().map(|x| *x as f32).collect();
            let (mut double_counts, mut single_counts) = (HistogramCounts::new(p),
                HistogramCounts::new(p));
            double_counts.update(&of, &rows, bad.is_none());
            single_counts.update(&of, &single, bad.is_none());
            prop_assert_eq!(&double_counts, &single_counts);
            for (k, histogram) in columns.iter().enumerate() {
                let column: Vec<f64> = rows.iter().skip(k).step_by(p).copied()
                    .filter(|x| x.is_finite()).collect();
                let groups = double_counts.groups(k, histogram);
                let below: Vec<u64> = histogram.edges().iter()
                    .map(|e| column.iter().filter(|x| *x < e).count() as u64).collect();
                prop_assert_eq!(groups.below().collect::<Vec<_>>(), below);
                prop_assert_eq!(groups.total(), column.len() as u64);
                let mut alone = HistogramCounts::new(p);
                let column: Vec<f32> = column.iter().map(|x| *x as f32).collect();
                alone.update_column(&of, k, &column, true);
                prop_assert_eq!(alone.groups(k, histogram), groups);
            }
        }
    }
}
