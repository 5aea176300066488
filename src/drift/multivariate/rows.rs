//! Two samples of rows, checked.

use crate::stats::random::SplitMix64;
use crate::tensor::Tensor;
use crate::{Error, Result};

/// Rows of which the median distance is taken.
const MEDIAN_OF: usize = 1000;

/// ‖a - b‖².
pub(super) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

fn mixed(a: u64, b: u64) -> u64 {
    SplitMix64::new(a ^ b).next_u64()
}

/// The rows of both samples, reference first, one after the other.
pub(super) struct Rows {
    values: Vec<f64>,
    pub(super) features: usize,
    pub(super) reference_size: usize,
    pub(super) current_size: usize,
}

impl Rows {
    /// # Errors
    /// `FeatureMismatch`; `InvalidArgument` naming `reference` or `current` for NaN or Inf, or
    /// fewer than `least` rows.
    pub(super) fn new(reference: &Tensor<'_>, current: &Tensor<'_>, least: usize) -> Result<Self> {
        current.expect_features(reference.features())?;
        let features = reference.features();
        let mut values =
            Vec::with_capacity(features * (reference.observations() + current.observations()));
        for (argument, sample) in [("reference", reference), ("current", current)] {
            if sample.observations() < least {
                let was = format!("{} observations", sample.observations());
                return Err(Error::invalid(argument, was, format!("at least {least}")));
            }
            for index in 0..sample.elements().len() {
                let value = sample.elements().get(index);
                if !value.is_finite() {
                    let was = format!(
                        "{value} in feature {} of observation {} (from 0)",
                        index % features,
                        index / features
                    );
                    return Err(Error::invalid(
                        argument,
                        was,
                        "finite values; count, report and drop the others first",
                    ));
                }
                values.push(value);
            }
        }
        let (reference_size, current_size) = (reference.observations(), current.observations());
        Ok(Rows { values, features, reference_size, current_size })
    }

    pub(super) fn len(&self) -> usize {
        self.reference_size + self.current_size
    }

    pub(super) fn row(&self, k: usize) -> &[f64] {
        &self.values[k * self.features..(k + 1) * self.features]
    }

    /// The reference's rows, and the current sample's.
    pub(super) fn samples(&self) -> [&[f64]; 2] {
        let (reference, current) = self.values.split_at(self.reference_size * self.features);
        [reference, current]
    }

    /// Puts the rows of each sample into an order that hangs on what is in them and on nothing
    /// else: what is split by places afterwards is split alike however the rows came, sorted, day
    /// after night, or shuffled, and whatever the units.
    ///
    /// The order is that of a hash of the ranks of the row's values among both samples', and of how
    /// many equal rows of its sample came before it. So it is as good as a random one, and of equal
    /// rows each has a place of its own. Cost: O(d N log N).
    pub(super) fn order_by_content(&mut self) {
        let (features, reference, all) = (self.features, self.reference_size, self.len());
        let mut keys = vec![0u64; all];
        let mut column: Vec<(f64, usize)> = Vec::with_capacity(all);
        for feature in 0..features {
            column.clear();
            column.extend((0..all).map(|k| (self.row(k)[feature], k)));
            column.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            for (rank, equal) in column.chunk_by(|a, b| a.0 == b.0).enumerate() {
                equal.iter().for_each(|(_, k)| keys[*k] = mixed(keys[*k], rank as u64));
            }
        }
        let mut ordered = Vec::with_capacity(self.values.len());
        for sample in [0..reference, reference..all] {
            let mut hashed: Vec<(u64, usize)> = sample.map(|k| (keys[k], k)).collect();
            hashed.sort_unstable();
            let copies = hashed.chunk_by(|a, b| a.0 == b.0);
            let mut placed: Vec<(u64, usize)> = copies
                .flat_map(|equal| {
                    equal.iter().enumerate().map(|(copy, (key, k))| (mixed(*key, copy as u64), *k))
                })
                .collect();
            placed.sort_unstable();
            placed.iter().for_each(|(_, k)| ordered.extend_from_slice(self.row(*k)));
        }
        self.values = ordered;
    }

