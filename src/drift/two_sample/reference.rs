//! A reference sample, prepared once for many tests.

use std::sync::OnceLock;

use super::registry::Run;
use super::wasserstein::Null;
use super::{
    DEFAULT_BINS, Method, Permutations, TestName, TestResult, bins, cut, ks, sort, wasserstein,
};
use crate::stats::kolmogorov;
use crate::{Error, Result};

/// A reference sample: sorted, cut into bins, and what tests need of it computed when first asked
/// for.
#[derive(Debug, Clone)]
pub struct Reference {
    sorted: Vec<f64>,
    edges: Vec<f64>,
    counts: Vec<u64>,
    standard_deviation: f64,
    wasserstein_null: OnceLock<Null>,
}

impl Reference {
    /// With bins of about a tenth of the sample each. Cost: O(m).
    ///
    /// # Errors
    /// `InvalidArgument` naming `reference`: empty, NaN or Inf, or a range beyond the largest
    /// double.
    pub fn new<T: Into<f64> + Copy>(reference: &[T]) -> Result<Self> {
        Self::with_bins(reference, DEFAULT_BINS)
    }

    /// With `bins` quantile bins (fewer where values repeat; a value that fills several gets one of
    /// its own).
    ///
    /// # Errors
    /// As [`Reference::new`], and `InvalidArgument` naming `bins` when there are fewer than 2.
    pub fn with_bins<T: Into<f64> + Copy>(reference: &[T], bins: usize) -> Result<Self> {
        let sorted = sort::sorted("reference", reference)?;
        let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
        if !(high - low).is_finite() {
            let was = format!("values from {low:e} to {high:e}");
            return Err(Error::invalid(
                "reference",
                was,
                "a range below 1.8e308; scale the sample",
            ));
        }
        let edges = bins::quantile_edges(&sorted, bins)?;
        let counts = bins::count(&sorted, &edges);
        let standard_deviation = standard_deviation(&sorted);
        Ok(Self { sorted, edges, counts, standard_deviation, wasserstein_null: OnceLock::new() })
    }

