//! Values that another implementation computed, read from JSON.
#![allow(dead_code, clippy::unwrap_used)]

use serde_json::Value;

/// The cases of this name in the text of a file.
pub fn cases(file: &str, name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(file).unwrap();
    list(&all[name]).clone()
}

/// A list, of which nothing would be no check.
pub fn list(value: &Value) -> &Vec<Value> {
    let list = value.as_array().unwrap();
    assert!(!list.is_empty());
    list
}

pub fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Rows, one after the other, and their number.
pub fn rows(value: &Value) -> (Vec<f64>, usize) {
    let rows = list(value);
    (rows.iter().flat_map(numbers).collect(), rows.len())
}

/// Whether a row of a histogram's probe is beyond its tolerance of the reference in some feature:
/// pyod gives all that is there the score of the emptiest cell.
pub fn beyond(case: &Value, reference: &Value, row: &[f64]) -> bool {
    let (reference, _) = rows(reference);
    let option = |name: &str, default: f64| case["options"][name].as_f64().unwrap_or(default);
    row.iter().enumerate().any(|(k, x)| {
        let column = || reference[k..].iter().step_by(row.len()).copied();
        let (low, high) =
            (column().fold(f64::INFINITY, f64::min), column().fold(f64::NEG_INFINITY, f64::max));
        let slack = (high - low) / option("bins", 10.0) * option("tolerance", 0.5);
        *x < low - slack || *x > high + slack
    })
}

pub fn f(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap()
}

pub fn values(case: &Value, key: &str) -> Vec<f64> {
    numbers(&case[key])
}

pub fn counts(case: &Value, key: &str) -> Vec<u64> {
    list(&case[key]).iter().map(|x| x.as_u64().unwrap()).collect()
}

#[track_caller]
pub fn near(got: f64, expected: f64, case: &Value) {
    near_to(got, expected, 1e-9, case);
}

/// Relative to the expected value.
#[track_caller]
pub fn near_to(got: f64, expected: f64, most: f64, case: &Value) {
    let error = if expected.abs() < 1e-300 { got.abs() } else { (got / expected - 1.0).abs() };
    assert!(
        error <= most,
        "{got:e} for {expected:e} (relative error {error:e}) in {}",
        case["name"]
    );
}
