//! Two-sample tests against scipy (`test/reference/two_sample.py`).
#![allow(clippy::unwrap_used)]

use crate::reference_support as support;

use fluxguard::drift::two_sample::{
    Method, Permutations, Reference, chi2, js, ks, psi, wasserstein,
};
use fluxguard::stats::kolmogorov;
use serde_json::Value;
use support::{counts, f, near, values};

fn cases(name: &str) -> Vec<Value> {
    support::cases(include_str!("../reference/two_sample.json"), name)
}

#[test]
fn ks_is_scipys() {
    for case in cases("raw") {
        let reference = Reference::new(&values(&case, "reference")).unwrap();
        let current = values(&case, "current");
        let exact = reference.ks_by(&current, kolmogorov::Method::Exact).unwrap();
        near(exact.statistic, f(&case, "ks"), &case);
        near(exact.effect, f(&case, "ks"), &case);
        near(exact.p_value, f(&case, "ks_exact"), &case);
        assert_eq!(exact.method, Method::Exact);
        let asymptotic = reference.ks_by(&current, kolmogorov::Method::Asymptotic).unwrap();
        match case["ks_asymptotic"].as_f64() {
            Some(p) => near(asymptotic.p_value, p, &case),
            None => assert!((0.0..=1.0).contains(&asymptotic.p_value)),
        }
        assert_eq!(asymptotic.method, Method::Asymptotic);
        assert_eq!(
            ks::test(&values(&case, "reference"), &current).unwrap(),
            exact,
            "these are small enough for exact"
        );
    }
}

#[test]
fn wasserstein_is_scipys() {
    for case in cases("raw") {
        let reference = Reference::new(&values(&case, "reference")).unwrap();
        let current = values(&case, "current");
        for result in [
            reference.wasserstein(&current).unwrap(),
            reference.wasserstein_asymptotic(&current).unwrap(),
        ] {
            near(result.statistic, f(&case, "wasserstein"), &case);
            // a reference without spread has no unit: any change of it is as large as can be
            if reference.standard_deviation() == 0.0 && result.statistic > 0.0 {
                assert_eq!(result.effect, f64::MAX, "{}", case["name"]);
            } else {
                near(result.effect, f(&case, "effect"), &case);
            }
            assert!((0.0..=1.0).contains(&result.p_value));
        }
        assert_eq!(
            wasserstein::test(&values(&case, "reference"), &current).unwrap().method,
            Method::Permutation
        );
    }
}

#[test]
fn tests_of_counts_are_scipys() {
    for case in cases("counts") {
        let (r, c) = (counts(&case, "reference"), counts(&case, "current"));
        // the limit law is asked for where it is compared: an empty bin has another by default
        let method =
            if case["large"].as_bool().unwrap() { Method::Asymptotic } else { Method::Auto };
        let by = Permutations::default();
        let (chi2, psi, js) = (
            chi2::from_counts_with(&r, &c, method, by).unwrap(),
            psi::from_counts_with(&r, &c, method, by).unwrap(),
            js::from_counts_with(&r, &c, method, by).unwrap(),
        );
        // by default it is the limit law where every bin is filled, and always Pearson's
        if case["large"].as_bool().unwrap() {
            assert_eq!(chi2::from_counts(&r, &c).unwrap(), chi2, "{}", case["name"]);
            if r.iter().chain(&c).all(|count| *count >= 5) {
                assert_eq!(psi::from_counts(&r, &c).unwrap(), psi, "{}", case["name"]);
                assert_eq!(js::from_counts(&r, &c).unwrap(), js, "{}", case["name"]);
            }
        }
        near(chi2.statistic, f(&case, "chi2"), &case);
        near(psi.statistic, f(&case, "psi"), &case);
        near(psi.effect, f(&case, "psi"), &case);
        // Of nearly equal proportions scipy's sum of logarithms keeps few digits; ours has positive
        // terms only.
        if case["name"] == "nearly equal" {
            assert!((js.statistic - f(&case, "js")).abs() < 1e-8);
        } else {
            near(js.statistic, f(&case, "js"), &case);
        }
        assert!((chi2.effect - f(&case, "v")).abs() < 1e-9, "{}", case["name"]);
        for (result, p) in [(chi2, "chi2_p"), (psi, "psi_p"), (js, "js_p")] {
            assert_eq!(result.reference_size, r.iter().sum::<u64>());
            assert_eq!(result.current_size, c.iter().sum::<u64>());
            if case["large"].as_bool().unwrap() {
                assert_eq!(result.method, Method::Asymptotic, "{}", case["name"]);
                if case["name"] != "nearly equal" {
                    near(result.p_value, f(&case, p), &case);
                }
            } else {
                assert_ne!(result.method, Method::Asymptotic, "{}", case["name"]);
                assert!(result.p_value >= 0.001 && result.p_value <= 1.0);
            }
        }
    }
}
