//! When a test's result counts as drift: its p-value, corrected for all tests of the same look at
//! the data, is within the level, and its effect is large enough to matter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::two_sample::{TestName, TestResult};
use crate::error::Result;
use crate::stats::multiple::{self, Correction};

/// The smallest effect of `test` that counts: what was asked for, else
/// [`TestName::default_min_effect`].
#[must_use]
pub fn min_effect(asked: Option<&BTreeMap<TestName, f64>>, test: TestName) -> f64 {
    asked
        .and_then(|by_test| by_test.get(&test))
        .copied()
        .unwrap_or_else(|| test.default_min_effect())
}

/// A test and what it says about drift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestDecision {
    /// The result.
    #[serde(flatten)]
    pub result: TestResult,
    /// The p-value after the correction.
    pub adjusted_p_value: f64,
    /// The smallest effect that counts.
    pub min_effect: f64,
    /// Whether it is drift.
    pub drift: bool,
}

impl TestDecision {
    /// Not judged yet: no drift.
    #[must_use]
    pub fn new(result: TestResult, asked: Option<&BTreeMap<TestName, f64>>) -> Self {
        let min_effect = min_effect(asked, result.test);
        TestDecision { result, adjusted_p_value: result.p_value, min_effect, drift: false }
    }
}

/// Judges tests that were made together, at `level`: the family-wise error rate or false discovery
/// rate that `correction` controls.
///
/// # Errors
/// Those of [`multiple::adjust`].
pub fn decide<'a>(
    tests: impl IntoIterator<Item = &'a mut TestDecision>,
    correction: Correction,
    level: f64,
) -> Result<()> {
    let tests: Vec<&mut TestDecision> = tests.into_iter().collect();
    let p_values: Vec<f64> = tests.iter().map(|test| test.result.p_value).collect();
    for (test, adjusted) in tests.into_iter().zip(multiple::adjust(&p_values, correction)?) {
        test.adjusted_p_value = adjusted;
        test.drift = adjusted <= level && test.result.effect >= test.min_effect;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::compare::{CompareOptions, compare};
    use super::*;
    use crate::tensor::{Elements, Tensor};

    #[test]
    fn the_verdict_on_a_constant_depends_on_no_unit() {
        for (was, is) in [(0.0, 1.0), (1.0, 2.0), (0.001, 0.002), (-3.0, 1e9), (0.1, 0.1)] {
            for unit in [1e-12, 1e-3, 1.0, 1e6] {
                let (a, b) = (vec![was * unit; 100], vec![is * unit; 100]);
                let (a, b) =
                    (Tensor::new(Elements::F64(&a), 100), Tensor::new(Elements::F64(&b), 100));
                let tests: Vec<TestName> = TestName::names()
                    .filter(|test| ![TestName::Fisher, TestName::Pca].contains(test))
                    .collect();
                let options = CompareOptions { tests, ..Default::default() };
                let comparison =
                    compare(&a.expect("shape"), &b.expect("shape"), &options).expect("comparable");
                let tests = &comparison.columns[0].tests;
                for test in
                    tests.iter().chain(&comparison.all_columns.as_ref().expect("asked for").tests)
                {
                    assert_eq!(test.drift, was != is, "{was} to {is} in {unit}: {test:?}");
                    assert!(
                        test.result.effect.is_finite() && test.result.p_value.is_finite(),
                        "{test:?}"
                    );
                }
            }
        }
    }
}
