//! Quadratic forms of covariance matrices, by their eigenvalues.

use linfa_linalg::eigh::{EigSort as _, Eigh as _};
use ndarray::{Array1, Array2, ArrayView1};

use crate::{Error, Result};

/// What [`inverse_form`] found.
pub struct InverseForm {
    /// v' M⁺ v.
    pub form: f64,
    /// M's rank.
    pub rank: usize,
    /// ‖part of v outside M's range‖² / ‖v‖²; rounding apart, 0 where M has full rank.
    pub outside: f64,
}

/// v' M⁺ v with the pseudo-inverse of a symmetric positive semidefinite M: eigenvalues within the
/// rounding error (n · 2⁻⁵² of the largest, or of `scale` if that is larger) count as 0. Cost:
/// O(n³).
///
/// # Errors
/// `InvalidArgument` naming `covariance` when an entry is not finite.
pub fn inverse_form(
    matrix: &Array2<f64>,
    vector: ArrayView1<'_, f64>,
    scale: f64,
) -> Result<InverseForm> {
    if matrix.iter().any(|entry| !entry.is_finite()) {
        return Err(Error::invalid(
            "covariance",
            "a matrix with NaN or Inf",
            "finite entries; scale the sample",
        ));
    }
    let (values, vectors) = eigen(matrix.clone());
    let largest = values.iter().fold(scale, |most: f64, value| most.max(value.abs()));
    let cutoff = largest * values.len() as f64 * f64::EPSILON;
    let mut found = InverseForm { form: 0.0, rank: 0, outside: 0.0 };
    let square = vector.dot(&vector);
    for (value, column) in values.iter().zip(vectors.columns()) {
        let part = column.dot(&vector).powi(2);
        if *value > cutoff {
            found.form += part / value;
            found.rank += 1;
        } else if square > 0.0 {
            found.outside += part / square;
        }
    }
    Ok(found)
}

/// Eigenvalues in falling order, and eigenvectors as columns, by `linfa-linalg`. Cost: O(n³).
///
/// # Errors
/// `InvalidArgument` naming `reference` if the iteration does not end.
pub fn principal(matrix: &Array2<f64>) -> Result<(Array1<f64>, Array2<f64>)> {
    let found = matrix
        .eigh()
        .map_err(|e| Error::invalid("reference", e, "a covariance that can be decomposed"))?;
    Ok(found.sort_eig_desc())
}

/// Sweeps after which the rotations have long converged (about 6 to 10 are needed).
const SWEEPS: usize = 60;

/// Eigenvalues, and eigenvectors as columns, by Jacobi's cyclic rotations (Golub & Van Loan,
/// section 8.5): slower than tridiagonal methods, and more accurate for small eigenvalues.
fn eigen(mut a: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = a.nrows();
    let mut vectors = Array2::eye(n);
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                if a[(p, q)].abs() <= 1e-18 * (a[(p, p)].abs() * a[(q, q)].abs()).sqrt()
                    || a[(p, q)] == 0.0
                {
                    continue;
                }
                rotated = true;
                let tau = (a[(q, q)] - a[(p, p)]) / (2.0 * a[(p, q)]);
                let t = tau.signum() / (tau.abs() + tau.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for k in 0..n {
                    let (x, y) = (a[(k, p)], a[(k, q)]);
                    (a[(k, p)], a[(k, q)]) = (c * x - s * y, s * x + c * y);
                }
                for k in 0..n {
                    let (x, y) = (a[(p, k)], a[(q, k)]);
                    (a[(p, k)], a[(q, k)]) = (c * x - s * y, s * x + c * y);
                    let (x, y) = (vectors[(k, p)], vectors[(k, q)]);
                    (vectors[(k, p)], vectors[(k, q)]) = (c * x - s * y, s * x + c * y);
                }
                (a[(p, q)], a[(q, p)]) = (0.0, 0.0);
            }
        }
        if !rotated {
            break;
        }
    }
    (a.diag().to_vec(), vectors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn eigenvectors_are_orthogonal_and_make_the_matrix() {
        for (seed, n) in [(1, 1), (2, 2), (3, 4), (4, 9), (5, 30)] {
            let rows = Array2::from_shape_vec((n, n), Random(seed).normals(n * n)).expect("square");
            let matrix = rows.t().dot(&rows);
            let (values, vectors) = eigen(matrix.clone());
            let again = (&vectors * &Array1::from(values)).dot(&vectors.t());
            let near = |a: &Array2<f64>, b: &Array2<f64>| {
                a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-12 * n as f64)
            };
            assert!(near(&vectors.t().dot(&vectors), &Array2::eye(n)));
            assert!(near(&(again / n as f64), &(matrix / n as f64)));
        }
    }

    #[test]
    fn principal_directions_are_those_of_jacobi() {
        let rows = Array2::from_shape_vec((9, 9), Random(7).normals(81)).expect("square");
        let matrix = rows.t().dot(&rows);
        let (mut slow, _) = eigen(matrix.clone());
        slow.sort_by(|a, b| b.total_cmp(a));
        let (values, vectors) = principal(&matrix).expect("converges");
        assert!(values.iter().zip(&slow).all(|(a, b)| (a - b).abs() < 1e-10 * slow[0]));
        let first = matrix.dot(&vectors.column(0)) - &vectors.column(0) * values[0];
        assert!(first.iter().all(|x| x.abs() < 1e-10 * slow[0]));
    }
}
