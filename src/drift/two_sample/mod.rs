//! Two-sample tests of one variable: has the current sample the distribution of the reference?
//!
//! A [`Reference`] is prepared once and tested against many current samples. Every test gives a
//! [`TestResult`]: the textbook's statistic, its p-value under the hypothesis that both samples
//! have one distribution, and an effect size that does not grow with the samples. `method` says how
//! the p-value came about.

pub mod ad;
mod bins;
pub mod chi2;
pub mod cut;
pub mod cvm;
pub mod energy;
pub mod epps_singleton;
pub mod fisher;
pub mod g;
pub mod hellinger;
pub mod js;
pub mod kl;
pub mod ks;
pub mod kuiper;
pub mod mannwhitney;
mod method;
mod permutation;
mod pooled;
pub mod psi;
mod reference;
mod registry;
mod sort;
mod table;
pub mod tv;
pub mod wasserstein;
mod wasserstein_grouped;
mod wasserstein_null;
pub mod welch;

use serde::{Deserialize, Serialize};

pub use bins::DEFAULT_BINS;
pub use method::{Method, Methods};
pub use permutation::Permutations;
pub(crate) use permutation::Subsets;
pub use reference::Reference;
pub(crate) use registry::list;
pub use registry::{DEFAULT_MIN_EFFECT, OfCounts, TestName};
pub use sort::sorted;

use crate::Result;

/// What a test found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Which test.
    pub test: TestName,
    /// The statistic, by the textbook's definition.
    pub statistic: f64,
    /// The probability of a statistic at least as large if both samples have one distribution, in
    /// [0, 1].
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
pub fn test<T: Into<f64> + Copy>(
    name: TestName,
    reference: &[T],
    current: &[T],
) -> Result<TestResult> {
    Reference::new(reference)?.test(name, current)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

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
                assert!(
                    error.name() == "InvalidArgument"
                        && error.to_string().starts_with("reference:"),
                    "{error}"
                );
                let error = test(test_name, &good, bad).unwrap_err();
                assert!(
                    error.name() == "InvalidArgument" && error.to_string().starts_with("current:"),
                    "{error}"
                );
            }
        }
    }
}
