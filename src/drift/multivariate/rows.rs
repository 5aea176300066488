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

/// The rows of both samples, reference first, one after the other.
pub(super) struct Rows {
    values: Vec<f64>,
    pub(super) features: usize,
    pub(super) reference_size: usize,
    pub(super) current_size: usize,
}

impl Rows {
    /// # Errors
    /// `FeatureMismatch`; `InvalidArgument` naming `reference` or `current` for NaN or Inf, or fewer than `least` rows.
    pub(super) fn new(reference: &Tensor<'_>, current: &Tensor<'_>, least: usize) -> Result<Self> {
        current.expect_features(reference.features())?;
        let features = reference.features();
        let mut values = Vec::with_capacity(features * (reference.observations() + current.observations()));
        for (argument, sample) in [("reference", reference), ("current", current)] {
            if sample.observations() < least {
                let was = format!("{} observations", sample.observations());
                return Err(Error::invalid(argument, was, format!("at least {least}")));
            }
            for index in 0..sample.elements().len() {
                let value = sample.elements().get(index);
                if !value.is_finite() {
                    let was = format!("{value} in feature {} of observation {}", index % features, index / features);
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

    /// Numbers of at most `most` rows, of both samples as if they were one: all in order, or as many drawn from `seed`.
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

    /// The median squared distance of two different rows, of at most 1000 that are picked; 1 where half of the pairs are
    /// equal, for any width then tells equal from different. Cost: O(10⁶ d) at most.
    pub(super) fn median_square(&self) -> f64 {
        let rows = self.picked(MEDIAN_OF, 0);
        let pairs = rows.iter().enumerate().flat_map(|(k, &i)| rows[..k].iter().map(move |&j| (i, j)));
        let mut squares: Vec<f64> = pairs.map(|(i, j)| squared_distance(self.row(i), self.row(j))).collect();
        let middle = squares.len() / 2;
        match *squares.select_nth_unstable_by(middle, f64::total_cmp).1 {
            0.0 => 1.0,
            median => median,
        }
    }

    /// Centers every feature and divides it by its standard deviation, over both samples; one that never varies becomes 0.
    pub(super) fn standardize(&mut self) {
        let (size, features) = (self.len() as f64, self.features);
        for k in 0..features {
            let column = || self.values.iter().skip(k).step_by(features);
            let (low, high) = column().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
            // Halves, for the range itself may be beyond the largest double.
            let range = high / 2.0 - low / 2.0;
            let scaled = |v: f64| if range > 0.0 { (v / 2.0 - low / 2.0) / range } else { 0.0 };
            let mean = column().map(|v| scaled(*v)).sum::<f64>() / size;
            let variance = column().map(|v| (scaled(*v) - mean).powi(2)).sum::<f64>() / size;
            let sd = if range > 0.0 { variance.sqrt() } else { 1.0 };
            self.values.iter_mut().skip(k).step_by(features).for_each(|v| *v = (scaled(*v) - mean) / sd);
        }
    }
}
