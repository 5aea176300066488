//! Symmetric matrices, by `linfa-linalg`: Cholesky's factor and eigenvectors.

use linfa_linalg::cholesky::Cholesky as _;
use linfa_linalg::eigh::{EigSort as _, Eigh as _};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::packed;
use crate::error::{Error, Result};

/// The inverse `W` of Cholesky's factor of a covariance `C`, lower triangle row by row: `C^-1 = W'
/// W`, so that a squared Mahalanobis distance is `|W (x - mean)|^2`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Whitening {
    #[serde(with = "packed")]
    rows: Vec<f64>,
    /// ln det C
    pub log_determinant: f64,
}

impl Whitening {
    /// Of a covariance of at least one feature.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is singular to working precision.
    pub fn new(covariance: &Array2<f64>) -> Result<Self> {
        let p = covariance.nrows();
        let singular = |k: usize| {
            let was = format!(
                "a singular covariance: feature {k} (from 0) is a linear combination of those before it"
            );
            Error::invalid(
                "reference",
                was,
                "features that are not; drop some, or use covariance = \"shrunk\"",
            )
        };
        // Scaled to a unit diagonal: a pivot is then what the features before leave of this one's
        // variance.
        let scale: Vec<f64> = (0..p).map(|k| covariance[[k, k]].sqrt()).collect();
        if let Some(k) = scale.iter().position(|s| !(*s > 0.0 && s.is_finite())) {
            return Err(singular(k));
        }
        let correlation =
            Array2::from_shape_fn((p, p), |(i, j)| covariance[[i, j]] / (scale[i] * scale[j]));
        let l = correlation.cholesky().map_err(|_| singular(first_dependent(&correlation)))?;
        if let Some(k) =
            (0..p).find(|k| l[[*k, *k]].is_nan() || l[[*k, *k]] * l[[*k, *k]] < 1e-13 * p as f64)
        {
            return Err(singular(k));
        }
        let mut inverse = Array2::<f64>::zeros((p, p));
        for j in 0..p {
            inverse[[j, j]] = 1.0 / l[[j, j]];
            for i in j + 1..p {
                let sum: f64 = (j..i).map(|k| l[[i, k]] * inverse[[k, j]]).sum();
                inverse[[i, j]] = -sum / l[[i, i]];
            }
        }
        let mut rows = Vec::with_capacity(p * (p + 1) / 2);
        for i in 0..p {
            rows.extend((0..=i).map(|j| inverse[[i, j]] / scale[j]));
        }
        let log_determinant = (0..p).map(|k| 2.0 * (l[[k, k]].ln() + scale[k].ln())).sum();
        Ok(Whitening { rows, log_determinant })
    }

    /// `|W (x - mean)|^2`. `centered` has room for the features.
    pub fn squared_distance(&self, x: &[f64], mean: &[f64], centered: &mut [f64]) -> f64 {
        for (c, (x, m)) in centered.iter_mut().zip(x.iter().zip(mean)) {
            *c = x - m;
        }
        let (mut from, mut sum) = (0, 0.0);
        for i in 1..=centered.len() {
            let z = dot(&self.rows[from..from + i], &centered[..i]);
            sum += z * z;
            from += i;
        }
        sum
    }

    /// `C^-1 (x - mean)`, feature by feature.
    #[must_use]
    pub fn solve(&self, x: &[f64], mean: &[f64]) -> Vec<f64> {
        let centered: Vec<f64> = x.iter().zip(mean).map(|(x, m)| x - m).collect();
        let mut solved = vec![0.0; centered.len()];
        let mut from = 0;
        for i in 1..=centered.len() {
            let row = &self.rows[from..from + i];
            let z = dot(row, &centered[..i]);
            solved.iter_mut().zip(row).for_each(|(s, w)| *s += w * z);
            from += i;
        }
        solved
    }
}

/// In four lanes: the order of the sum is fixed, whatever the machine.
#[inline]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a4.zip(b4) {
        for l in 0..4 {
            lanes[l] += a[l] * b[l];
        }
    }
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + rest
}

/// The first row at which elimination leaves nothing.
fn first_dependent(a: &Array2<f64>) -> usize {
    let p = a.nrows();
    let mut l = Array2::<f64>::zeros((p, p));
    for i in 0..p {
        for j in 0..=i {
            let sum = a[[i, j]] - (0..j).map(|k| l[[i, k]] * l[[j, k]]).sum::<f64>();
            if i == j && sum <= 1e-13 {
                return i;
            }
            l[[i, j]] = if i == j { sum.sqrt() } else { sum / l[[j, j]] };
        }
    }
    p - 1
}

/// Eigenvalues in falling order, and the eigenvectors as columns.
///
/// # Errors
/// [`Error::InvalidArgument`] if the iteration does not end.
pub fn eigen(symmetric: &Array2<f64>) -> Result<(Array1<f64>, Array2<f64>)> {
    let decomposed = symmetric
        .eigh()
        .map_err(|e| Error::invalid("reference", e, "a covariance that can be decomposed"))?;
    Ok(decomposed.sort_eig_desc())
}

impl Whitening {
    /// Whether it is of so many variables.
    pub fn is_of(&self, p: usize) -> bool {
        p.checked_add(1).and_then(|next| p.checked_mul(next)) == self.rows.len().checked_mul(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_distance_is_that_of_the_inverse() {
        let c = array![[4.0, 1.0, 0.5], [1.0, 2.0, 0.3], [0.5, 0.3, 1.0]];
        let w = Whitening::new(&c).expect("regular");
        let (x, mean) = ([1.0, -2.0, 0.5], [0.1, 0.2, 0.3]);
        let solved = w.solve(&x, &mean);
        for i in 0..3 {
            let back: f64 = (0..3).map(|j| c[[i, j]] * solved[j]).sum();
            assert!((back - (x[i] - mean[i])).abs() < 1e-12);
        }
        let want: f64 = solved.iter().zip(x.iter().zip(&mean)).map(|(s, (x, m))| s * (x - m)).sum();
        assert!((w.squared_distance(&x, &mean, &mut [0.0; 3]) - want).abs() < 1e-12);
        let det: f64 = 4.0 * (2.0 - 0.09) - (1.0 - 0.15) + 0.5 * (0.3 - 1.0);
        assert!((w.log_determinant - det.ln()).abs() < 1e-12);
    }

    #[test]
    fn a_singular_covariance_names_the_feature() {
        for c in [array![[1.0, 2.0], [2.0, 4.0]], array![[1.0, 0.0], [0.0, 0.0]]] {
            let error = Whitening::new(&c).expect_err("singular");
            assert!(error.to_string().contains("feature 1"), "{error}");
        }
    }

    #[test]
    fn eigenvectors_are_sorted_and_orthonormal() {
        let c = array![[4.0, 1.0, 0.5], [1.0, 2.0, 0.3], [0.5, 0.3, 1.0]];
        let (values, vectors) = eigen(&c).expect("symmetric");
        assert!(values[0] >= values[1] && values[1] >= values[2]);
        for k in 0..3 {
            for i in 0..3 {
                let product: f64 = (0..3).map(|j| c[[i, j]] * vectors[[j, k]]).sum();
                assert!((product - values[k] * vectors[[i, k]]).abs() < 1e-12);
            }
        }
    }
}
