//! The two-sample Kolmogorov-Smirnov test.

use super::{Method, Reference, TestName, TestResult};
use crate::Result;
use crate::stats::kolmogorov::{self, PValue};

/// D = sup |F - G| of the two empirical distribution functions; the effect is D itself, in [0, 1].
///
/// The p-value is exact or asymptotic as [`kolmogorov::p_value`] chooses; with ties it is conservative.
/// Cost: O(m + n) after sorting.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it is empty or holds NaN or Inf.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.ks(current)
}

/// D of two samples that are sorted ascending and not empty.
#[must_use]
pub fn statistic_of_sorted(reference: &[f64], current: &[f64]) -> f64 {
    let (m, n) = (reference.len(), current.len());
    if m == 0 || n == 0 {
        return 0.0;
    }
    largest_gap(reference, current) as f64 / (m as f64 * n as f64)
}

/// max |i n - j m| over all values, where i and j count what is not above the value: whole numbers, no rounding.
///
/// A merge without an unforeseeable branch: each step takes the smaller value, from both samples if they are equal;
/// a state counts once the next value is larger.
fn largest_gap(a: &[f64], b: &[f64]) -> i64 {
    let (m, n) = (a.len() as i64, b.len() as i64);
    let (mut i, mut j) = (0, 0);
    let (mut gap, mut largest) = (0i64, 0i64);
    let mut last = f64::NEG_INFINITY;
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        let value = if x <= y { x } else { y };
        largest = largest.max(if value > last { gap.abs() } else { 0 });
        last = value;
        let (from_a, from_b) = (x <= y, y <= x);
        i += usize::from(from_a);
        j += usize::from(from_b);
        gap += if from_a { n } else { 0 };
        gap -= if from_b { m } else { 0 };
    }
    // One sample is used up. The other's values equal to the last one still belong to it; later the gap only closes.
    let (rest_a, rest_b) = (equal_to(last, &a[i..]), equal_to(last, &b[j..]));
    gap += rest_a * n - rest_b * m;
    largest.max(gap.abs())
}

fn equal_to(value: f64, sorted: &[f64]) -> i64 {
    sorted.iter().take_while(|v| **v == value).count() as i64
}

pub(super) fn of_sorted(reference: &[f64], current: &[f64], method: kolmogorov::Method) -> Result<TestResult> {
    let statistic = statistic_of_sorted(reference, current);
    let (reference_size, current_size) = (reference.len() as u64, current.len() as u64);
    let PValue { p_value, exact } = kolmogorov::p_value(statistic, reference_size, current_size, method)?;
    let method = if exact { Method::Exact } else { Method::Asymptotic };
    Ok(TestResult { test: TestName::Ks, statistic, p_value, effect: statistic, method, reference_size, current_size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By definition: both distribution functions at every value.
    fn by_definition(a: &[f64], b: &[f64]) -> f64 {
        let share = |s: &[f64], x: f64| s.iter().filter(|v| **v <= x).count() as f64 / s.len() as f64;
        a.iter().chain(b).map(|x| (share(a, *x) - share(b, *x)).abs()).fold(0.0, f64::max)
    }

    fn sample() -> impl Strategy<Value = Vec<f64>> {
        let mut sorted = prop_oneof![
            prop::collection::vec(-1e3..1e3f64, 1..60),
            prop::collection::vec((-4i32..4).prop_map(f64::from), 1..60)
        ]
        .boxed();
        sorted = sorted
            .prop_map(|mut s| {
                s.sort_by(f64::total_cmp);
                s
            })
            .boxed();
        sorted
    }

    proptest! {
        #[test]
        fn the_merge_is_the_definition(a in sample(), b in sample()) {
            let d = statistic_of_sorted(&a, &b);
            prop_assert!((d - by_definition(&a, &b)).abs() < 1e-14);
            prop_assert_eq!(d, statistic_of_sorted(&b, &a));
            let monotone = |s: &[f64]| s.iter().map(|v| v.cbrt() * 3.0 + 1.0).collect::<Vec<_>>();
            prop_assert_eq!(d, statistic_of_sorted(&monotone(&a), &monotone(&b)));
        }
    }
}
