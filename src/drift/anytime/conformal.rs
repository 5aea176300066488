//! Conformal p-values of one number after the other, at a constant cost each.
//!
//! A bag holds what came before. The p-value of a new observation is `(less + U equal) / n`, where
//! among the n observations of the bag, the new one included, `less` are smaller and `equal` are in
//! the same cell (the new one included), and U is uniform. If the observations are exchangeable and
//! each joins the bag after its p-value was taken, the p-values are **independent and uniform,
//! exactly**, for any number of them (Vovk, Gammerman & Shafer 2022, "Algorithmic learning in a
//! random world", theorem 11.1, for the nonconformity measure "the cell").
//!
//! Cells make that cheap: their bounds are order statistics of a part of the reference that never
//! joins the bag, so they are fixed beforehand and the theorem holds given them. Each bound is a
//! cell of its own, so ties and constants are seen. With 1023 bounds there are 2047 cells: a search
//! and two walks up a tree of counts (Fenwick 1994), whatever the length of the stream.

use serde::{Deserialize, Serialize};

use crate::sound::{Sound, can_grow};
use crate::stats::random::SplitMix64;

/// Counts of cells, with sums of all cells before one in O(log cells).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    tree: Vec<u64>,
    cells: Vec<u64>,
}

impl Counts {
    fn new(cells: usize) -> Self {
        Counts { tree: vec![0; cells + 1], cells: vec![0; cells] }
    }

    fn add(&mut self, cell: usize) {
        self.add_many(cell, 1);
    }

    fn add_many(&mut self, cell: usize, count: u64) {
        self.cells[cell] += count;
        let mut i = cell + 1;
        while i < self.tree.len() {
            self.tree[i] += count;
            i += i & i.wrapping_neg();
        }
    }

    fn before(&self, cell: usize) -> u64 {
        let (mut i, mut sum) = (cell, 0);
        while i > 0 {
            sum += self.tree[i];
            i &= i - 1;
        }
        sum
    }
}

/// What came before, reduced to counts of cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bag {
    /// Ascending, all different; bits of f64, so that the bag has equality and survives any format.
    bounds: Vec<u64>,
    counts: Counts,
    size: u64,
    random: SplitMix64,
}

/// Order-preserving: the integers are ordered as the numbers are, and -0 is 0.
#[inline]
fn ordered(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    bits ^ (((bits as i64 >> 63) as u64) | (1 << 63))
}

impl Bag {
    /// A bag for `reference` of at least 2 finite values. Half of them (at random, at most twice
    /// `most_bounds`) give the bounds of the cells, the others are the bag's first members.
    #[must_use]
    pub fn new(reference: &[f64], most_bounds: usize, seed: u64) -> Self {
        let mut random = SplitMix64::new(seed);
        let mut values: Vec<u64> = reference.iter().map(|x| ordered(*x)).collect();
        for i in (1..values.len()).rev() {
            values.swap(i, random.below(i + 1));
        }
        let for_bounds = (values.len() / 2).min(2 * most_bounds);
        let rest = values.split_off(for_bounds);
        values.sort_unstable();
        let kept = for_bounds.min(most_bounds);
        // Evenly spaced order statistics.
        let mut bounds: Vec<u64> =
            (0..kept).map(|k| values[((2 * k + 1) * for_bounds) / (2 * kept)]).collect();
        bounds.dedup();
        let counts = Counts::new(2 * bounds.len() + 1);
        let mut bag = Bag { bounds, counts, size: 0, random };
        for x in rest {
            let cell = bag.cell(x);
            bag.join(cell);
        }
        bag
    }

    /// Members.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Twice the number of bounds below x, and one more where x is one.
    #[inline]
    fn cell(&self, x: u64) -> usize {
        let below = self.bounds.partition_point(|bound| *bound < x);
        2 * below + usize::from(self.bounds.get(below) == Some(&x))
    }

    /// How many bounds the cells have.
    pub(super) fn bounds(&self) -> usize {
        self.bounds.len()
    }

    fn join(&mut self, cell: usize) {
        self.counts.add(cell);
        self.size += 1;
    }

    /// The p-value of x as one of the bag, in (0, 1); small where x is small. x joins the bag: full
    /// conformal prediction.
    #[inline]
    pub fn p_value(&mut self, x: f64) -> f64 {
        let cell = self.cell(ordered(x));
        self.join(cell);
        let (less, equal) = (self.counts.before(cell), self.counts.cells[cell]);
        (less as f64 + self.random.uniform() * equal as f64) / self.size as f64
    }

