//! Hotelling's T².

use ndarray::{Array1, Array2};

use super::rows::Rows;
use crate::stats::{student_t, symmetric};
use crate::tensor::Tensor;
use crate::two_sample::{Method, TestName, TestResult};
use crate::{Error, Result};

/// T² = mn/(m+n) d' S⁻¹ d, d the difference of the mean vectors and S the pooled covariance
/// (Hotelling 1931). It compares means, nothing else; in one dimension it is the square of
/// Student's t.
///
/// The effect is the Mahalanobis distance √(d' S⁻¹ d), Cohen's d in many dimensions. The p-value is
/// that of T² (N - r - 1)/(r (N - 2)) under F with r and N - r - 1 degrees of freedom, N = m + n, r
/// the rank of S: exact for normal data of one covariance, so `method` is asymptotic. Where S is
/// singular (constant or dependent features) its pseudo-inverse is used, and a difference outside
/// S's range has p = 0. Cost: O(N d² + d³).
///
/// # Errors
/// `FeatureMismatch`; `InvalidArgument` naming `reference` or `current` for NaN or Inf or fewer
/// than 2 observations; naming `current` where there are not at least 2 more observations than
/// features in both together.
pub fn test(reference: &Tensor<'_>, current: &Tensor<'_>) -> Result<TestResult> {
    let mut rows = Rows::new(reference, current, 2)?;
    if rows.len() < rows.features + 2 {
        let was = format!("{} observations in both samples", rows.len());
        let expected =
            format!("at least {} for {} features; or use mmd", rows.features + 2, rows.features);
        return Err(Error::invalid("current", was, expected));
    }
    // T² does not change with the units, and near 1 nothing overflows.
    rows.standardize();
    let (m, n, features) = (rows.reference_size as f64, rows.current_size as f64, rows.features);
    let mut covariance = Array2::zeros((features, features));
    let means = rows.samples().map(|sample| {
        let size = sample.len() as f64 / features as f64;
        let mut mean = Array1::<f64>::zeros(features);
        for row in sample.chunks_exact(features) {
            mean.iter_mut().zip(row).for_each(|(sum, v)| *sum += v / size);
        }
        for row in sample.chunks_exact(features) {
            for i in 0..features {
                for j in 0..features {
                    covariance[(i, j)] += (row[i] - mean[i]) * (row[j] - mean[j]) / (m + n - 2.0);
                }
            }
        }
        mean
    });
    let difference = &means[1] - &means[0];
    // Features have variance 1 over both samples: what is far below that is rounding.
    let found = symmetric::inverse_form(&covariance, difference.view(), 1.0)?;
    let (form, rank, outside) = (found.form, found.rank, found.outside > 1e-12);
    let statistic = m * n / (m + n) * form;
    let r = rank as f64;
    let p_value = if outside {
        0.0
    } else if rank == 0 {
        1.0
    } else {
        student_t::f_sf(statistic * (m + n - r - 1.0) / (r * (m + n - 2.0)), r, m + n - r - 1.0)?
    };
    // A difference in a direction in which nothing varies is infinitely many standard deviations:
    // told as it is, in one's units.
    let effect =
        if outside { form.sqrt().max(difference.dot(&difference).sqrt()) } else { form.sqrt() };
    Ok(TestResult {
        test: TestName::Hotelling,
        statistic,
        p_value,
        effect,
        method: Method::Asymptotic,
        reference_size: rows.reference_size as u64,
        current_size: rows.current_size as u64,
    })
}
