//! Welch's t-test.

use super::wasserstein::{checked_range, in_deviations};
use super::{Method, Reference, TestName, TestResult};
use crate::sketch::Moments;
use crate::stats::dependence::Thinning;
use crate::stats::student_t;
use crate::{Error, Result};

/// t = (mean of current - mean of reference) / √(s²_r/m + s²_c/n), unequal variances allowed (Welch 1947;
/// `scipy.stats.ttest_ind(current, reference, equal_var=False)`). It compares means, nothing else.
///
/// The effect is |Cohen's d|, the means' difference in units of √((s²_r + s²_c)/2) (Cohen 1988, section 2.3); by default
/// 0.2, his "small", counts. Where neither sample varies it is 0 (equal) or infinite (the largest double). The p-value is Student's, two-sided,
/// with Welch-Satterthwaite degrees of freedom: `asymptotic`, for it is exact for normal data only. Of two constant
/// samples: 1 where they are equal, else 0. Cost: O(m + n).
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it has fewer than 2 values or holds NaN or Inf.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::Welch, current)
}

pub(super) fn of_sorted(reference: &[f64], current: &[f64]) -> Result<TestResult> {
    for (argument, sample) in [("reference", reference), ("current", current)] {
        if sample.len() < 2 {
            return Err(Error::invalid(argument, "1 value", "at least 2 for welch, or another test"));
        }
    }
    // In units of the range, so that no square overflows.
    let range = checked_range(reference, current)?;
    let (low, unit) = (reference[0].min(current[0]), if range > 0.0 { range } else { 1.0 });
    of_scaled(SampleMoments::of_sorted(reference, low, unit), SampleMoments::of_sorted(current, low, unit), unit)
}

/// The same of what is left of two samples whose values are gone; exact, for the test uses nothing else.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` for fewer than 2 values, or moments that are no finite numbers.
pub fn from_moments(reference: SampleMoments, current: SampleMoments) -> Result<TestResult> {
    for (argument, sample) in [("reference", reference), ("current", current)] {
        if !sample.is_enough() {
            let was = format!("{} values of mean {} and variance {}", sample.size, sample.mean, sample.variance);
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
        // No finite t exists; the difference itself is told.
        (difference * unit, f64::from(u8::from(!differs)), in_deviations(difference, 0.0))
    } else {
        let t = difference / error;
        // As shares, so that squares of small variances do not vanish.
        let (of_a, of_b) = (of_a / (of_a + of_b), of_b / (of_a + of_b));
        let degrees = 1.0 / (of_a * of_a / (m - 1.0) + of_b * of_b / (n - 1.0));
        let d = in_deviations(difference, (0.5 * (a.variance + b.variance)).sqrt());
        (t, student_t::two_sided(t, degrees)?, d)
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
    pub(crate) fn of_sorted(sorted: &[f64], low: f64, unit: f64) -> Self {
        let count = sorted.len() as f64;
        if sorted[0] == sorted[sorted.len() - 1] {
            return SampleMoments { size: sorted.len() as u64, mean: (sorted[0] - low) / unit, variance: 0.0 };
        }
        let scaled = || sorted.iter().map(|v| (v - low) / unit);
        let mean = scaled().sum::<f64>() / count;
        let variance = scaled().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
        SampleMoments { size: sorted.len() as u64, mean, variance }
    }
}
