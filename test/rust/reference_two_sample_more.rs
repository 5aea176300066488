//! The two-sample tests beyond the first five against scipy, statsmodels and mpmath
//! (`test/reference/two_sample_more.py`).
#![allow(clippy::unwrap_used)]

use crate::reference_support as support;

use fluxguard::drift::two_sample::{
    Method, Permutations, Reference, TestName, TestResult, fisher, g, hellinger, kl, tv,
};
use fluxguard::stats::goodness_of_fit::{anderson_darling_sf, cramer_von_mises_sf};
use serde_json::Value;
use support::{counts, f, near, near_to, values};

fn cases(name: &str) -> Vec<Value> {
    support::cases(include_str!("../reference/two_sample_more.json"), name)
}

/// The result of every raw case that has a value of this key, with the case.
fn results(test: TestName, key: &str) -> Vec<(Value, TestResult)> {
    let kept: Vec<_> = cases("raw").into_iter().filter(|case| case.get(key).is_some()).collect();
    assert!(!kept.is_empty());
    kept.into_iter()
        .map(|case| {
            let reference = Reference::new(&values(&case, "reference")).unwrap();
            let result = reference.test(test, &values(&case, "current")).unwrap();
            assert_eq!(result.test, test);
            assert!(
                (0.0..=1.0).contains(&result.p_value)
                    && result.effect >= 0.0
                    && result.effect.is_finite()
            );
            (case, result)
        })
        .collect()
}

#[test]
fn limit_laws() {
    let law = |name: &str| {
        let all: Value =
            serde_json::from_str(include_str!("../reference/two_sample_more.json")).unwrap();
        all["laws"][name].as_array().unwrap().clone()
    };
    for pair in law("cvm") {
        near_to(
            cramer_von_mises_sf(pair[0].as_f64().unwrap()),
            pair[1].as_f64().unwrap(),
            1e-11,
            &pair,
        );
    }
    for pair in law("ad") {
        near_to(
            anderson_darling_sf(pair[0].as_f64().unwrap()),
            pair[1].as_f64().unwrap(),
            1e-11,
            &pair,
        );
    }
}

#[test]
fn cramer_von_mises() {
    for (case, result) in results(TestName::Cvm, "cvm") {
        // scipy's U - its mean cancels digits; ours is the same sum in another order.
        assert!(
            (result.statistic - f(&case, "cvm")).abs() <= 1e-9 * (1.0 + f(&case, "cvm")),
            "{}",
            case["name"]
        );
        if let Some(exact) = case["cvm_exact"].as_f64() {
            assert_eq!(result.method, Method::Exact);
            near(result.p_value, exact, &case);
        } else if case["continuous"].as_bool().unwrap() {
            assert_eq!(result.method, Method::Asymptotic);
            near(result.p_value, f(&case, "cvm_asymptotic"), &case);
        } else {
            assert_eq!(result.method, Method::Permutation);
        }
    }
}

#[test]
fn anderson_darling() {
    for (case, result) in results(TestName::Ad, "ad") {
        near(result.statistic, f(&case, "ad"), &case);
        match (case["continuous"].as_bool().unwrap(), case["ad_asymptotic"].as_f64()) {
            (true, Some(p)) => near(result.p_value, p, &case),
            (true, None) => assert!(result.p_value < 1e-9),
            (false, _) => assert_eq!(result.method, Method::Permutation),
        }
    }
}

#[test]
fn kuiper() {
    for (case, result) in results(TestName::Kuiper, "kuiper") {
        near(result.statistic, f(&case, "kuiper"), &case);
        if case["continuous"].as_bool().unwrap() {
            near(result.p_value, f(&case, "kuiper_asymptotic"), &case);
        } else {
            assert_eq!(result.method, Method::Permutation);
        }
    }
}

#[test]
fn mann_whitney() {
    for (case, result) in results(TestName::MannWhitney, "mannwhitney") {
        near(result.statistic, f(&case, "mannwhitney"), &case);
        if let Some(exact) = case["mannwhitney_exact"].as_f64() {
            assert_eq!(result.method, Method::Exact);
            near(result.p_value, exact, &case);
        } else {
            assert_eq!(result.method, Method::Asymptotic);
            near(result.p_value, f(&case, "mannwhitney_asymptotic"), &case);
        }
    }
}

#[test]
fn welch() {
    for (case, default) in results(TestName::Welch, "welch") {
        // scipy's p-values are Student's, whatever the values
        let (before, now) = (values(&case, "reference"), values(&case, "current"));
        let result = Reference::new(&before)
            .unwrap()
            .test_by(TestName::Welch, &now, Method::Asymptotic)
            .unwrap();
        assert_eq!((default.statistic, default.effect), (result.statistic, result.effect));
        let all = [&before[..], &now[..]].concat();
        let n = all.len() as f64;
        let mean = all.iter().sum::<f64>() / n;
        let central = |power| all.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / n;
        let (skewness, kurtosis) =
            (central(3) / central(2).powf(1.5), central(4) / central(2).powi(2) - 3.0);
        let normal =
            (10.0 * skewness * skewness).max(5.0 * kurtosis) <= before.len().min(now.len()) as f64;
        let limit = result.method == Method::Exact || normal;
        assert_eq!(
            default.method,
            if limit { result.method } else { Method::Permutation },
            "{}",
            case["name"]
        );
        // With an offset of a million numpy's means and variances keep 10 digits.
        let most = if case["name"] == "offset" { 1e-8 } else { 1e-9 };
        near_to(result.statistic, f(&case, "welch"), most, &case);
        near_to(result.p_value, f(&case, "welch_p"), most, &case);
        near_to(result.effect, f(&case, "d"), most, &case);
    }
}

