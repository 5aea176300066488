//! Out-of-distribution detectors against scipy and scikit-learn (`test/reference/ood.py`), and
//! against pytorch-ood (`test/reference/ood_pytorch.py`) where its definition is ours but for a
//! factor and an offset.
#![allow(clippy::unwrap_used)]

use crate::reference_support as support;

use fluxguard::outlier::ood::{Head, NAMES};
use fluxguard::outlier::{Fitted, Spec};
use fluxguard::tensor::{Elements, Tensor};
use serde_json::{Value, json};
use support::{list, numbers, rows};

/// A classifier's outputs on a reference and on a probe.
struct Given {
    outputs: Value,
    labels: Vec<u32>,
    head: Head,
}

impl Given {
    fn read() -> Self {
        let outputs: Value = serde_json::from_str(include_str!("../reference/ood.json")).unwrap();
        let labels = numbers(&outputs["labels"]).iter().map(|x| *x as u32).collect();
        let head = Head::new(rows(&outputs["weights"]).0, numbers(&outputs["bias"])).unwrap();
        Given { outputs, labels, head }
    }

    /// The detector of a case, fitted on logits, or on features with the labels, the head, both or
    /// neither; and its probe.
    fn fitted(&self, case: &Value, with: &str) -> (Fitted, Vec<f64>, usize) {
        let of_logits = with.ends_with("logits");
        let (reference, probe) =
            if of_logits { ("logits", "probe_logits") } else { ("features", "probe") };
        let ((reference, n), (probe, m)) =
            (rows(&self.outputs[reference]), rows(&self.outputs[probe]));
        let mut options = case["options"].as_object().unwrap().clone();
        options.insert("calibration".into(), json!("none"));
        let fitted = Fitted::fit_classifier(
            &Spec::new(case["detector"].as_str().unwrap(), options).unwrap(),
            &Tensor::new(Elements::F64(&reference), n).unwrap(),
            matches!(with, "labels" | "both").then_some(&self.labels[..]),
            matches!(with, "head" | "both").then_some(&self.head),
        );
        (fitted.unwrap(), probe, m)
    }
}

/// The scores of a case, which may be those of the first rows alone, to a relative `tolerance`; of
/// values that are small beside the others, to one of these.
#[track_caller]
fn expect(scores: &[f64], case: &Value, with: &str, tolerance: f64) {
    let want = numbers(&case["scores"]);
    assert!(want.len() <= scores.len());
    let size = want.iter().map(|x| x.abs()).sum::<f64>() / want.len() as f64;
    for (i, (got, want)) in scores.iter().zip(&want).enumerate() {
        // A doubt near 0 is 1 - p in the peer, which leaves the digits of 1; entropy and margin
        // likewise.
        let error = (got - want).abs() / want.abs().max(1e-2 * size);
        let (name, options) = (&case["detector"], &case["options"]);
        assert!(error <= tolerance, "{name} {with} {options}, row {i}: {got:e} for {want:e}");
    }
}

#[test]
fn scores_are_those_of_the_papers_and_do_not_depend_on_the_batch() {
    let given = Given::read();
    let mut seen = Vec::new();
    for case in list(&given.outputs["cases"]) {
        let name = case["detector"].as_str().unwrap();
        seen.push(name);
        for with in list(&case["with"]) {
            let with = with.as_str().unwrap();
            let (fitted, probe, m) = given.fitted(case, with);
            let scores = fitted.score(&Tensor::new(Elements::F64(&probe), m).unwrap()).unwrap();
            expect(&scores, case, with, 1e-9);
            for (row, score) in probe.chunks(probe.len() / m).zip(&scores) {
                let alone = fitted.score(&Tensor::new(Elements::F64(row), 1).unwrap()).unwrap();
                assert_eq!(alone[0].to_bits(), score.to_bits(), "{name}");
            }
        }
    }
    // All but the ensemble, whose members are these.
    assert!(NAMES.iter().all(|name| *name == "ood" || seen.contains(name)));
}

#[test]
fn scores_are_those_of_pytorch_ood_up_to_a_line() {
    let given = Given::read();
    let theirs: Value =
        serde_json::from_str(include_str!("../reference/ood_pytorch.json")).unwrap();
    let soft = theirs["soft"].as_f64().unwrap();
    let cases = list(&theirs["cases"]);
    assert_eq!(cases.len(), 22);
    for case in cases {
        let with = case["with"].as_str().unwrap();
        let (fitted, mut probe, m) = given.fitted(case, with);
        if with == "soft logits" {
            probe.iter_mut().for_each(|x| *x /= soft);
        }
        let line = numbers(&case["affine"]);
        let mut scores = fitted.score(&Tensor::new(Elements::F64(&probe), m).unwrap()).unwrap();
        scores.iter_mut().for_each(|score| *score = line[0] * *score + line[1]);
        expect(&scores, case, with, case["tolerance"].as_f64().unwrap());
    }
}
