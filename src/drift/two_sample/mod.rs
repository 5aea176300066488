//! Two-sample tests of one variable: has the current sample the distribution of the reference?
//!
//! A [`Reference`] is prepared once and tested against many current samples. Every test gives a [`TestResult`]: the
//! textbook's statistic, its p-value under the hypothesis that both samples have one distribution, and an effect size
//! that does not grow with the samples. `method` says how the p-value came about.

mod bins;
pub mod chi2;
pub mod js;
pub mod ks;
mod permutation;
pub mod psi;
mod reference;
mod sort;
mod table;
pub mod wasserstein;
mod wasserstein_null;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use bins::DEFAULT_BINS;
pub use permutation::Permutations;
pub use reference::Reference;
pub use sort::sorted;

use crate::{Error, Result};

/// A two-sample test, by its name in JSON, flags and Julia.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TestName {
    /// Kolmogorov-Smirnov, [`ks`].
    Ks,
    /// Pearson's chi-squared test of homogeneity, [`chi2`].
    Chi2,
    /// Population stability index, [`psi`].
    Psi,
    /// Jensen-Shannon distance, [`js`].
    Js,
    /// Wasserstein-1 (earth mover's) distance, [`wasserstein`].
    Wasserstein,
}

impl TestName {
    /// All tests.
    pub const ALL: [TestName; 5] = [TestName::Ks, TestName::Chi2, TestName::Psi, TestName::Js, TestName::Wasserstein];

    /// The name, as it is written everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            TestName::Ks => "ks",
            TestName::Chi2 => "chi2",
            TestName::Psi => "psi",
            TestName::Js => "js",
            TestName::Wasserstein => "wasserstein",
        }
    }
}

impl fmt::Display for TestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TestName {
    type Err = Error;

    /// # Errors
    /// `InvalidArgument` that lists the known names.
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|test| test.as_str() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|test| test.as_str()).collect();
            Error::invalid("test", format!("{name:?}"), format!("one of {}", known.join(", ")))
        })
    }
}

/// How a p-value was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Method {
    /// The exact null distribution.
    Exact,
    /// The null distribution for large samples.
    Asymptotic,
    /// Random reassignments of the pooled observations: (1 + as extreme) / (1 + draws).
    Permutation,
    /// The raw values were gone: computed from counts in bins, a bound.
    Grouped,
}

/// What a test found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Which test.
    pub test: TestName,
    /// The statistic, by the textbook's definition.
    pub statistic: f64,
    /// The probability of a statistic at least as large if both samples have one distribution, in [0, 1].
    pub p_value: f64,
    /// The size of the difference, whatever the sample sizes; each test says in what unit.
    pub effect: f64,
    /// How the p-value was computed.
    pub method: Method,
    /// Observations in the reference.
    pub reference_size: u64,
    /// Observations in the current sample.
    pub current_size: u64,
}

/// One test of two raw samples. To test one reference many times, prepare a [`Reference`].
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it is empty or holds NaN or Inf.
pub fn test<T: Into<f64> + Copy>(name: TestName, reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(name, current)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_text_and_json() {
        for test in TestName::ALL {
            assert_eq!(test.as_str().parse::<TestName>().unwrap(), test);
            assert_eq!(serde_json::to_value(test).unwrap(), test.as_str());
        }
        let error = "kss".parse::<TestName>().unwrap_err();
        assert_eq!(error.to_string(), "test: got \"kss\", expected one of ks, chi2, psi, js, wasserstein");
    }

    #[test]
    fn a_result_survives_json() {
        let result = test(TestName::Ks, &[1.0, 2.0, 3.0], &[2.5, 4.0]).unwrap();
        let json = serde_json::to_string(&result).unwrap();
        assert!(json.contains("\"method\":\"exact\""), "{json}");
        assert_eq!(serde_json::from_str::<TestResult>(&json).unwrap(), result);
    }

    #[test]
    fn every_test_names_the_bad_sample() {
        let good = [1.0, 2.0, 3.0];
        for test_name in TestName::ALL {
            for bad in [&[][..], &[1.0, f64::NAN], &[f64::NEG_INFINITY]] {
                let error = test(test_name, bad, &good).unwrap_err();
                assert!(error.name() == "InvalidArgument" && error.to_string().starts_with("reference:"), "{error}");
                let error = test(test_name, &good, bad).unwrap_err();
                assert!(error.name() == "InvalidArgument" && error.to_string().starts_with("current:"), "{error}");
            }
        }
    }
}