    /// The p-value of x beside the bag, which stays as it is: inductive conformal prediction. Given
    /// the bag these are independent, but off uniform by up to [`Bag::off_by`].
    #[inline]
    pub fn inductive_p_value(&mut self, x: f64) -> f64 {
        let cell = self.cell(ordered(x));
        let (less, equal) = (self.counts.before(cell), self.counts.cells[cell] + 1);
        (less as f64 + self.random.uniform() * equal as f64) / (self.size + 1) as f64
    }

    /// The members of `earlier`, a state of this same bag; the random numbers go on.
    pub(super) fn return_to(&mut self, earlier: &Bag) {
        self.counts.tree.copy_from_slice(&earlier.counts.tree);
        self.counts.cells.copy_from_slice(&earlier.counts.cells);
        self.size = earlier.size;
    }

    /// With probability at least `1 - delta` over the bag, each inductive p-value is this near to
    /// one that is exactly uniform: the inequality of Dvoretzky, Kiefer and Wolfowitz with
    /// Massart's constant (1990), and 1/(n+1) for the new observation itself.
    #[must_use]
    pub fn off_by(&self, delta: f64) -> f64 {
        let n = self.size.max(1) as f64;
        ((2.0 / delta).ln() / (2.0 * n)).sqrt() + 1.0 / (n + 1.0)
    }
}

impl Sound for Bag {
    fn is_sound(&self) -> bool {
        let cells = &self.counts.cells;
        let mut again = Counts::new(cells.len());
        let total = cells.iter().try_fold(0u64, |sum, count| sum.checked_add(*count));
        if cells.len() != 2 * self.bounds.len() + 1
            || total != Some(self.size)
            || !can_grow([self.size])
        {
            return false;
        }
        cells.iter().enumerate().for_each(|(cell, count)| again.add_many(cell, *count));
        self.bounds.is_sorted() && again == self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn numbers_keep_their_order_as_integers() {
        let x = [f64::MIN, -1.0, -1e-300, -0.0, 1e-300, 1.0, f64::MAX];
        assert!(x.windows(2).all(|w| ordered(w[0]) < ordered(w[1])));
        assert_eq!(ordered(0.0), ordered(-0.0));
    }

    #[test]
    fn counts_are_the_naive_ones() {
        let mut random = Random(2);
        let reference: Vec<f64> = (0..600).map(|_| (random.normal() * 8.0).round()).collect();
        let mut bag = Bag::new(&reference, 40, 1);
        let values: Vec<f64> = (0..500).map(|_| (random.normal() * 8.0).round()).collect();
        let mut members = bag.counts.cells.clone();
        for x in values {
            let cell = bag.cell(ordered(x));
            members[cell] += 1;
            let (less, size) =
                (members[..cell].iter().sum::<u64>() as f64, members.iter().sum::<u64>() as f64);
            let p = bag.p_value(x);
            assert!(p > less / size && p < (less + members[cell] as f64) / size);
        }
        assert_eq!(bag.size(), members.iter().sum::<u64>());
    }

    #[test]
    fn p_values_are_uniform_and_independent_even_of_few_and_of_ties() {
        // 20,000 bags of a handful of coarse values: the counts of the first three p-values in 4 x
        // 4 x 4 boxes, by chi-squared (63 degrees of freedom: 99.99% lies below 121).
        let mut counts = [0u32; 64];
        for run in 0..20_000u64 {
            let mut random = Random(run);
            let mut draw = || (random.normal() * 1.5).round();
            let reference: Vec<f64> = (0..6).map(|_| draw()).collect();
            // (Not the seed of `Random`, which is the same generator.)
            let mut bag = Bag::new(&reference, 1023, !run);
            let boxes = [(); 3].map(|()| (bag.p_value(draw()) * 4.0) as usize);
            counts[boxes[0] * 16 + boxes[1] * 4 + boxes[2]] += 1;
        }
        let expected = 20_000.0 / 64.0;
        let chi2: f64 = counts.iter().map(|c| (f64::from(*c) - expected).powi(2) / expected).sum();
        assert!(chi2 < 121.0, "{chi2}");
    }

    #[test]
    fn a_value_beyond_a_constant_reference_is_seen() {
        let mut bag = Bag::new(&[3.0; 200], 1023, 0);
        let above = bag.clone().p_value(3.1);
        assert!(above > 0.98 && bag.p_value(2.9) < 0.02);
    }
}