    /// The sample, ascending.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.sorted
    }

    /// The inner edges of the bins; a value belongs to the first bin whose upper edge is not below
    /// it.
    #[must_use]
    pub fn bin_edges(&self) -> &[f64] {
        &self.edges
    }

    /// How many of the reference are in each bin; one more than there are edges.
    #[must_use]
    pub fn bin_counts(&self) -> &[u64] {
        &self.counts
    }

    /// The population standard deviation (divisor m).
    #[must_use]
    pub fn standard_deviation(&self) -> f64 {
        self.standard_deviation
    }

    /// The null distribution of W₁ for this reference; computed on the first call.
    pub fn wasserstein_null(&self) -> &Null {
        self.wasserstein_null.get_or_init(|| Null::of_sorted(&self.sorted, self.standard_deviation))
    }

    /// The test of this name, by its default method.
    ///
    /// # Errors
    /// `InvalidArgument` naming `current` when it is empty or holds NaN or Inf; so for all tests
    /// below. Some tests need more, as their own documentation says.
    pub fn test<T: Into<f64> + Copy>(&self, name: TestName, current: &[T]) -> Result<TestResult> {
        self.test_by(name, current, Method::Auto)
    }

    /// The test of this name, by the method that is wanted: one of [`Method::of`] it.
    ///
    /// # Errors
    /// As [`Reference::test`]; `InvalidArgument` naming `method` where the test has not this
    /// method, or where these samples are too many or too tied for an exact p-value.
    pub fn test_by<T: Into<f64> + Copy>(
        &self,
        name: TestName,
        current: &[T],
        method: Method,
    ) -> Result<TestResult> {
        self.test_with(name, current, method, Permutations::default())
    }

    /// The same with so many reassignments, from their seed, where the p-value comes from them.
    ///
    /// # Errors
    /// As [`Reference::test_by`], and `InvalidArgument` naming `permutations` where they are out of
    /// range.
    pub fn test_with<T: Into<f64> + Copy>(
        &self,
        name: TestName,
        current: &[T],
        method: Method,
        permutations: Permutations,
    ) -> Result<TestResult> {
        method.expect_of(name)?;
        permutations.check()?;
        match name.run() {
            Run::Counts(test) => {
                let counts = self.count(current)?;
                let result = test(&self.counts, &counts, method, permutations)?;
                // Who asks for the limit law gets it.
                Ok(if method == Method::Asymptotic {
                    result
                } else {
                    cut::at_the_reference(result, &self.counts, &counts)
                })
            }
            Run::Values(test) => {
                test(&self.sorted, &sort::sorted("current", current)?, method, permutations)
            }
            Run::Prepared(test) => {
                test(self, &sort::sorted("current", current)?, method, permutations)
            }
            Run::AllColumns => {
                let expected =
                    "a test of one column; this one is of all columns, as compare runs it";
                Err(Error::invalid("test", name, expected))
            }
        }
    }

    /// Kolmogorov-Smirnov: see [`ks::test`].
    ///
    /// # Errors
    /// As [`Reference::test`].
    pub fn ks<T: Into<f64> + Copy>(&self, current: &[T]) -> Result<TestResult> {
        self.ks_by(current, kolmogorov::Method::Auto)
    }

    /// Kolmogorov-Smirnov with the method that is wanted.
    ///
    /// # Errors
    /// As [`Reference::test`], and for an exact p-value that would take minutes.
    pub fn ks_by<T: Into<f64> + Copy>(
        &self,
        current: &[T],
        method: kolmogorov::Method,
    ) -> Result<TestResult> {
        ks::of_sorted(&self.sorted, &sort::sorted("current", current)?, method)
    }

    /// Pearson's chi-squared over the bins: see [`super::chi2::test`].
    ///
    /// # Errors
    /// As [`Reference::test`].
    pub fn chi2<T: Into<f64> + Copy>(&self, current: &[T]) -> Result<TestResult> {
        self.test(TestName::Chi2, current)
    }

    /// The population stability index over the bins: see [`super::psi::test`].
    ///
    /// # Errors
    /// As [`Reference::test`].
    pub fn psi<T: Into<f64> + Copy>(&self, current: &[T]) -> Result<TestResult> {
        self.test(TestName::Psi, current)
    }

    /// The Jensen-Shannon distance over the bins: see [`super::js::test`].
    ///
    /// # Errors
    /// As [`Reference::test`].
    pub fn js<T: Into<f64> + Copy>(&self, current: &[T]) -> Result<TestResult> {
        self.test(TestName::Js, current)
    }

    /// Wasserstein-1 with the p-value by 999 reassignments: see [`wasserstein::test`].
    ///
    /// # Errors
    /// As [`Reference::test`], and when both samples' range is beyond the largest double.
    pub fn wasserstein<T: Into<f64> + Copy>(&self, current: &[T]) -> Result<TestResult> {
        self.wasserstein_by_permutation(current, Permutations::default())
    }

    /// Wasserstein-1 with the p-value by as many reassignments as are wanted.
    ///
    /// # Errors
    /// As [`Reference::wasserstein`].
    pub fn wasserstein_by_permutation<T: Into<f64> + Copy>(
        &self,
        current: &[T],
        permutations: Permutations,
    ) -> Result<TestResult> {
        wasserstein::by_permutation(self, &sort::sorted("current", current)?, permutations)
    }

    /// Wasserstein-1 with the asymptotic p-value: see [`Null`]. A constant reference has no such
    /// null distribution; there the p-value is by 999 reassignments, and `method` says so.
    ///
    /// # Errors
    /// As [`Reference::wasserstein`].
    pub fn wasserstein_asymptotic<T: Into<f64> + Copy>(&self, current: &[T]) -> Result<TestResult> {
        if self.standard_deviation == 0.0 {
            return self.wasserstein(current);
        }
        wasserstein::by_null(self, &sort::sorted("current", current)?)
    }

    /// How many of `current` are in each bin.
    ///
    /// # Errors
    /// As [`Reference::test`].
    pub fn count<T: Into<f64> + Copy>(&self, current: &[T]) -> Result<Vec<u64>> {
        sort::check("current", current)?;
        Ok(bins::count(current, &self.edges))
    }
}

/// In units of the range, so that no square overflows.
fn standard_deviation(sorted: &[f64]) -> f64 {
    let (size, low) = (sorted.len() as f64, sorted[0]);
    let range = sorted[sorted.len() - 1] - low;
    if range == 0.0 {
        return 0.0;
    }
    let mean = sorted.iter().map(|v| (v - low) / range).sum::<f64>() / size;
    range * (sorted.iter().map(|v| ((v - low) / range - mean).powi(2)).sum::<f64>() / size).sqrt()
}
