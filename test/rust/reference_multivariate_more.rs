//! lsdd, c2st, pca and mmd's methods for many rows against numpy, scipy and scikit-learn
//! (`test/reference/multivariate_more.py`).
#![allow(clippy::unwrap_used)]

use fluxguard::drift::multivariate::test_by;
use fluxguard::drift::two_sample::{Method, TestName, TestResult};
use fluxguard::tensor::{Elements, Tensor};
use serde_json::Value;

fn values(case: &Value, key: &str) -> Vec<f64> {
    case[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn statistics_effects_and_p_values() {
    let all: Value = serde_json::from_str(include_str!("../reference/multivariate_more.json")).unwrap();
    let mut linear = 0;
    for case in all["cases"].as_array().unwrap() {
        let features = case["features"].as_u64().unwrap() as usize;
        let (reference, current) = (values(case, "reference"), values(case, "current"));
        let reference = Tensor::new(Elements::F64(&reference), reference.len() / features).unwrap();
        let current = Tensor::new(Elements::F64(&current), current.len() / features).unwrap();
        let by = |test, method| -> TestResult { test_by(test, &reference, &current, method).unwrap() };
        let near = |got: f64, key: &str, most: f64| {
            let expected = case[key].as_f64().unwrap();
            assert!((got - expected).abs() <= most * expected.abs(), "{got} for {expected}: {key} of {}", case["name"]);
        };
        // A matrix of eigenvalues down to 1e-16, plus 4e-6 at least, is inverted.
        let lsdd = by(TestName::Lsdd, Method::Auto);
        near(lsdd.statistic, "lsdd", 1e-9);
        near(lsdd.effect, "lsdd_effect", 1e-8);
        // What the regression learns is iterated; its order of the rows is the same.
        let c2st = by(TestName::C2st, Method::Auto);
        near(c2st.statistic, "c2st", 1e-12);
        near(c2st.p_value, "c2st_p", 1e-9);
        let pca = by(TestName::Pca, Method::Exact);
        near(pca.statistic, "pca", 1e-12);
        near(pca.p_value, "pca_p", 1e-9);
        near(by(TestName::Mmd, Method::RandomFeatures).statistic, "random_features", 1e-8);
        if !case["linear"].is_null() {
            let result = by(TestName::Mmd, Method::Linear);
            near(result.statistic, "linear", 1e-9);
            near(result.p_value, "linear_p", 1e-9);
            linear += 1;
        }
        assert_eq!(
            [lsdd.method, c2st.method, by(TestName::C2st, Method::Forest).method],
            [Method::Permutation, Method::Logistic, Method::Forest]
        );
    }
    assert!(linear >= 2);
}
