//! Welch's t-test.

use super::wasserstein::{checked_range, in_deviations};
use super::{Method, Permutations, Reference, TestName, TestResult};
use crate::sketch::Moments;
use crate::stats::dependence::Thinning;
use crate::stats::student_t;
use crate::stats::sums::least_for_normal;
use crate::{Error, Result};

/// t = (mean of current - mean of reference) / √(s²_r/m + s²_c/n), unequal variances allowed (Welch
/// 1947; `scipy.stats.ttest_ind(current, reference, equal_var=False)`). It compares means, nothing
/// else.
///
/// The effect is |Cohen's d|, the means' difference in units of √((s²_r + s²_c)/2) (Cohen 1988,
/// section 2.3); by default 0.2, his "small", counts. Where neither sample varies it is 0 (equal)
/// or infinite (the largest double). The p-value is Student's, two-sided, with Welch-Satterthwaite
/// degrees of freedom (`asymptotic`, for it is exact for normal data only), where means of so many
/// values are near enough to normal: ten times the squared skewness and five times the excess
/// kurtosis of all values are no more than the smaller sample; by default one below 0.02 is taken
/// again without the skewness that t has of skewed values and samples of different sizes, and the
/// larger counts (Hall 1992). Else it is by reassignments of the values, each with its own t
/// (`permutation`; Janssen 1997). Of two constant samples: 1 where they are equal, else 0. Cost:
/// O(m + n), by 999 reassignments some hundred times that.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it has fewer than 2 values or holds NaN
/// or Inf.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::Welch, current)
}

pub(super) fn of_sorted(
    reference: &[f64],
    current: &[f64],
    method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    for (argument, sample) in [("reference", reference), ("current", current)] {
        if sample.len() < 2 {
            return Err(Error::invalid(
                argument,
                "1 value",
                "at least 2 for welch, or another test",
            ));
        }
    }
    // In units of the range, so that no square overflows.
    let range = checked_range(reference, current)?;
    let (low, unit) = (reference[0].min(current[0]), if range > 0.0 { range } else { 1.0 });
    let (a, b) = (
        SampleMoments::of_sorted(reference, low, unit),
        SampleMoments::of_sorted(current, low, unit),
    );
    let result = of_scaled(a, b, unit)?;
    if result.method == Method::Exact || method == Method::Asymptotic {
        return Ok(result);
    }
    let pooled: Vec<f64> = reference.iter().chain(current).map(|x| (x - low) / unit).collect();
    let fewer = reference.len().min(current.len());
    if method.takes_limit(|| least_for_normal(pooled.iter().map(|x| (*x, 1.0))) <= fewer as f64) {
        let skewed = if result.p_value < FAR_OUT {
            of_skewed(&pooled, a, b, result.statistic)?
        } else {
            0.0
        };
        return Ok(TestResult { p_value: result.p_value.max(skewed), ..result });
    }
    Ok(TestResult {
        p_value: by_reassignment(&pooled, fewer, result.statistic, permutations),
        method: Method::Permutation,
        ..result
    })
}

/// P-values below which a skewness that does not matter elsewhere does: t's tail is that much
/// longer on one side.
const FAR_OUT: f64 = 0.02;

/// Student's p-value of t without the skewness that t has where all values have theirs and the
/// samples differ in size: Hall's cubic transformation (1992, "On the removal of skewness by
/// transformation", section 3; of one mean there, of a difference here by the third cumulant of the
/// difference).
fn of_skewed(pooled: &[f64], a: SampleMoments, b: SampleMoments, t: f64) -> Result<f64> {
    let count = pooled.len() as f64;
    let mean = pooled.iter().sum::<f64>() / count;
    let third = pooled.iter().map(|x| (x - mean).powi(3)).sum::<f64>() / count;
    let (m, n) = (a.size as f64, b.size as f64);
    let (of_a, of_b) = (a.variance / m, b.variance / n);
    let skewness = third * (1.0 / (n * n) - 1.0 / (m * m)) / (of_a + of_b).powf(1.5);
    let straight =
        t + skewness / 3.0 * t * t + skewness * skewness / 27.0 * t.powi(3) + skewness / 6.0;
    // Never further out than on the other side of nothing.
    let straight = if straight * t > 0.0 { straight } else { 0.0 };
    student_t::two_sided(straight, degrees(a, b))
}

/// Of freedom, by Welch and Satterthwaite. As shares, so that squares of small variances do not
/// vanish.
fn degrees(a: SampleMoments, b: SampleMoments) -> f64 {
    let (m, n) = (a.size as f64, b.size as f64);
    let (of_a, of_b) = (a.variance / m, b.variance / n);
    let (of_a, of_b) = (of_a / (of_a + of_b), of_b / (of_a + of_b));
    1.0 / (of_a * of_a / (m - 1.0) + of_b * of_b / (n - 1.0))
}

