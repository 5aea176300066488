//! Quadratic forms of covariance matrices (by way of `linfa-linalg`).

use linfa_linalg::eigh::Eigh;
use ndarray::{Array2, ArrayView1};

use crate::{Error, Result};

/// v' M⁺ v with the pseudo-inverse of a symmetric positive semidefinite M, and M's rank: eigenvalues within the rounding
/// error (n · 2⁻⁵² of the largest) count as 0. The part of v outside M's range is left out. Cost: O(n³).
///
/// # Errors
/// `InvalidArgument` naming `covariance` when an entry is not finite, or the eigenvalues cannot be found.
pub(crate) fn inverse_form(matrix: &Array2<f64>, vector: ArrayView1<'_, f64>) -> Result<(f64, usize)> {
    let fault = |was: String| Error::invalid("covariance", was, "finite entries; scale the sample");
    if matrix.iter().any(|entry| !entry.is_finite()) {
        return Err(fault("a matrix with NaN or Inf".into()));
    }
    let (values, vectors) = matrix.eigh().map_err(|e| fault(e.to_string()))?;
    let largest = values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    let cutoff = largest * values.len() as f64 * f64::EPSILON;
    let (mut form, mut rank) = (0.0, 0);
    for (value, column) in values.iter().zip(vectors.columns()) {
        if *value > cutoff {
            form += column.dot(&vector).powi(2) / value;
            rank += 1;
        }
    }
    Ok((form, rank))
}
