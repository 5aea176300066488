//! `fluxguard adjust` on real files: its adjusted p-values are statsmodels'
//! (`test/reference/stats.py`).
#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::Value;
use support::{Folder, Run};

fn csv(values: &[f64]) -> String {
    std::iter::once("p\n".to_owned())
        .chain(values.iter().map(|value| format!("{value:e}\n")))
        .collect()
}

fn numbers(list: &Value) -> Vec<f64> {
    serde_json::from_value(list.clone()).unwrap()
}

#[test]
fn adjusted_p_values_are_statsmodels() {
    let all: Value = serde_json::from_str(include_str!("../../reference/stats.json")).unwrap();
    let folder = Folder::new("adjust");
    let mut compared = 0;
    for case in all["multiple"].as_array().unwrap() {
        let p = numbers(&case["p"]);
        folder.write("p.csv", csv(&p));
        for name in ["bonferroni", "holm", "benjamini-hochberg", "benjamini-yekutieli"] {
            let json = folder
                .run(&["adjust", "p.csv", "--correction", name, "--alpha", "0.1", "--json"])
                .json();
            let (got, want) = (numbers(&json["adjusted_p_values"]), numbers(&case[name]));
            assert!(
                got.iter().zip(&want).all(|(a, b)| (a - b).abs() <= 1e-12 * b),
                "{name}: {got:?} {want:?}"
            );
            let rejected: Vec<usize> = (0..p.len()).filter(|i| got[*i] <= 0.1).collect();
            assert_eq!(json["rejected"], serde_json::to_value(rejected).unwrap());
            assert_eq!(
                (json["correction"].as_str(), json["tests"].as_u64()),
                (Some(name), Some(p.len() as u64))
            );
            compared += 1;
        }
    }
    assert!(compared >= 8);
}

#[test]
fn e_values_tables_and_bad_input() {
    let folder = Folder::new("adjust-more");
    folder.write("e.csv", csv(&[10.0, 50.0, 0.0, 20.0]));
    folder.write("two.csv", "p,q\n0.01,0.5\n0.02,0.6\n");
    let run = |arguments: &[&str]| folder.run(&[&["adjust"], arguments].concat());
    let json = run(&["e.csv", "--correction", "e-bh", "--alpha", "0.1", "--json"]).json();
    assert_eq!(json["rejected"], serde_json::json!([1, 3]));
    assert!(json.get("adjusted_p_values").is_none());
    let text = run(&["two.csv", "--column", "p"]).out;
    assert!(
        text.starts_with("2 of 2 tests of \"p\" are rejected by benjamini-hochberg at 0.05\n"),
        "{text}"
    );
    assert!(
        text.contains("adjusted p")
            && !run(&["e.csv", "--correction", "e-bh"]).out.contains("adjusted p")
    );
    assert_eq!(run(&["two.csv", "--column", "p", "--correction", "bh"]).out, text);
    let piped = Run::of(
        &mut folder.program(&["adjust", "-", "--column", "p"]),
        "p,q\n0.01,0.5\n0.02,0.6\n",
    );
    assert_eq!(piped.out, text);
    for (arguments, message) in [
        (&["e.csv"][..], "p_values: got 10 at index 0 (from 0), expected probabilities in [0, 1]"),
        (&["two.csv"], "--column: got 2 columns"),
        (&["e.csv", "--correction", "none"], "benjamini-yekutieli, e-bh"),
        (&["e.csv", "--correction", "e-bh", "--alpha", "1"], "a probability between 0 and 1"),
        (&["none.csv"], "none.csv"),
    ] {
        let run = run(arguments);
        assert!(run.refused().contains(message), "{arguments:?}: {}", run.err);
    }
}
