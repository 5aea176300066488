//! The two-sample Kolmogorov-Smirnov test.

use super::pooled::{Group, Pooled, walk};
use super::{Method, Permutations, Reference, TestName, TestResult};
use crate::Result;
use crate::stats::kolmogorov::{self, PValue};

/// D = sup |F - G| of the two empirical distribution functions; the effect is D itself, in [0, 1].
///
/// The p-value is exact or asymptotic as [`kolmogorov::p_value`] chooses; with ties it is
/// conservative. Cost: O(m + n) after sorting.
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

/// max |i n - j m| over all values, where i and j count what is not above the value: whole numbers,
/// no rounding.
fn largest_gap(a: &[f64], b: &[f64]) -> i64 {
    // With b's values first among equals, no gap on the way is above the true ones, and so with a's
    // first none below. Without a value in both samples, one order serves for both.
    let sweep = sweep(a, b, |x, y| x <= y);
    let highest = if sweep.ties { self::sweep(a, b, |x, y| x < y).highest } else { sweep.highest };
    highest.max(-sweep.lowest)
}

/// The extremes of i n - j m on the way through both samples in order.
struct Sweep {
    highest: i64,
    lowest: i64,
    ties: bool,
}

/// Merges that run side by side: each waits for its own loads, so two take little longer than one.
const LANES: usize = 2;

/// The samples are cut by the values of a (equal ones stay together) and the parts merged in one
/// loop.
fn sweep(a: &[f64], b: &[f64], a_is_first: impl Fn(f64, f64) -> bool) -> Sweep {
    let mut cut = (0, 0);
    let mut lanes: [Merge; LANES] = std::array::from_fn(|k| {
        let (i, j) = cut;
        if k + 1 < LANES {
            let value = a[(k + 1) * (a.len() - 1) / LANES];
            cut = (a.partition_point(|v| *v <= value), b.partition_point(|v| *v <= value));
        } else {
            cut = (a.len(), b.len());
        }
        let gap = i as i64 * b.len() as i64 - j as i64 * a.len() as i64;
        Merge::new(&a[i..cut.0], &b[j..cut.1], [-(a.len() as i64), b.len() as i64], gap)
    });
    while lanes.iter().all(Merge::goes_on) {
        lanes.iter_mut().for_each(|lane| lane.step(&a_is_first));
    }
    for lane in &mut lanes {
        while lane.goes_on() {
            lane.step(&a_is_first);
        }
    }
    // Once a part has used up one sample, the gap goes one way to the part's end, where the next
    // part begins.
    Sweep {
        highest: lanes.iter().map(|lane| lane.highest).max().unwrap_or_default(),
        lowest: lanes.iter().map(|lane| lane.lowest).min().unwrap_or_default(),
        ties: lanes.iter().any(|lane| lane.ties),
    }
}

/// A merge without an unforeseeable branch: which sample is next is as good as a coin, and a wrong
/// guess costs 15 cycles; so the outcome is used as a number.
struct Merge<'a> {
    a: &'a [f64],
    b: &'a [f64],
    i: usize,
    j: usize,
    /// What a value of b, and of a, adds to the gap.
    weights: [i64; 2],
    gap: i64,
    highest: i64,
    lowest: i64,
    ties: bool,
}

impl<'a> Merge<'a> {
    fn new(a: &'a [f64], b: &'a [f64], weights: [i64; 2], gap: i64) -> Self {
        Self { a, b, i: 0, j: 0, weights, gap, highest: gap, lowest: gap, ties: false }
    }

    #[inline(always)]
    fn goes_on(&self) -> bool {
        self.i < self.a.len() && self.j < self.b.len()
    }

    #[inline(always)]
    fn step(&mut self, a_is_first: impl Fn(f64, f64) -> bool) {
        let (x, y) = (self.a[self.i], self.b[self.j]);
        let from_a = usize::from(a_is_first(x, y));
        self.ties |= x == y;
        self.i += from_a;
        self.j += 1 - from_a;
        self.gap += self.weights[from_a];
        self.highest = self.highest.max(self.gap);
        self.lowest = self.lowest.min(self.gap);
    }
}

pub(super) fn of_reference(
    reference: &Reference,
    current: &[f64],
    method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    let method = match method {
        Method::Permutation => return by_permutation(reference.values(), current, permutations),
        Method::Exact => kolmogorov::Method::Exact,
        Method::Asymptotic => kolmogorov::Method::Asymptotic,
        _ => kolmogorov::Method::Auto,
    };
    of_sorted(reference.values(), current, method)
}

pub(super) fn of_sorted(
    reference: &[f64],
    current: &[f64],
    method: kolmogorov::Method,
) -> Result<TestResult> {
    let statistic = statistic_of_sorted(reference, current);
    let (reference_size, current_size) = (reference.len() as u64, current.len() as u64);
    let PValue { p_value, exact } =
        kolmogorov::p_value(statistic, reference_size, current_size, method)?;
    let method = if exact { Method::Exact } else { Method::Asymptotic };
    Ok(TestResult {
        test: TestName::Ks,
        statistic,
        p_value,
        effect: statistic,
        method,
        reference_size,
        current_size,
    })
}

/// By reassignment of the pooled values: with ties the p-value is then not conservative. Cost:
/// O((m + n) · draws).
pub(super) fn by_permutation(
    reference: &[f64],
    current: &[f64],
    permutations: Permutations,
) -> Result<TestResult> {
    let pooled = Pooled::new(reference, current);
    let (m, n) = (f64::from(pooled.reference_size), f64::from(pooled.current_size));
    let statistic =
        |groups: &[Group]| walk(groups, m, n).map(|(f, g, _)| (f - g).abs()).fold(0.0, f64::max);
    let unused = |_| Ok(1.0);
    let p_value = pooled.p_value(Method::Permutation, statistic, unused, permutations)?;
    let d = statistic_of_sorted(reference, current);
    Ok(pooled.result(TestName::Ks, d, p_value, d))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By definition: both distribution functions at every value.
    fn by_definition(a: &[f64], b: &[f64]) -> f64 {
        let share =
            |s: &[f64], x: f64| s.iter().filter(|v| **v <= x).count() as f64 / s.len() as f64;
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
