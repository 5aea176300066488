//! The Anderson-Darling test of two samples.

use super::pooled::{Group, Pooled};
use super::{Method, Permutations, Reference, TestName, TestResult};
use crate::stats::goodness_of_fit;
use crate::{Error, Result};

/// The k-sample statistic A²akN for k = 2, by midranks (Scholz & Stephens 1987, "K-sample
/// Anderson-Darling tests", eq. 7); its mean under the null is 1. `scipy.stats.anderson_ksamp`
/// reports (A² - 1)/σ_N instead.
///
/// The effect is √(A² (m+n)/(mn)): the root mean square of F - G, each weighted by 1/√(H(1-H)) of
/// the pooled H, so that the tails count as much as the middle. The p-value is asymptotic from 10
/// values each with few ties: the limit law of one sample's A² (which for k = 2 is the limit,
/// Pettitt 1976) at 1 + σ (A² - 1)/σ_N, where σ_N is exact for the sizes. Otherwise it is by 999
/// reassignments. scipy interpolates in a table and clips to [0.001, 0.25]; here nothing is
/// clipped. Cost: O(m + n) after sorting.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it is empty or holds NaN or Inf.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::Ad, current)
}

pub(super) fn of_sorted(
    reference: &[f64],
    current: &[f64],
    method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    let pooled = Pooled::new(reference, current);
    let (m, n) = (f64::from(pooled.reference_size), f64::from(pooled.current_size));
    if pooled.groups().len() == 1 {
        return Ok(pooled.result(TestName::Ad, 0.0, (1.0, Method::Exact), 0.0));
    }
    if method == Method::Asymptotic && pooled.size() < 4.0 {
        let was = format!("asymptotic for ad of {} values", pooled.size());
        return Err(Error::invalid("method", was, "at least 4 values; or permutation"));
    }
    let statistic = |groups: &[Group]| from_midranks(groups, m, n);
    let limit = |a2: f64| {
        let standardized = (a2 - 1.0) / standard_deviation(m, n);
        Ok(goodness_of_fit::anderson_darling_sf(
            1.0 + goodness_of_fit::ANDERSON_DARLING_SD * standardized,
        ))
    };
    let p_value = pooled.p_value(method, statistic, limit, permutations)?;
    let a2 = statistic(pooled.groups());
    Ok(pooled.result(TestName::Ad, a2, p_value, (a2 * pooled.size() / pooled.pairs()).sqrt()))
}

/// (N - 1)/N Σᵢ 1/nᵢ Σⱼ (lⱼ/N) (N Mᵢⱼ - nᵢ Bⱼ)² / (Bⱼ(N - Bⱼ) - N lⱼ/4). With two samples the
/// squares are the same.
fn from_midranks(groups: &[Group], m: f64, n: f64) -> f64 {
    let size = m + n;
    let (mut before, mut current, mut sum) = (0.0, 0.0, 0.0);
    for group in groups {
        let (l, f) = (f64::from(group.all), f64::from(group.current));
        let (b, mid) = (before + 0.5 * l, current + 0.5 * f);
        sum += l / size * (size * mid - b * n).powi(2) / (b * (size - b) - size * l / 4.0);
        before += l;
        current += f;
    }
    (size - 1.0) / size * sum * (1.0 / m + 1.0 / n)
}

/// σ_N for k = 2 (Scholz & Stephens 1987, eq. 4), for more than 3 observations. Cost: O(m + n).
fn standard_deviation(m: f64, n: f64) -> f64 {
    let size = m + n;
    let inverse = 1.0 / m + 1.0 / n;
    let whole = size as u64;
    // h = Σ 1/i for i < N; g = Σ over i of (Σ of 1/j for i < j < N)/(N - i), here with the sum
    // inside run along.
    let (mut tail, mut g) = (0.0, 0.0);
    for i in 2..whole {
        tail += 1.0 / (whole - i + 1) as f64;
        g += tail / i as f64;
    }
    let h = tail + 1.0;
    let k = 2.0;
    let a = (4.0 * g - 6.0) * (k - 1.0) + (10.0 - 6.0 * g) * inverse;
    let b = (2.0 * g - 4.0) * k * k + 8.0 * h * k + (2.0 * g - 14.0 * h - 4.0) * inverse - 8.0 * h
        + 4.0 * g
        - 6.0;
    let c = (6.0 * h + 2.0 * g - 2.0) * k * k
        + (4.0 * h - 4.0 * g + 6.0) * k
        + (2.0 * h - 6.0) * inverse
        + 4.0 * h;
    let d = (2.0 * h + 6.0) * k * k - 4.0 * h * k;
    ((((a * size + b) * size + c) * size + d) / ((size - 1.0) * (size - 2.0) * (size - 3.0))).sqrt()
}
