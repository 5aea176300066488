//! Two-sample tests of many variables against numpy, scipy and statsmodels
//! (`test/reference/multivariate.py`).
#![allow(clippy::unwrap_used)]

use crate::reference_support as support;

use fluxguard::drift::multivariate;
use fluxguard::drift::two_sample::{Method, TestName};
use fluxguard::tensor::{Elements, Tensor};
use serde_json::Value;
use support::values;

#[test]
fn statistics_effects_and_the_exact_p_value() {
    let all: Value = serde_json::from_str(include_str!("../reference/multivariate.json")).unwrap();
    let cases = all["cases"].as_array().unwrap();
    assert!(cases.len() >= 6);
    for case in cases {
        let features = case["features"].as_u64().unwrap() as usize;
        let (reference, current) = (values(case, "reference"), values(case, "current"));
        let reference = Tensor::new(Elements::F64(&reference), reference.len() / features).unwrap();
        let current = Tensor::new(Elements::F64(&current), current.len() / features).unwrap();
        let near = |got: f64, key: &str, most: f64| {
            let expected = case[key].as_f64().unwrap();
            assert!(
                (got - expected).abs() <= most * expected.abs(),
                "{got} for {expected}: {key} of {}",
                case["name"]
            );
        };
        let mmd = multivariate::test(TestName::Mmd, &reference, &current).unwrap();
        near(mmd.statistic, "mmd", 1e-9);
        let energy = multivariate::test(TestName::EnergyNd, &reference, &current).unwrap();
        near(energy.statistic, "energy", 1e-9);
        near(energy.effect, "coefficient", 1e-9);
        assert_eq!((mmd.method, energy.method), (Method::Permutation, Method::Permutation));
        // A matrix is inverted.
        let hotelling = multivariate::test(TestName::Hotelling, &reference, &current).unwrap();
        near(hotelling.statistic, "hotelling", 1e-8);
        near(hotelling.p_value, "hotelling_p", 1e-7);
    }
}
