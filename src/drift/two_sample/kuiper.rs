//! Kuiper's two-sample test.

use super::pooled::{Group, Pooled, walk};
use super::{Method, Permutations, Reference, TestName, TestResult};
use crate::Result;
use crate::stats::goodness_of_fit;

/// V = max(F - G) + max(G - F) of the two empirical distribution functions (Kuiper 1960): as
/// sensitive in the tails as in the middle, and the same wherever a circle (hours, angles) is cut
/// open.
///
/// The effect is V itself, in [0, 1]. The p-value is asymptotic from 10 values each with few ties:
/// the limit law with Stephens' correction (Stephens 1970, section 4) at the effective size
/// mn/(m+n). Otherwise it is by 999 reassignments. Cost: O(m + n) after sorting.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it is empty or holds NaN or Inf.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::Kuiper, current)
}

pub(super) fn of_sorted(
    reference: &[f64],
    current: &[f64],
    method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    let pooled = Pooled::new(reference, current);
    let (m, n) = (f64::from(pooled.reference_size), f64::from(pooled.current_size));
    let statistic = |groups: &[Group]| {
        let (low, high) = walk(groups, m, n)
            .fold((0.0f64, 0.0f64), |(low, high), (f, g, _)| (low.min(f - g), high.max(f - g)));
        high - low
    };
    let limit = |v: f64| Ok(goodness_of_fit::kuiper_sf(v, pooled.pairs() / pooled.size()));
    let p_value = pooled.p_value(method, statistic, limit, permutations)?;
    let v = statistic(pooled.groups()).min(1.0);
    Ok(pooled.result(TestName::Kuiper, v, p_value, v))
}
