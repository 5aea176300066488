//! Two-sample tests of many variables together: they see changes that no column shows by itself.
//!
//! Each feature is divided by its standard deviation over both samples first, so that units do not
//! matter.

pub mod c2st;
mod distances;
pub mod energy_nd;
mod features;
mod forest;
pub mod hotelling;
mod logistic;
pub mod lsdd;
pub mod mmd;
pub mod pca;
mod rows;
mod selection;

use crate::tensor::Tensor;
use crate::two_sample::{Method, Permutations, TestName, TestResult, list};
use crate::{Error, Result};

/// The test of this name, one of [`TestName::OF_ALL_COLUMNS`], by its default method; tensors are
/// features × observations.
///
/// # Errors
/// `FeatureMismatch`; `InvalidArgument` naming `reference` or `current` for NaN, Inf, too few or
/// too many observations, and naming `test` for a test of one column.
pub fn test(name: TestName, reference: &Tensor<'_>, current: &Tensor<'_>) -> Result<TestResult> {
    test_by(name, reference, current, Method::Auto)
}

/// The test of this name, by the method that is wanted: one of [`Method::of`] it.
///
/// # Errors
/// As [`test()`], and `InvalidArgument` naming `method` for one that the test has not.
pub fn test_by(
    name: TestName,
    reference: &Tensor<'_>,
    current: &Tensor<'_>,
    method: Method,
) -> Result<TestResult> {
    test_with(name, reference, current, method, Permutations::default())
}

/// The same with so many reassignments, from their seed, where the p-value comes from them.
///
/// # Errors
/// As [`test_by`], and `InvalidArgument` naming `permutations` where they are out of range.
pub fn test_with(
    name: TestName,
    reference: &Tensor<'_>,
    current: &Tensor<'_>,
    method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    method.expect_of(name)?;
    permutations.check()?;
    match name {
        TestName::Mmd => mmd::test(reference, current, method, permutations),
        TestName::EnergyNd => energy_nd::test(reference, current, permutations),
        TestName::Lsdd => lsdd::test(reference, current, permutations),
        TestName::C2st => c2st::test(reference, current, method),
        TestName::Pca => pca::test(reference, current, method, permutations),
        TestName::Hotelling => hotelling::test(reference, current),
        _ => {
            let known = list(TestName::OF_ALL_COLUMNS);
            Err(Error::invalid("test", name, format!("a test of all columns together: {known}")))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tensor::Elements;
    use crate::testing::Random;

    fn tensor(values: &[f64], observations: usize) -> Tensor<'_> {
        Tensor::new(Elements::F64(values), observations).unwrap()
    }

    /// Two columns of unit variance and this correlation.
    fn correlated(seed: u64, n: usize, rho: f64) -> Vec<f64> {
        let z = Random(seed).normals(2 * n);
        z.chunks_exact(2)
            .flat_map(|z| [z[0], rho * z[0] + (1.0 - rho * rho).sqrt() * z[1]])
            .collect()
    }

    #[test]
    fn under_the_null_p_values_are_uniform() {
        for test_name in [TestName::Mmd, TestName::EnergyNd, TestName::Hotelling] {
            let p: Vec<f64> = (0..300)
                .map(|i| {
                    let (a, b) = (correlated(2 * i + 1, 25, 0.5), correlated(2 * i + 2, 20, 0.5));
                    test(test_name, &tensor(&a, 25), &tensor(&b, 20)).unwrap().p_value
                })
                .collect();
            for alpha in [0.05, 0.2, 0.5] {
                let share = p.iter().filter(|p| **p <= alpha).count() as f64 / 300.0;
                // 99.9 % of a binomial share.
                let slack = 3.29 * (alpha * (1.0 - alpha) / 300.0f64).sqrt();
                assert!((share - alpha).abs() <= slack, "{test_name} at {alpha}: {share}");
            }
        }
    }

    #[test]
    fn they_see_what_no_column_shows() {
        let (a, b) = (correlated(1, 200, 0.9), correlated(2, 150, -0.9));
        let (a, b) = (tensor(&a, 200), tensor(&b, 150));
        for test_name in [TestName::Mmd, TestName::EnergyNd] {
            let result = test(test_name, &a, &b).unwrap();
            assert!(result.p_value <= 0.001 && result.effect > 0.1, "{result:?}");
        }
        // The means are the same.
        assert!(test(TestName::Hotelling, &a, &b).unwrap().p_value > 0.001);
    }

    #[test]
    fn units_order_and_labels_do_not_matter() {
        let (a, b) = (correlated(3, 40, 0.3), correlated(4, 30, 0.6));
        let scaled = |s: &[f64]| {
            s.chunks_exact(2).flat_map(|r| [1e6 * r[0] - 5.0, 1e-6 * r[1]]).collect::<Vec<_>>()
        };
        for test_name in TestName::OF_ALL_COLUMNS {
            let plain = test(test_name, &tensor(&a, 40), &tensor(&b, 30)).unwrap();
            let other =
                test(test_name, &tensor(&scaled(&a), 40), &tensor(&scaled(&b), 30)).unwrap();
            let swapped = test(test_name, &tensor(&b, 30), &tensor(&a, 40)).unwrap();
            // The reference's part in pca is another one.
            for same in if test_name == TestName::Pca { [other, other] } else { [other, swapped] } {
                assert!(
                    (same.statistic - plain.statistic).abs() < 1e-9 * (1.0 + plain.statistic),
                    "{test_name}"
                );
                assert!((same.effect - plain.effect).abs() < 1e-6, "{test_name}");
            }
        }
    }

    #[test]
    fn faults_and_samples_that_do_not_vary() {
        let constant = |v: f64, n: usize| vec![v; 2 * n];
        for test_name in TestName::OF_ALL_COLUMNS {
            let same =
                test(test_name, &tensor(&constant(3.0, 24), 24), &tensor(&constant(3.0, 20), 20))
                    .unwrap();
            assert_eq!((same.p_value, same.effect), (1.0, 0.0), "{test_name}");
            let other =
                test(test_name, &tensor(&constant(3.0, 24), 24), &tensor(&constant(4.0, 20), 20))
                    .unwrap();
            assert!(other.p_value <= 0.01 && other.effect > 0.1, "{other:?}");
            let mut with_nan = constant(1.0, 20);
            with_nan[2] = f64::NAN;
            let bad = test(test_name, &tensor(&constant(3.0, 24), 24), &tensor(&with_nan, 20))
                .unwrap_err();
            assert!(
                bad.to_string().starts_with("current: got NaN in feature 0 of observation 1"),
                "{bad}"
            );
            let wide = test(test_name, &tensor(&constant(3.0, 24), 24), &tensor(&[1.0; 9], 3))
                .unwrap_err();
            assert_eq!(wide.code(), 103);
        }
        let large = vec![0.5; 17_000];
        let error =
            test(TestName::Mmd, &tensor(&large, 17_000), &tensor(&[1.0, 2.0], 2)).unwrap_err();
        assert!(error.to_string().contains("1.2 GB"), "{error}");
        assert!(test(TestName::Ks, &tensor(&large, 17_000), &tensor(&[1.0, 2.0], 2)).is_err());
    }
}
