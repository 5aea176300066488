//! lsdd, c2st, pca and mmd's methods for many rows against numpy, scipy and scikit-learn
//! (`test/reference/multivariate_more.py`), lsdd and mmd also against alibi-detect
//! (`test/reference/alibi.py`).
#![allow(clippy::unwrap_used)]

use crate::reference_support as support;

use fluxguard::drift::multivariate::test_by;
use fluxguard::drift::two_sample::{Method, TestName, TestResult};
use fluxguard::tensor::{Elements, Tensor};
use serde_json::Value;
use support::values;

#[test]
fn statistics_effects_and_p_values() {
    let all: Value =
        serde_json::from_str(include_str!("../reference/multivariate_more.json")).unwrap();
    let mut linear = 0;
    for case in all["cases"].as_array().unwrap() {
        let features = case["features"].as_u64().unwrap() as usize;
        let (reference, current) = (values(case, "reference"), values(case, "current"));
        let reference = Tensor::new(Elements::F64(&reference), reference.len() / features).unwrap();
        let current = Tensor::new(Elements::F64(&current), current.len() / features).unwrap();
        let by =
            |test, method| -> TestResult { test_by(test, &reference, &current, method).unwrap() };
        let near = |got: f64, key: &str, most: f64| {
            let expected = case[key].as_f64().unwrap();
            assert!(
                (got - expected).abs() <= most * expected.abs(),
                "{got} for {expected}: {key} of {}",
                case["name"]
            );
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

#[test]
fn lsdd_and_mmd_are_alibi_detects() {
    let parsed = |text| -> Value { serde_json::from_str(text).unwrap() };
    let samples = parsed(include_str!("../reference/multivariate_more.json"));
    let alibi = parsed(include_str!("../reference/alibi.json"));
    let draws = alibi["permutations"].as_f64().unwrap();
    let mut own = 0;
    for (case, sample) in
        alibi["cases"].as_array().unwrap().iter().zip(samples["cases"].as_array().unwrap())
    {
        assert_eq!(case["name"], sample["name"]);
        let features = sample["features"].as_u64().unwrap() as usize;
        let (reference, current) = (values(sample, "reference"), values(sample, "current"));
        let reference = Tensor::new(Elements::F64(&reference), reference.len() / features).unwrap();
        let current = Tensor::new(Elements::F64(&current), current.len() / features).unwrap();
        let expected = |key: &str| case[key].as_f64().unwrap();
        for (test, key, p) in [(TestName::Lsdd, "lsdd", "lsdd_p"), (TestName::Mmd, "mmd", "mmd_p")]
        {
            let ours = test_by(test, &reference, &current, Method::Auto).unwrap();
            assert!((ours.statistic / expected(key) - 1.0).abs() < 1e-9, "{ours:?} in {case}");
            // Two shares of random reassignments, 999 and theirs, of one probability: 99.9 % of
            // their difference.
            let share = expected(p);
            let slack =
                3.29 * (share * (1.0 - share) * (1.0 / 999.0 + 1.0 / draws)).sqrt() + 6.0 / draws;
            assert!((ours.p_value - share).abs() <= slack, "{ours:?} in {case}");
        }
        own += usize::from((expected("lsdd_own") / expected("lsdd") - 1.0).abs() < 1e-9);
    }
    assert!(own >= 4, "alibi-detect's own choice of lambda is ours in {own} cases");
}
