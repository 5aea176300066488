//! Welch's t-test.

use super::wasserstein::checked_range;
use super::{Method, Reference, TestName, TestResult};
use crate::stats::student_t;
use crate::{Error, Result};

/// t = (mean of current - mean of reference) / √(s²_r/m + s²_c/n), unequal variances allowed (Welch 1947;
/// `scipy.stats.ttest_ind(current, reference, equal_var=False)`). It compares means, nothing else.
///
/// The effect is |Cohen's d|, the means' difference in units of √((s²_r + s²_c)/2) (Cohen 1988, section 2.3); by default
/// 0.2, his "small", counts. Where neither sample varies it is 0 (equal) or the difference itself. The p-value is Student's, two-sided,
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
    let (m, n) = (reference.len() as f64, current.len() as f64);
    let (a, b) = (Sample::new(reference, low, unit), Sample::new(current, low, unit));
    let difference = b.mean - a.mean;
    let (of_a, of_b) = (a.variance / m, b.variance / n);
    let error = (of_a + of_b).sqrt();
    let (statistic, p_value, effect) = if error == 0.0 {
        let differs = difference != 0.0;
        // No finite t exists; the difference itself is told.
        (difference * unit, f64::from(u8::from(!differs)), (difference * unit).abs())
    } else {
        let t = difference / error;
        let degrees = (of_a + of_b).powi(2) / (of_a * of_a / (m - 1.0) + of_b * of_b / (n - 1.0));
        let d = difference.abs() / (0.5 * (a.variance + b.variance)).sqrt();
        (t, student_t::two_sided(t, degrees)?, d)
    };
    let (reference_size, current_size) = (reference.len() as u64, current.len() as u64);
    let method = if error == 0.0 { Method::Exact } else { Method::Asymptotic };
    Ok(TestResult { test: TestName::Welch, statistic, p_value, effect, method, reference_size, current_size })
}

struct Sample {
    mean: f64,
    /// Divisor n - 1.
    variance: f64,
}

impl Sample {
    fn new(sorted: &[f64], low: f64, unit: f64) -> Self {
        let size = sorted.len() as f64;
        if sorted[0] == sorted[sorted.len() - 1] {
            return Sample { mean: (sorted[0] - low) / unit, variance: 0.0 };
        }
        let scaled = || sorted.iter().map(|v| (v - low) / unit);
        let mean = scaled().sum::<f64>() / size;
        Sample { mean, variance: scaled().map(|v| (v - mean).powi(2)).sum::<f64>() / (size - 1.0) }
    }
}
