//! Isotonic regression: the non-decreasing function with the least squared error.

use serde::{Deserialize, Serialize};

use crate::sound::{Sound, in_order};
use crate::{Error, Result};

/// A non-decreasing, piecewise linear function: between knots linear, constant beyond the first and
/// the last.
///
/// Fitted by pooling adjacent violators (Ayer et al. 1955; Barlow et al. 1972, section 1.2); values
/// at equal `x` are averaged first. Between the knots it is linear, as scikit-learn's
/// `IsotonicRegression(out_of_bounds="clip")` is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Isotonic {
    x: Vec<f64>,
    y: Vec<f64>,
}

/// Neighboring observations with one fitted value.
struct Block {
    first: f64,
    last: f64,
    mean: f64,
    weight: f64,
}

impl Isotonic {
    /// Of pairs in any order. O(n log n).
    ///
    /// # Errors
    /// `InvalidArgument` where there are no pairs, lengths differ, or a value is NaN or Inf.
    pub fn fit(x: &[f64], y: &[f64]) -> Result<Self> {
        if x.is_empty() || x.len() != y.len() {
            let was = format!("{} and {} values", x.len(), y.len());
            return Err(Error::invalid(
                "x and y",
                was,
                "as many of one as of the other, at least one",
            ));
        }
        if let Some(bad) = x.iter().chain(y).find(|v| !v.is_finite()) {
            return Err(Error::invalid("x and y", bad, "finite numbers"));
        }
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
        let mut blocks: Vec<Block> = Vec::new();
        for group in order.chunk_by(|&i, &j| x[i] == x[j]) {
            let weight = group.len() as f64;
            let mean = group.iter().map(|&i| y[i]).sum::<f64>() / weight;
            blocks.push(Block { first: x[group[0]], last: x[group[0]], mean, weight });
            while let [.., a, b] = blocks.as_mut_slice() {
                if a.mean < b.mean {
                    break;
                }
                a.mean = (a.mean * a.weight + b.mean * b.weight) / (a.weight + b.weight);
                a.weight += b.weight;
                a.last = b.last;
                blocks.pop();
            }
        }
        let (mut knots, mut values) = (Vec::new(), Vec::new());
        for block in &blocks {
            knots.push(block.first);
            values.push(block.mean);
            if block.last > block.first {
                knots.push(block.last);
                values.push(block.mean);
            }
        }
        Ok(Isotonic { x: knots, y: values })
    }

    /// The fitted value at `x`. O(log knots).
    #[must_use]
    pub fn predict(&self, x: f64) -> f64 {
        let above = self.x.partition_point(|knot| *knot <= x);
        let (Some(low), Some(high)) = (above.checked_sub(1), self.x.get(above)) else {
            return if above == 0 { self.y[0] } else { self.y[above - 1] };
        };
        let share = (x - self.x[low]) / (high - self.x[low]);
        self.y[low] + share * (self.y[above] - self.y[low])
    }

    /// Knots and the values there, both ascending.
    #[must_use]
    pub fn knots(&self) -> (&[f64], &[f64]) {
        (&self.x, &self.y)
    }
}

impl Sound for Isotonic {
    fn is_sound(&self) -> bool {
        !self.x.is_empty() && self.x.len() == self.y.len() && in_order(&self.x)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By its closed form: the largest mean of an interval that ends here, the smallest over its
    /// ends (Barlow et al. 1972).
    fn min_max(y: &[f64]) -> Vec<f64> {
        let mean = |i: usize, j: usize| y[i..=j].iter().sum::<f64>() / (j - i + 1) as f64;
        let at = |k: usize| {
            (0..=k)
                .map(|i| (k..y.len()).map(|j| mean(i, j)).fold(f64::INFINITY, f64::min))
                .fold(f64::MIN, f64::max)
        };
        (0..y.len()).map(at).collect()
    }

    proptest! {
        #[test]
        fn it_is_the_min_max_formula(y in prop::collection::vec(-5.0f64..5.0, 1..40)) {
            let x: Vec<f64> = (0..y.len()).map(|i| i as f64).collect();
            let fitted = Isotonic::fit(&x, &y).unwrap();
            for (x, expected) in x.iter().zip(min_max(&y)) {
                prop_assert!((fitted.predict(*x) - expected).abs() < 1e-12);
            }
        }

        #[test]
        fn it_never_falls_and_keeps_the_mean(
            pairs in prop::collection::vec((0u8..20, -5.0f64..5.0), 1..60), order in any::<u64>()
        ) {
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(x, y)| (f64::from(*x), *y))
                .unzip();
            let fitted = Isotonic::fit(&x, &y).unwrap();
            let total = x.iter().map(|x| fitted.predict(*x)).sum::<f64>();
            prop_assert!((total - y.iter().sum::<f64>()).abs() < 1e-9);
            let line: Vec<f64> = (0..250).map(|i| fitted.predict(f64::from(i) / 10.0 - 2.0))
                .collect();
            prop_assert!(line.windows(2).all(|w| w[0] <= w[1] + 1e-12));
            let mut shuffled = pairs.clone();
            let mut random = crate::stats::random::SplitMix64::new(order);
            (1..shuffled.len()).for_each(|i| shuffled.swap(i, random.below(i + 1)));
            let (x, y): (Vec<f64>, Vec<f64>) = shuffled.iter().map(|(x, y)| (f64::from(*x), *y))
                .unzip();
            let again = Isotonic::fit(&x, &y).unwrap();
            (0..20).map(f64::from).for_each(|x| {
                assert!((again.predict(x) - fitted.predict(x)).abs() < 1e-9)
            });
        }
    }

    #[test]
    fn bad_pairs_are_refused() {
        for (x, y) in
            [(&[][..], &[][..]), (&[1.0], &[]), (&[f64::NAN], &[1.0]), (&[1.0], &[f64::INFINITY])]
        {
            assert_eq!(Isotonic::fit(x, y).unwrap_err().code(), 100);
        }
    }
}