#[test]
fn epps_singleton() {
    for (case, default) in results(TestName::EppsSingleton, "epps_singleton") {
        // scipy's p-values are the limit law's, whatever the sizes
        let reference = Reference::new(&values(&case, "reference")).unwrap();
        let result = reference
            .test_by(TestName::EppsSingleton, &values(&case, "current"), Method::Asymptotic)
            .unwrap();
        assert_eq!(default.statistic, result.statistic);
        let (m, n) = (default.reference_size, default.current_size);
        let limit =
            result.method != Method::Asymptotic || m.min(n) >= 100 && 4 * m.max(n) <= 5 * m.min(n);
        assert_eq!(
            default.method,
            if limit { result.method } else { Method::Permutation },
            "{}",
            case["name"]
        );
        // A matrix is inverted; with an offset of a million scipy's angles lose digits.
        let most = if case["name"] == "offset" { 1e-6 } else { 1e-8 };
        near_to(result.statistic, f(&case, "epps_singleton"), most, &case);
        near_to(result.p_value, f(&case, "epps_singleton_p"), 100.0 * most, &case);
    }
}

#[test]
fn energy() {
    for (case, result) in results(TestName::Energy, "energy") {
        near(result.statistic, f(&case, "energy"), &case);
        let expected =
            if case["constant"].as_bool().unwrap() { Method::Exact } else { Method::Permutation };
        assert_eq!(result.method, expected);
    }
}

#[test]
fn fisher_of_two_values() {
    for (case, result) in results(TestName::Fisher, "fisher_p") {
        near(result.p_value, f(&case, "fisher_p"), &case);
        assert_eq!(result.method, Method::Exact);
    }
    let tables: Vec<Value> =
        cases("counts").into_iter().filter(|case| case.get("fisher_p").is_some()).collect();
    assert!(tables.len() >= 3);
    for case in tables {
        let result =
            fisher::from_counts(&counts(&case, "reference"), &counts(&case, "current")).unwrap();
        near(result.p_value, f(&case, "fisher_p"), &case);
    }
}

#[test]
fn tests_of_counts() {
    for case in cases("counts") {
        let (r, c) = (counts(&case, "reference"), counts(&case, "current"));
        // the limit law is asked for where it is compared: an empty bin has another by default
        let method =
            if case["large"].as_bool().unwrap() { Method::Asymptotic } else { Method::Auto };
        let by = Permutations::default();
        let (g, hellinger, kl, tv) = (
            g::from_counts_with(&r, &c, method, by).unwrap(),
            hellinger::from_counts_with(&r, &c, method, by).unwrap(),
            kl::from_counts_with(&r, &c, method, by).unwrap(),
            tv::from_counts(&r, &c).unwrap(),
        );
        if case["large"].as_bool().unwrap() && r.iter().chain(&c).all(|count| *count >= 5) {
            assert_eq!(g::from_counts(&r, &c).unwrap(), g, "{}", case["name"]);
            assert_eq!(hellinger::from_counts(&r, &c).unwrap(), hellinger, "{}", case["name"]);
            assert_eq!(kl::from_counts(&r, &c).unwrap(), kl, "{}", case["name"]);
        }
        near(tv.statistic, f(&case, "tv"), &case);
        assert_eq!(tv.method, Method::Permutation);
        for (result, key) in [(g, "g"), (hellinger, "hellinger"), (kl, "kl")] {
            near(result.statistic, f(&case, key), &case);
            if case["large"].as_bool().unwrap() {
                assert_eq!(result.method, Method::Asymptotic);
                near(result.p_value, f(&case, &format!("{key}_p")), &case);
            } else {
                assert_eq!(result.method, Method::Permutation);
                assert!(result.p_value >= 0.001);
            }
        }
    }
}

#[test]
fn two_constant_samples_are_equal_or_not() {
    for test in TestName::ALL {
        let reference = Reference::new(&[3.0; 20]).unwrap();
        let equal = reference.test(test, &[3.0; 11]).unwrap();
        assert_eq!((equal.p_value, equal.effect), (1.0, 0.0), "{test}");
        match reference.test(test, &[4.0; 11]) {
            Ok(other) => assert!(other.p_value <= 0.001 && other.effect > 0.0, "{test}: {other:?}"),
            Err(error) => {
                assert_eq!(test, TestName::EppsSingleton);
                assert!(
                    error.to_string().starts_with("test: got epps-singleton of samples"),
                    "{error}"
                );
            }
        }
    }
}
