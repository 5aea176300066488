//! Out-of-distribution detectors against pytorch-ood (`test/reference/ood_pytorch.py`), where its definition is ours but for a
//! factor and an offset.
#![allow(clippy::unwrap_used)]

use fluxguard::outlier::ood::Head;
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
fn scores_are_those_of_pytorch_ood_up_to_a_line() {
    let given: Value = serde_json::from_str(include_str!("../reference/ood.json")).unwrap();
    let theirs: Value = serde_json::from_str(include_str!("../reference/ood_pytorch.json")).unwrap();
    let labels: Vec<u32> = numbers(&given["labels"]).iter().map(|x| *x as u32).collect();
    let head = Head::new(rows(&given["weights"]).0, numbers(&given["bias"])).unwrap();
    let soft = theirs["soft"].as_f64().unwrap();
    let cases = theirs["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 22);
    for case in cases {
        let (name, with) = (case["detector"].as_str().unwrap(), case["with"].as_str().unwrap());
        let of_logits = with.ends_with("logits");
        let (reference, n) = rows(&given[if of_logits { "logits" } else { "features" }]);
        let (mut probe, m) = rows(&given[if of_logits { "probe_logits" } else { "probe" }]);
        if with == "soft logits" {
            probe.iter_mut().for_each(|x| *x /= soft);
        }
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
        let (line, want) = (numbers(&case["affine"]), numbers(&case["scores"]));
        let size = want.iter().map(|x| x.abs()).sum::<f64>() / want.len() as f64;
        for (i, (score, want)) in scores.iter().zip(&want).enumerate() {
            let got = line[0] * score + line[1];
            let error = (got - want).abs() / want.abs().max(1e-2 * size);
            assert!(
                error <= case["tolerance"].as_f64().unwrap(),
                "{name} {with} {}, row {i}: {got:e} for {want:e}",
                case["options"]
            );
        }
    }
}