/// Of |t|, over samples of `fewer` of the pooled values and of the others.
fn by_reassignment(pooled: &[f64], fewer: usize, t: f64, permutations: Permutations) -> f64 {
    let (few, many) = (fewer as f64, (pooled.len() - fewer) as f64);
    // About the mean of all, so that variances are no differences of large numbers.
    let mean = pooled.iter().sum::<f64>() / (few + many);
    let centered: Vec<f64> = pooled.iter().map(|x| x - mean).collect();
    let squares = centered.iter().map(|x| x * x).sum::<f64>();
    permutations.p_value_of_rows(t.abs(), pooled.len(), fewer, |chosen| {
        let (sum, square) = chosen.iter().fold((0.0, 0.0), |(sum, square), i| {
            let x = centered[*i as usize];
            (sum + x, square + x * x)
        });
        let variance =
            |sum: f64, square: f64, n: f64| ((square - sum * sum / n) / (n - 1.0)).max(0.0);
        let error = (variance(sum, square, few) / few
            + variance(sum, squares - square, many) / many)
            .sqrt();
        let difference = sum / few + sum / many;
        if error > 0.0 {
            (difference / error).abs()
        } else {
            f64::MAX * f64::from(u8::from(difference != 0.0))
        }
    })
}

/// The same of what is left of two samples whose values are gone; exact, for the test uses nothing
/// else.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` for fewer than 2 values, or moments that are
/// no finite numbers.
pub fn from_moments(reference: SampleMoments, current: SampleMoments) -> Result<TestResult> {
    for (argument, sample) in [("reference", reference), ("current", current)] {
        if !sample.is_enough() {
            let was = format!(
                "{} values of mean {} and variance {}",
                sample.size, sample.mean, sample.variance
            );
            return Err(Error::invalid(argument, was, "at least 2 for welch, and finite moments"));
        }
    }
    of_scaled(reference, current, 1.0)
}

fn of_scaled(a: SampleMoments, b: SampleMoments, unit: f64) -> Result<TestResult> {
    let (m, n) = (a.size as f64, b.size as f64);
    let difference = b.mean - a.mean;
    let (of_a, of_b) = (a.variance / m, b.variance / n);
    let error = (of_a + of_b).sqrt();
    let (statistic, p_value, effect) = if error == 0.0 {
        let differs = difference != 0.0;
        // No finite t exists; the difference itself is reported.
        (difference * unit, f64::from(u8::from(!differs)), in_deviations(difference, 0.0))
    } else {
        let t = difference / error;
        let d = in_deviations(difference, (0.5 * (a.variance + b.variance)).sqrt());
        (t, student_t::two_sided(t, degrees(a, b))?, d)
    };
    let method = if error == 0.0 { Method::Exact } else { Method::Asymptotic };
    Ok(TestResult {
        test: TestName::Welch,
        statistic,
        p_value,
        effect,
        method,
        reference_size: a.size,
        current_size: b.size,
    })
}

/// What Welch's test needs of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleMoments {
    /// Values.
    pub size: u64,
    /// Their mean.
    pub mean: f64,
    /// Their variance, divisor n - 1; 0 for equal values.
    pub variance: f64,
}

impl SampleMoments {
    /// Whether there are two values at least, and none so large that its square overflows.
    #[must_use]
    pub fn is_enough(self) -> bool {
        self.size >= 2 && self.mean.is_finite() && self.variance.is_finite()
    }

    /// Of the finite values of one feature.
    #[must_use]
    pub fn of(moments: &Moments, feature: usize) -> Self {
        let (size, mean) = (moments.count(feature), moments.mean(feature));
        SampleMoments { size, mean, variance: moments.variance(feature) }
    }

    /// Of as many values as are independent.
    #[must_use]
    pub fn thinned(self, thinning: Thinning) -> Self {
        SampleMoments { size: thinning.count(self.size), ..self }
    }

    /// In units of `unit` from `low` on.
    pub fn of_sorted(sorted: &[f64], low: f64, unit: f64) -> Self {
        let count = sorted.len() as f64;
        if sorted[0] == sorted[sorted.len() - 1] {
            return SampleMoments {
                size: sorted.len() as u64,
                mean: (sorted[0] - low) / unit,
                variance: 0.0,
            };
        }
        let scaled = || sorted.iter().map(|v| (v - low) / unit);
        let mean = scaled().sum::<f64>() / count;
        let variance = scaled().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
        SampleMoments { size: sorted.len() as u64, mean, variance }
    }
}