    /// Numbers of at most `most` rows, of both samples as if they were one: all in order, or as
    /// many drawn from `seed`.
    pub(super) fn picked(&self, most: usize, seed: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        if order.len() > most {
            let mut random = SplitMix64::new(seed);
            for place in 0..most {
                let other = place + random.below(order.len() - place);
                order.swap(place, other);
            }
            order.truncate(most);
        }
        order
    }

    /// The median squared distance of two different rows, of at most 1000 that are picked; 1 where
    /// half of the pairs are equal, for any width then tells equal from different. Cost: O(10⁶ d)
    /// at most.
    pub(super) fn median_square(&self) -> f64 {
        let rows = self.picked(MEDIAN_OF, 0);
        let pairs =
            rows.iter().enumerate().flat_map(|(k, &i)| rows[..k].iter().map(move |&j| (i, j)));
        let mut squares: Vec<f64> =
            pairs.map(|(i, j)| squared_distance(self.row(i), self.row(j))).collect();
        let middle = squares.len() / 2;
        match *squares.select_nth_unstable_by(middle, f64::total_cmp).1 {
            0.0 => 1.0,
            median => median,
        }
    }

    /// Centers every feature and divides it by its standard deviation, over both samples; one that
    /// never varies becomes 0.
    pub(super) fn standardize(&mut self) {
        let (size, features) = (self.len() as f64, self.features);
        for k in 0..features {
            let column = || self.values.iter().skip(k).step_by(features);
            let (low, high) =
                column().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
            // Halves, for the range itself may be beyond the largest double.
            let range = high / 2.0 - low / 2.0;
            let scaled = |v: f64| if range > 0.0 { (v / 2.0 - low / 2.0) / range } else { 0.0 };
            let mean = column().map(|v| scaled(*v)).sum::<f64>() / size;
            let variance = column().map(|v| (scaled(*v) - mean).powi(2)).sum::<f64>() / size;
            let sd = if range > 0.0 { variance.sqrt() } else { 1.0 };
            self.values
                .iter_mut()
                .skip(k)
                .step_by(features)
                .for_each(|v| *v = (scaled(*v) - mean) / sd);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tensor::Elements;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_the_content(mut values in prop::collection::vec(-2i32..3, 4..60),
            by in 0usize..30) {
            values.truncate(values.len() / 4 * 4);
            let of = |values: &[i32]| {
                let values: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
                let half = Tensor::new(Elements::F64(&values), values.len() / 2).unwrap();
                let mut rows = Rows::new(&half, &half, 1).unwrap();
                rows.order_by_content();
                rows
            };
            let rows = of(&values);
            let sorted = |rows: &[f64]| {
                let mut pairs: Vec<Vec<i64>> = rows.chunks(2)
                    .map(|row| row.iter().map(|v| *v as i64).collect()).collect();
                pairs.sort();
                pairs
            };
            let given: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            prop_assert!(rows.samples().iter().all(|sample| sorted(sample) == sorted(&given)));
            values.rotate_left(2 * by % given.len());
            prop_assert_eq!(of(&values).values, rows.values);
        }
    }

    #[test]
    fn the_order_is_as_good_as_a_random_one() {
        // sorted values, many of them equal: every second place has about half of each
        let values: Vec<f64> = (0..4000).map(|k| f64::from(k / 40)).collect();
        let sample = Tensor::new(Elements::F64(&values), values.len()).unwrap();
        let mut rows = Rows::new(&sample, &sample, 1).unwrap();
        rows.order_by_content();
        for sample in rows.samples() {
            let sum: f64 = sample.iter().step_by(2).sum();
            // sd of the sum of 2000 of 4000 without replacement
            let sd = (2000.0 * 0.5f64).sqrt() * (100.0f64 * 100.0 / 12.0).sqrt();
            assert!((sum - 2000.0 * 49.5).abs() < 4.0 * sd, "{sum}");
        }
    }
}
