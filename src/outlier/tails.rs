//! The tails of each feature's empirical distribution: what ECOD and COPOD are made of.
//!
//! Both papers score the observations they are fitted on. A new observation joins the reference
//! alone: of n + 1 values, those at most `x` are the reference's and `x` itself. So no tail is
//! empty, and the score is that of pyod's `decision_function` for a batch of this one observation.
//! (pyod refits on the reference and the whole batch, so that a score there depends on the company
//! it came in; here it does not.)

use serde::{Deserialize, Serialize};

use super::Rows;
use super::support::packed;
use crate::sound::{Sound, is_table};

/// Each feature's values in order, with what skewness needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tails {
    n: usize,
    #[serde(with = "packed")]
    sorted: Vec<f64>,
    /// Of each feature: mean, and sums of the second and third powers about it.
    #[serde(with = "packed")]
    moments: Vec<f64>,
}

/// One feature's tails at `x`: minus the logarithms of the fraction at most and at least `x`, and
/// the one that skewness points to (both, where it is 0).
pub struct Tail {
    pub left: f64,
    pub right: f64,
    pub skewed: f64,
}

impl Tails {
    pub fn new(reference: &Rows<'_>) -> Self {
        let columns = reference.sorted_columns();
        let n = reference.len();
        let mut moments = Vec::with_capacity(3 * columns.len());
        for column in &columns {
            let mean = column.iter().sum::<f64>() / n as f64;
            let power = |k: i32| column.iter().map(|x| (x - mean).powi(k)).sum::<f64>();
            moments.extend([mean, power(2), power(3)]);
        }
        Tails { n, sorted: columns.concat(), moments }
    }

    pub fn features(&self) -> usize {
        self.moments.len() / 3
    }

    /// Writes the sum over features of `part` of each row's tails.
    pub fn score_rows(&self, rows: &[f64], scores: &mut [f64], part: impl Fn(Tail) -> f64) {
        for (row, score) in rows.chunks_exact(self.features()).zip(scores) {
            *score = row.iter().enumerate().map(|(k, x)| part(self.at(k, *x))).sum();
        }
    }

    /// Writes the summands of one row.
    pub fn parts(&self, row: &[f64], parts: &mut [f64], part: impl Fn(Tail) -> f64) {
        row.iter().zip(parts).enumerate().for_each(|(k, (x, out))| *out = part(self.at(k, *x)));
    }

    /// As [`super::Detector::work`].
    pub fn work(&self) -> usize {
        40 * self.features()
    }

    #[inline]
    pub fn at(&self, k: usize, x: f64) -> Tail {
        let sorted = &self.sorted[k * self.n..(k + 1) * self.n];
        let below = lower_bound(sorted, |y| y < x);
        // Ties are few, mostly.
        let equal = sorted[below..].iter().take(8).take_while(|y| **y == x).count();
        let up_to = if equal < 8 { below + equal } else { lower_bound(sorted, |y| y <= x) };
        let all = (self.n + 1) as f64;
        let left = -((up_to + 1) as f64 / all).ln();
        let right = -((self.n - below + 1) as f64 / all).ln();
        let skewed = match self.skewness_sign(k, x) {
            sign if sign < 0.0 => left,
            sign if sign > 0.0 => right,
            _ => left + right,
        };
        Tail { left, right, skewed }
    }

    /// The sign of the third central moment of the reference's values and `x` (Pebay 2008, equation
    /// 2.1 with one point). 0 where scipy's `skew` has none: a variance within rounding of 0.
    fn skewness_sign(&self, k: usize, x: f64) -> f64 {
        let [mean, second, third] =
            [self.moments[3 * k], self.moments[3 * k + 1], self.moments[3 * k + 2]];
        let n = self.n as f64;
        let d = x - mean;
        let m2 = second + d * d * n / (n + 1.0);
        let m3 = third + d * d * d * n * (n - 1.0) / ((n + 1.0) * (n + 1.0))
            - 3.0 * d * second / (n + 1.0);
        let new_mean = mean + d / (n + 1.0);
        let rounding = f64::EPSILON * new_mean.abs();
        if m2 / (n + 1.0) <= rounding * rounding { 0.0 } else { m3 }
    }
}

/// The number of leading values for which `before` holds, without a jump that can be guessed wrong.
#[inline]
fn lower_bound(sorted: &[f64], before: impl Fn(f64) -> bool) -> usize {
    let (mut from, mut size) = (0, sorted.len());
    while size > 1 {
        let half = size / 2;
        from += if before(sorted[from + half - 1]) { half } else { 0 };
        size -= half;
    }
    from + usize::from(size == 1 && before(sorted[from]))
}

impl Sound for Tails {
    fn is_sound(&self) -> bool {
        is_table(&self.moments, self.features(), 3)
            && is_table(&self.sorted, self.features(), self.n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tails_are_counts(mut values in prop::collection::vec(-5i8..5, 1..60), x in -6i8..6) {
            let n = values.len() as f64 + 1.0;
            let reference = Rows::from_values(values.iter().map(|x| f64::from(*x)).collect(), 1);
            let tail = Tails::new(&reference).at(0, f64::from(x));
            values.push(x);
            let fraction = |keep: &dyn Fn(i8) -> bool| {
                values.iter().filter(|y| keep(**y)).count() as f64 / n
            };
            prop_assert_eq!(tail.left, -fraction(&|y| y <= x).ln());
            prop_assert_eq!(tail.right, -fraction(&|y| y >= x).ln());
            let mean = values.iter().map(|y| f64::from(*y)).sum::<f64>() / n;
            let third: f64 = values.iter().map(|y| (f64::from(*y) - mean).powi(3)).sum();
            let want = if third.abs() < 1e-9 { tail.skewed } else if third < 0.0 { tail.left }
                else { tail.right };
            prop_assert_eq!(tail.skewed, want);
        }
    }
}
