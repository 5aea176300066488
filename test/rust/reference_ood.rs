//! Out-of-distribution detectors against scipy and scikit-learn (`test/reference/ood.py`).
#![allow(clippy::unwrap_used)]

use fluxguard::outlier::ood::{Head, NAMES};
use fluxguard::outlier::{Fitted, Spec};
use fluxguard::tensor::{Elements, Tensor};
use serde_json::{Value, json};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Rows, one after the other, and their number.
fn rows(value: &Value) -> (Vec<f64>, usize) {
    let rows = value.as_array().unwrap();
    (rows.iter().flat_map(numbers).collect(), rows.len())
}

#[test]
fn scores_are_those_of_the_papers_and_do_not_depend_on_the_batch() {
    let all: Value = serde_json::from_str(include_str!("../reference/ood.json")).unwrap();
    let labels: Vec<u32> = numbers(&all["labels"]).iter().map(|x| *x as u32).collect();
    let head = Head::new(rows(&all["weights"]).0, numbers(&all["bias"])).unwrap();
    let mut seen = Vec::new();
    for case in all["cases"].as_array().unwrap() {
        let name = case["detector"].as_str().unwrap();
        seen.push(name);
        for with in case["with"].as_array().unwrap() {
            let with = with.as_str().unwrap();
            let (reference, probe) = if with == "logits" { ("logits", "probe_logits") } else { ("features", "probe") };
            let ((reference, n), (probe, m)) = (rows(&all[reference]), rows(&all[probe]));
            let mut options = case["options"].as_object().unwrap().clone();
            options.insert("calibration".into(), json!("none"));
            let fitted = Fitted::fit_classifier(
                &Spec::new(name, options).unwrap(),
                &Tensor::new(Elements::F64(&reference), n).unwrap(),
                matches!(with, "labels" | "both").then_some(&labels[..]),
                matches!(with, "head" | "both").then_some(&head),
            )
            .unwrap();
            let scores = fitted.score(&Tensor::new(Elements::F64(&probe), m).unwrap()).unwrap();
            let want = numbers(&case["scores"]);
            let size = want.iter().map(|x| x.abs()).sum::<f64>() / want.len() as f64;
            for (i, (got, want)) in scores.iter().zip(&want).enumerate() {
                // A doubt near 0 is 1 - p in the peer, which leaves the digits of 1; entropy and margin likewise.
                let error = (got - want).abs() / want.abs().max(1e-2 * size);
                assert!(error <= 1e-9, "{name} {with} {}, row {i}: {got:e} for {want:e}", case["options"]);
            }
            for (row, score) in probe.chunks(probe.len() / m).zip(&scores) {
                let alone = fitted.score(&Tensor::new(Elements::F64(row), 1).unwrap()).unwrap();
                assert_eq!(alone[0].to_bits(), score.to_bits(), "{name}");
            }
        }
    }
    // All but the ensemble, whose members are these.
    assert!(NAMES.iter().all(|name| *name == "ood" || seen.contains(name)));
}
