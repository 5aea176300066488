//! `fluxguard epsilon` and `fluxguard noise-multiplier`: dp-accounting's numbers
//! (`test/reference/privacy_accounting.py`), the contract's keys and exit codes, and what is
//! refused.
#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::Value;
use support::{Folder, Run};

fn run(arguments: &[&str]) -> Run {
    Folder::new(&format!("privacy-{:?}", std::thread::current().id())).run(arguments)
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn epsilon_is_dp_accountings() {
    let reference: Value =
        serde_json::from_str(include_str!("../../reference/privacy_accounting.json")).unwrap();
    for row in reference["pld"].as_array().unwrap() {
        let phases = row["phases"].as_array().unwrap().iter();
        let phases: Vec<String> =
            phases.map(|p| format!("--phase={}:{}:{}", p[0], p[1], p[2])).collect();
        let relation = row["relation"].as_str().unwrap().replace('_', "-");
        let (delta, expected) = (row["epsilon"][1][0].to_string(), number(&row["epsilon"][1][1]));
        let mut arguments = vec!["epsilon", "--json", "--delta", &delta, "--relation", &relation];
        arguments.extend(phases.iter().map(String::as_str));
        let json = run(&arguments).json();
        let got = number(&json["epsilon"]);
        assert!((got - expected).abs() <= f64::max(1e-4, 1e-3 * expected), "{row}: {got}");
        assert_eq!(
            json["phases"].as_array().unwrap().len(),
            row["phases"].as_array().unwrap().len()
        );
    }
}

#[test]
fn the_phases_of_the_contract_and_its_keys() {
    let base = "epsilon --noise-multiplier 1.0 --sample-rate 0.01 --steps 1000 --delta 1e-5";
    let json = run(&words(&format!("{base} --json"))).json();
    assert_eq!((&json["accountant"], number(&json["noise_multiplier"])), (&"pld".into(), 1.0));
    assert_eq!((number(&json["delta"]), &json["relation"]), (1e-5, &"add_remove".into()));
    let alone = number(&json["epsilon"]);
    let json = run(&words(&format!("{base} --phase 2.0:0.02:500 --json"))).json();
    assert!((number(&json["epsilon"]) - 2.0677).abs() < 2.1e-3 && alone < 2.0677);
    assert_eq!((json["steps"].as_u64(), &json["noise_multiplier"]), (Some(1500), &Value::Null));
    assert_eq!(number(&json["phases"][1]["sample_rate"]), 0.02);
    let json = run(&words(&format!("{base} --accountant rdp --json"))).json();
    assert_eq!(json["accountant"], "rdp");
    assert!(number(&json["epsilon"]) > alone);
    let none = run(&words(
        "epsilon --noise-multiplier 1 --sample-rate 0.01 --steps 0 --delta 1e-5 --json",
    ));
    assert_eq!(number(&none.json()["epsilon"]), 0.0);
}

#[test]
fn the_noise_multiplier_meets_its_target_and_comes_close() {
    let common = "--delta 1e-5 --sample-rate 0.01 --steps 1000";
    for (target, accountant) in [("1", "pld"), ("4.5", "rdp")] {
        let line = format!(
            "noise-multiplier --target-epsilon {target} {common} --accountant {accountant} --json"
        );
        let json = run(&words(&line)).json();
        let (target, sigma) = (target.parse::<f64>().unwrap(), number(&json["noise_multiplier"]));
        assert!(
            number(&json["epsilon"]) <= target && number(&json["epsilon"]) > 0.997 * target,
            "{json}"
        );
        assert_eq!(json["accountant"], accountant);
        let line =
            format!("epsilon --noise-multiplier {sigma} {common} --accountant {accountant} --json");
        assert_eq!(run(&words(&line)).json()["epsilon"], json["epsilon"]);
    }
}

#[test]
fn tables_are_for_people() {
    let out = run(&words(
        "epsilon --noise-multiplier 1 --sample-rate 0.01 --steps 1000 --delta 1e-5 --phase 2:0.02:500",
    ));
    assert_eq!((out.code, out.err.as_str()), (0, ""));
    for line in [
        "epsilon     2.068",
        "relation    add-remove",
        "noise_multiplier  sample_rate  steps",
        "1500",
    ] {
        assert!(out.out.contains(line), "{line}: {}", out.out);
    }
    // the multiplier that is printed, typed in again, does not give more than the target
    let common = "--delta 1e-5 --sample-rate 0.004 --steps 5000";
    let out = run(&words(&format!("noise-multiplier --target-epsilon 2 {common}")));
    let sigma = out
        .out
        .lines()
        .find_map(|line| line.strip_prefix("noise_multiplier"))
        .unwrap()
        .trim()
        .to_owned();
    let json = run(&words(&format!("epsilon --noise-multiplier {sigma} {common} --json"))).json();
    assert!(number(&json["epsilon"]) <= 2.0, "{json}");
}

#[test]
fn bad_arguments_are_named() {
    let good =
        [("noise-multiplier", "1"), ("sample-rate", "0.1"), ("steps", "10"), ("delta", "1e-5")];
    let with = |name: &str, value: &str| {
        let value_of = |known: &str, default: &str| {
            if known == name { value.to_owned() } else { default.to_owned() }
        };
        let flags =
            good.iter().map(|(known, default)| format!("--{known} {}", value_of(known, default)));
        run(&words(&format!("epsilon {}", flags.collect::<Vec<_>>().join(" "))))
    };
    for (name, value, word) in [
        ("noise-multiplier", "0", "noise_multiplier: got 0"),
        ("noise-multiplier", "-1", "noise_multiplier: got -1"),
        ("noise-multiplier", "nan", "noise_multiplier: got NaN"),
        ("noise-multiplier", "x", "--noise-multiplier"),
        ("sample-rate", "0", "sample_rate: got 0"),
        ("sample-rate", "1.01", "sample_rate: got 1.01"),
        ("steps", "1000000001", "steps: got 1000000001"),
        ("steps", "-1", "--steps"),
        ("steps", "1.5", "--steps"),
        ("delta", "0", "delta: got 0"),
        ("delta", "1", "delta: got 1"),
        ("delta", "-0.1", "delta: got -0.1"),
    ] {
        let refused = with(name, value);
        assert!(refused.refused().contains(word), "{name} {value}: {}", refused.err);
    }
    for (line, word) in [
        ("epsilon --delta 1e-5", "--noise-multiplier"),
        ("epsilon --delta 1e-5 --noise-multiplier 1 --sample-rate 0.1", "--steps"),
        ("epsilon --noise-multiplier 1 --sample-rate 0.1 --steps 5", "--delta"),
        ("epsilon --delta 1e-5 --noise-multiplier 1 --phase 1:0.1:5", "sample_rate"),
        ("epsilon --delta 1e-5 --phase 1:0.1", "NOISE_MULTIPLIER:SAMPLE_RATE:STEPS"),
        ("epsilon --delta 1e-5 --phase 0:0.1:5", "noise_multiplier: got 0"),
        ("epsilon --delta 1e-5 --phase 1:0.1:5 --accountant moments", "pld"),
        ("epsilon --delta 1e-5 --phase 1:0.1:5 --unit-size 0", "unit_size: got 0"),
        (
            "noise-multiplier --target-epsilon 0 --delta 1e-5 --sample-rate 0.1 --steps 5",
            "target_epsilon: got 0",
        ),
        (
            "noise-multiplier --target-epsilon -3 --delta 1e-5 --sample-rate 0.1 --steps 5",
            "target_epsilon: got -3",
        ),
        (
            "noise-multiplier --target-epsilon 1 --delta 1e-5 --sample-rate 0.1 --steps 0",
            "steps: got 0",
        ),
        (
            "noise-multiplier --target-epsilon 1 --delta 2 --sample-rate 0.1 --steps 5",
            "delta: got 2",
        ),
        ("noise-multiplier --delta 1e-5 --sample-rate 0.1 --steps 5", "--target-epsilon"),
        (
            "noise-multiplier --target-epsilon 1e-9 --delta 1e-15 --sample-rate 1 --steps 1000000000",
            "larger epsilon",
        ),
    ] {
        let refused = run(&words(line));
        assert!(refused.refused().contains(word), "{line}: {}", refused.err);
    }
}
