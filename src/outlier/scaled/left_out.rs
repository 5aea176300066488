//! Scores of reference rows by the center and scale of all rows but their own.
//!
//! A row is nearer to a mean that it is part of than a new one is, by about √(2 features)/n of a
//! score's standard deviation: of 3000 features and 200 rows every new window would look drifted.
//! Left out, a row's score has the law of a new row's but for one row of the fit (n - 1 for n). In
//! closed form, so that it costs no second fit.

use super::{NO_SPREAD, Scaled};

/// `(x - mean) / standard deviation` by the other `n - 1` rows, from `z` by all `n`.
///
/// With d = x - mean: the others' mean is d n/(n-1) away, and their sum of squares is less by d²
/// n/(n-1). `None` where that leaves nothing but rounding: the others are all equal. Increasing in
/// `z`. `n` of at least 3.
pub fn of_moments(z: f64, n: f64) -> Option<f64> {
    let variance = ((n - 1.0) - z * z * n / (n - 1.0)) / (n - 2.0);
    (variance > 1e-12 * n).then(|| z * n / (n - 1.0) / variance.sqrt())
}

/// The type 7 quantile of `sorted` without the value at `index`; at least two values.
fn quantile_without(sorted: &[f64], index: usize, q: f64) -> f64 {
    let last = sorted.len() - 2;
    let value = |k: usize| sorted[k + usize::from(k >= index)];
    let at = q * last as f64;
    let below = value(at as usize);
    below + (at - at.floor()) * (value((at as usize + 1).min(last)) - below)
}

/// Where a value that is there lies, in order.
fn place(sorted: &[f64], x: f64) -> usize {
    sorted.partition_point(|other| *other < x).min(sorted.len() - 1)
}

/// The values of one feature, and their distances from each median that is left when one of them
/// goes.
#[derive(Debug)]
pub struct Column<'a> {
    sorted: &'a [f64],
    distances: Vec<(f64, Vec<f64>)>,
}

impl<'a> Column<'a> {
    /// `sorted`: the values, ascending, three at least.
    pub fn new(sorted: &'a [f64]) -> Self {
        Column { sorted, distances: Vec::new() }
    }

    /// `|x - median| / (1.4826 MAD)` of one of the values, by the others. Cost: O(log n), and O(n
    /// log n) for each of at most three medians.
    pub fn by_median(&mut self, x: f64) -> f64 {
        let median = quantile_without(self.sorted, place(self.sorted, x), 0.5);
        let known = self.distances.iter().position(|(of, _)| *of == median).unwrap_or_else(|| {
            let mut distances: Vec<f64> =
                self.sorted.iter().map(|other| (other - median).abs()).collect();
            distances.sort_by(f64::total_cmp);
            self.distances.push((median, distances));
            self.distances.len() - 1
        });
        let distances = &self.distances[known].1;
        let own = (x - median).abs();
        own * inverse(median, 1.4826 * quantile_without(distances, place(distances, own), 0.5))
    }

    /// `|x - middle| / (q3 - q1)` of one of the values, by the others.
    pub fn by_quartiles(&self, x: f64) -> f64 {
        let index = place(self.sorted, x);
        let (q1, q3) = (
            quantile_without(self.sorted, index, 0.25),
            quantile_without(self.sorted, index, 0.75),
        );
        let middle = 0.5 * (q1 + q3);
        (x - middle).abs() * inverse(middle, q3 - q1)
    }
}

fn inverse(center: f64, scale: f64) -> f64 {
    1.0 / scale.max(NO_SPREAD * center.abs().max(1.0))
}

impl Scaled {
    /// `(x - mean) / standard deviation` of each feature of a row that was among the `n` that this
    /// was fitted on, by the others.
    ///
    /// Where the others are all equal, that has the scale that a fit on them has: it is as far out
    /// as a new value is of a feature that never varied, neither nearer nor farther.
    pub fn left_out<'a>(&'a self, row: &'a [f64], n: f64) -> impl Iterator<Item = f64> + 'a {
        let alone = move |x: f64, center: f64| {
            let away = (x - center) * n / (n - 1.0);
            away * inverse(x - away, 0.0)
        };
        let each = row.iter().zip(&self.center).zip(self.z(row));
        each.map(move |((x, center), z)| of_moments(z, n).unwrap_or_else(|| alone(*x, *center)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch::Moments;
    use crate::support::columns::quantile;
    use proptest::prelude::*;

    fn without(values: &[f64], index: usize) -> Vec<f64> {
        let mut rest = values.to_vec();
        rest.remove(index);
        rest.sort_by(f64::total_cmp);
        rest
    }

    proptest! {
        /// As if fitted anew on the others.
        #[test]
        fn closed_forms_are_what_a_fit_without_the_row_gives(
            values in prop_oneof![
                prop::collection::vec(-1e3..1e3f64, 4..40),
                prop::collection::vec((-3i32..4).prop_map(f64::from), 4..40)
            ]
        ) {
            let n = values.len() as f64;
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let mut column = Column::new(&sorted);
            let mut moments = Moments::new(vec![0.0]);
            moments.update(&values);
            let all = Scaled::by_moments(&moments);
            for (index, x) in values.iter().enumerate() {
                let rest = without(&values, index);
                let z = |by: &Scaled| by.z(&[*x]).next().unwrap_or(f64::NAN);
                let near = |got: f64, want: f64| (got - want).abs() <= 1e-6 * (1.0 + want.abs());
                let want = z(&Scaled::by_median(std::slice::from_ref(&rest))).abs();
                prop_assert!(near(column.by_median(*x), want), "{} {want}", column.by_median(*x));
                let want = z(&Scaled::by_quartiles(std::slice::from_ref(&rest))).abs();
                prop_assert!(near(column.by_quartiles(*x), want), "{} {want}", column.by_quartiles(*x));
                let mut others = Moments::new(vec![0.0]);
                others.update(&rest);
                if others.std(0) > 1e-4 * moments.std(0) || others.std(0) == 0.0 {
                    let got = all.left_out(&[*x], n).next().unwrap_or(f64::NAN);
                    let want = z(&Scaled::by_moments(&others));
                    prop_assert!(near(got, want), "{got} {want}");
                }
            }
        }

        #[test]
        fn it_rises_with_z_and_stays_finite(n in 3usize..500, a in -30.0..30.0f64,
            b in -30.0..30.0f64) {
            let n = n as f64;
            let most = (n - 1.0) / n.sqrt(); // no z among n is larger
            let (low, high) = (a.min(b).clamp(-most, most), a.max(b).clamp(-most, most));
            if let (Some(low), Some(high)) = (of_moments(low, n), of_moments(high, n)) {
                // |z| n/(n-1) is at most sqrt(n), the variance at least 1e-12 n
                prop_assert!(low <= high && low.abs().max(high.abs()) <= 1.000_001e6);
            }
        }
    }

    #[test]
    fn a_quantile_without_one_value() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(quantile_without(&sorted, 0, 0.5), quantile(&[2.0, 4.0, 8.0], 0.5));
        assert_eq!(quantile_without(&sorted, 3, 0.25), quantile(&[1.0, 2.0, 4.0], 0.25));
    }
}
