//! Null distributions against scipy, statsmodels and exact rational counts
//! (`test/reference/stats.py`).
#![allow(clippy::unwrap_used)]

use crate::reference_support as support;

use fluxguard::stats::kolmogorov::{self, Method};
use fluxguard::stats::multiple::{self, Correction};
use fluxguard::stats::{binomial, chi_squared, hypergeometric, normal, student_t};
use serde_json::Value;
use support::f;

fn cases(name: &str) -> Vec<Value> {
    support::cases(include_str!("../reference/stats.json"), name)
}

fn u(case: &Value, key: &str) -> u64 {
    case[key].as_u64().unwrap()
}

#[track_caller]
fn near(got: f64, expected: f64, tolerance: f64, case: &Value) {
    let error = if expected == 0.0 { got.abs() } else { (got / expected - 1.0).abs() };
    assert!(error <= tolerance, "{got} for {expected} (relative error {error:e}) in {case}");
}

#[test]
fn ks_exact_is_the_count_of_paths() {
    for case in cases("ks_exact") {
        let p = kolmogorov::p_value(f(&case, "d"), u(&case, "m"), u(&case, "n"), Method::Exact)
            .unwrap();
        assert!(p.exact);
        near(p.p_value, f(&case, "p"), 1e-11, &case);
    }
}

#[test]
fn ks_exact_is_scipys_for_large_samples() {
    for case in cases("ks_exact_large") {
        let p = kolmogorov::p_value(f(&case, "d"), u(&case, "m"), u(&case, "n"), Method::Exact)
            .unwrap();
        near(p.p_value, f(&case, "p"), 1e-9, &case);
    }
}

#[test]
fn ks_asymptotic_is_scipys() {
    for case in cases("ks_asymptotic") {
        let p = kolmogorov::asymptotic_sf(f(&case, "d"), u(&case, "m"), u(&case, "n")).unwrap();
        near(p, f(&case, "p"), 1e-9, &case);
    }
}

#[test]
fn kolmogorovs_limit_in_both_tails() {
    for case in cases("kolmogorov_limit") {
        near(kolmogorov::limit::sf(f(&case, "z")), f(&case, "sf"), 1e-13, &case);
        near(kolmogorov::limit::cdf(f(&case, "z")), f(&case, "cdf"), 1e-12, &case);
    }
}

#[test]
fn chi_squared_in_both_tails() {
    for case in cases("chi_squared") {
        near(chi_squared::sf(f(&case, "x"), f(&case, "df")).unwrap(), f(&case, "sf"), 1e-10, &case);
        near(
            chi_squared::cdf(f(&case, "x"), f(&case, "df")).unwrap(),
            f(&case, "cdf"),
            1e-10,
            &case,
        );
    }
}

#[test]
fn normal_in_both_tails() {
    for case in cases("normal") {
        near(normal::cdf(f(&case, "z")), f(&case, "cdf"), 1e-10, &case);
        near(normal::sf(f(&case, "z")), f(&case, "sf"), 1e-10, &case);
        near(normal::pdf(f(&case, "z")), f(&case, "pdf"), 1e-12, &case);
    }
    for case in cases("normal_quantile") {
        near(normal::quantile(f(&case, "p")).unwrap(), f(&case, "z"), 1e-12, &case);
    }
}

#[test]
fn binomial_tails_are_exact() {
    for case in cases("binomial") {
        let tail = binomial::upper_tail(u(&case, "k"), u(&case, "n"), f(&case, "p")).unwrap();
        near(tail, f(&case, "tail"), 1e-11, &case);
    }
}

#[test]
fn fishers_tails_are_exact() {
    for case in cases("fisher") {
        let p = hypergeometric::fisher(
            u(&case, "in_reference"),
            u(&case, "reference_size"),
            u(&case, "in_current"),
            u(&case, "current_size"),
        )
        .unwrap();
        near(p.less, f(&case, "less"), 1e-11, &case);
        near(p.greater, f(&case, "greater"), 1e-11, &case);
    }
}

#[test]
fn adjusted_p_values_are_those_of_statsmodels() {
    let list =
        |v: &Value| v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
    for case in cases("multiple") {
        let p = list(&case["p"]);
        for correction in [
            Correction::Bonferroni,
            Correction::Holm,
            Correction::BenjaminiHochberg,
            Correction::BenjaminiYekutieli,
        ] {
            let name = serde_json::to_value(correction).unwrap();
            let expected = list(&case[name.as_str().unwrap()]);
            let adjusted = multiple::adjust(&p, correction).unwrap();
            adjusted.iter().zip(&expected).for_each(|(a, e)| near(*a, *e, 1e-12, &case));
        }
    }
}

#[test]
fn tails_of_student_and_fisher_are_mpmaths() {
    let tails = |name| support::cases(include_str!("../reference/tails.json"), name);
    for case in tails("student") {
        let p = student_t::two_sided(-f(&case, "t"), f(&case, "degrees")).unwrap();
        near(p, f(&case, "p"), 1e-12, &case);
    }
    for case in tails("fisher") {
        let p =
            student_t::f_sf(f(&case, "f"), f(&case, "numerator"), f(&case, "denominator")).unwrap();
        near(p, f(&case, "p"), 1e-12, &case);
    }
    for degrees in [0.01, 1.0, 1e3, 1e12] {
        assert_eq!(student_t::two_sided(0.0, degrees).unwrap(), 1.0);
        assert_eq!(student_t::two_sided(f64::INFINITY, degrees).unwrap(), 0.0);
        let falling: Vec<f64> =
            (0..200).map(|k| student_t::two_sided(0.2 * f64::from(k), degrees).unwrap()).collect();
        assert!(falling.is_sorted_by(|a, b| a > b || *b == 0.0), "{degrees}");
    }
    // Of so many degrees of freedom it is the normal distribution's.
    near(student_t::two_sided(6.0, 1e15).unwrap(), 2.0 * normal::sf(6.0), 1e-10, &Value::Null);
}
