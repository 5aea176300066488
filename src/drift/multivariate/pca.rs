//! Reconstruction errors of principal components.

use ndarray::{Array2, ArrayView1, ArrayView2, s};

use super::rows::Rows;
use crate::stats::symmetric;
use crate::tensor::Tensor;
use crate::two_sample::{Method, Permutations, Reference, TestName, TestResult};
use crate::{Error, Result};

/// The kept components explain at least this share of the variance.
const EXPLAINED: f64 = 0.9;

/// Observations of the reference, at least.
const MIN: usize = 10;

/// The largest covariance that is made.
const MAX_BYTES: usize = 1 << 30;

/// Whether rows of the current sample lie as far from the reference's principal subspace as the
/// reference's do: the Kolmogorov-Smirnov test of squared reconstruction errors (the Q statistic of
/// Jackson & Mudholkar 1979). It sees dependence that is gone and directions that are new; not a
/// shift within the subspace.
///
/// Features are divided by their standard deviation over both samples. The components are those of
/// half of the reference (which half is chosen by what is in the rows, whatever their order), the
/// fewest that explain 90 % of the variance and never all; errors of the other half are compared
/// with those of the current sample. Errors of rows that the components were fitted on are smaller
/// than those of new rows, so a test on them would alarm without a change; of held-out rows the
/// p-value is as exact as that of [`crate::two_sample::ks`].
///
/// `statistic` and effect are its D, in [0, 1]; `method` is its: exact, asymptotic, permutation.
/// Sizes told are those of both samples. Cost: O(m d² + d³ + N d²) at worst. Memory: 8 N d and 16
/// d² bytes.
///
/// # Errors
/// `FeatureMismatch`; `InvalidArgument` naming `method` for one that pca has not; naming
/// `reference` for fewer than 10 observations, for 1 feature (nothing is left over), or for more
/// features than a covariance of 1 GiB has; naming `reference` or `current` for NaN or Inf.
pub fn test(
    reference: &Tensor<'_>,
    current: &Tensor<'_>,
    method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    method.expect_of(TestName::Pca)?;
    if reference.observations() < MIN {
        let was = format!("{} observations", reference.observations());
        return Err(Error::invalid("reference", was, format!("at least {MIN} for pca")));
    }
    let features = reference.features();
    if features < 2 {
        return Err(Error::invalid("reference", "1 feature", "at least 2 for pca; or use ks"));
    }
    if features.saturating_mul(features).saturating_mul(8) > MAX_BYTES {
        let was = format!("{features} features");
        return Err(Error::invalid(
            "reference",
            was,
            "at most 11585 for pca (its covariance takes 1 GiB); or use mmd",
        ));
    }
    let mut rows = Rows::new(reference, current, 1)?;
    rows.order_by_content();
    rows.standardize();
    let [before, now] = rows.samples();
    let before =
        Array2::from_shape_fn((rows.reference_size, features), |(i, k)| before[i * features + k]);
    let subspace = Subspace::fit(before.slice(s![..;2, ..]))?;
    let held: Vec<f64> =
        before.slice(s![1..;2, ..]).rows().into_iter().map(|row| subspace.error(row)).collect();
    let errors: Vec<f64> =
        now.chunks_exact(features).map(|row| subspace.error(ArrayView1::from(row))).collect();
    let found = Reference::new(&held)?.test_with(TestName::Ks, &errors, method, permutations)?;
    let (reference_size, current_size) = (rows.reference_size as u64, rows.current_size as u64);
    Ok(TestResult { test: TestName::Pca, reference_size, current_size, ..found })
}

/// A mean and directions from it, as columns.
struct Subspace {
    mean: ndarray::Array1<f64>,
    directions: Array2<f64>,
}

impl Subspace {
    fn fit(rows: ArrayView2<'_, f64>) -> Result<Self> {
        let features = rows.ncols();
        let mean = rows.sum_axis(ndarray::Axis(0)) / rows.nrows() as f64;
        let centered = &rows - &mean;
        let covariance = centered.t().dot(&centered) / (rows.nrows() - 1) as f64;
        let (values, vectors) = symmetric::principal(&covariance)?;
        let total: f64 = values.iter().map(|value| value.max(0.0)).sum();
        let mut explained = 0.0;
        let enough = values.iter().take_while(|value| {
            let more = explained < EXPLAINED * total * (1.0 - 1e-12);
            explained += value.max(0.0);
            more
        });
        let kept = enough.count().min(features - 1);
        Ok(Subspace { mean, directions: vectors.slice(s![.., ..kept]).to_owned() })
    }

    /// ‖x - its projection‖².
    fn error(&self, row: ArrayView1<'_, f64>) -> f64 {
        let centered = &row - &self.mean;
        let along = centered.dot(&self.directions);
        let rest = centered - self.directions.dot(&along);
        rest.dot(&rest)
    }
}
