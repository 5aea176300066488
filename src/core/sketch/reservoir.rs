//! A bounded, uniform sample of rows.

use crate::sound::{Sound, can_grow, is_table};
use serde::{Deserialize, Serialize};

/// Every row while there is room, then a uniform sample without replacement of all rows seen.
///
/// Algorithm R (Vitter 1985, section 2); merging draws from the two samples in proportion to what
/// each has seen, which keeps the sample uniform. Randomness is a fixed stream (SplitMix64), so
/// that a fit can be repeated to the bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reservoir {
    features: usize,
    capacity: usize,
    rows: Vec<f64>,
    seen: u64,
    random: u64,
}

impl Reservoir {
    /// Keeps at most `capacity` rows of `features` values.
    #[must_use]
    pub fn new(features: usize, capacity: usize) -> Self {
        Reservoir { features, capacity, rows: Vec::new(), seen: 0, random: 0x5EED }
    }

    /// Takes in one row.
    pub fn update(&mut self, row: &[f64]) {
        self.seen += 1;
        if self.kept() < self.capacity {
            self.rows.extend_from_slice(row);
            return;
        }
        let at = self.below(self.seen) as usize;
        if at < self.capacity {
            self.rows[at * self.features..][..self.features].copy_from_slice(row);
        }
    }

    /// Takes in rows, one after the other: all at once while there is room.
    pub fn extend(&mut self, rows: &[f64]) {
        let room = (self.capacity - self.kept()) * self.features;
        let (kept, others) = rows.split_at(room.min(rows.len()));
        self.rows.extend_from_slice(kept);
        self.seen += (kept.len() / self.features.max(1)) as u64;
        others.chunks_exact(self.features.max(1)).for_each(|row| self.update(row));
    }

    /// Takes in what `other` has seen.
    pub fn merge(&mut self, other: &Reservoir) {
        if self.seen + other.seen <= self.capacity as u64 {
            self.rows.extend_from_slice(&other.rows);
            self.seen += other.seen;
            return;
        }
        let (p, mut mine, mut theirs) = (self.features, self.shuffled(), other.clone().shuffled());
        let (mut left, mut right) = (self.seen, other.seen);
        let mut rows = Vec::with_capacity(self.capacity * p);
        while rows.len() < self.capacity * p && left + right > 0 {
            // The next row of the union of both streams, in random order, comes from the left with
            // this probability.
            let from = if self.below(left + right) < left {
                left -= 1;
                mine.pop()
            } else {
                right -= 1;
                theirs.pop()
            };
            if let Some(row) = from {
                rows.extend_from_slice(&row);
            }
        }
        self.rows = rows;
        self.seen += other.seen;
    }

    fn shuffled(&mut self) -> Vec<Vec<f64>> {
        let mut rows: Vec<Vec<f64>> =
            self.rows.chunks(self.features.max(1)).map(<[f64]>::to_vec).collect();
        for i in (1..rows.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            rows.swap(i, j);
        }
        rows
    }

    /// A whole number in `0..n`.
    fn below(&mut self, n: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((u128::from(z ^ (z >> 31)) * u128::from(n)) >> 64) as u64
    }

    /// Numbers a row.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features
    }

    /// Rows in the sample.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.rows.len() / self.features.max(1)
    }

    /// Rows ever taken in.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The sample, row after row.
    #[must_use]
    pub fn rows(&self) -> &[f64] {
        &self.rows
    }

    /// The most rows that it keeps.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Values of `feature` over the sample.
    #[must_use]
    pub fn column(&self, feature: usize) -> Vec<f64> {
        self.rows.chunks_exact(self.features).map(|row| row[feature]).collect()
    }
}

impl Sound for Reservoir {
    fn is_sound(&self) -> bool {
        let kept = self.kept();
        let rows = self.rows.is_empty() || is_table(&self.rows, kept, self.features);
        rows && kept <= self.capacity && kept as u64 <= self.seen && can_grow([self.seen])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: std::ops::Range<u32>, capacity: usize) -> Reservoir {
        let mut r = Reservoir::new(2, capacity);
        rows.for_each(|i| r.update(&[f64::from(i), -f64::from(i)]));
        r
    }

    #[test]
    fn merged_is_single_pass_while_there_is_room() {
        let mut merged = fit(0..40, 100);
        merged.merge(&fit(40..100, 100));
        assert_eq!(merged, fit(0..100, 100));
    }

    #[test]
    fn many_rows_at_once_are_as_one_after_the_other() {
        for (first, second) in [(0, 30), (30, 90), (100, 130), (90, 300)] {
            let rows: Vec<f64> =
                (first..second).flat_map(|i| [f64::from(i), -f64::from(i)]).collect();
            let mut extended = fit(0..first, 100);
            extended.extend(&rows);
            assert_eq!(extended, fit(0..second, 100));
        }
    }

    #[test]
    fn beyond_that_the_sample_is_uniform() {
        // Each of 200 rows stands in a sample of 50 with probability 1/4: means over 400 samples,
        // by both ways.
        let mut mean = [0.0f64; 2];
        for seed in 0..400 {
            let mut one = Reservoir { random: seed, ..Reservoir::new(2, 50) };
            (0..200).for_each(|i| one.update(&[f64::from(i), 0.0]));
            let mut two = Reservoir { random: seed, ..fit(0..150, 50) };
            two.merge(&fit(150..200, 50));
            for (m, r) in mean.iter_mut().zip([&one, &two]) {
                assert_eq!((r.kept(), r.seen()), (50, 200));
                *m += r.column(0).iter().sum::<f64>() / 50.0 / 400.0;
            }
        }
        // Standard error of each mean is 57.7 / sqrt(50 * 400) * sqrt(3/4) = 0.35; the fixed left
        // part shares one sample.
        assert!((mean[0] - 99.5).abs() < 1.5, "{mean:?}");
        assert!((mean[1] - 99.5).abs() < 8.0, "{mean:?}");
    }
}
