//! Detectors and thresholds against scikit-learn, scipy and pyod (`test/reference/detectors.py`).
#![allow(clippy::unwrap_used)]

use crate::reference_support as support;

use fluxguard::outlier::forest::{ForestDump, IsolationForest};
use fluxguard::outlier::threshold::curves::Labeled;
use fluxguard::outlier::threshold::gpd::Gpd;
use fluxguard::outlier::{Detector, Fitted, Spec};
use fluxguard::tensor::{Elements, Tensor};
use serde_json::{Value, json};
use support::{beyond, list, numbers, rows};

fn all() -> Value {
    serde_json::from_str(include_str!("../reference/detectors.json")).unwrap()
}

fn fitted(case: &Value, all: &Value) -> (Fitted, Vec<f64>, usize) {
    let (reference, probe) = match case["data"].as_str().unwrap() {
        "reference" => ("reference", "probe"),
        "cluster" => ("clusters", "cluster_probe"),
        _ => ("spoiled", "spoiled_probe"),
    };
    let mut options = case["options"].as_object().unwrap().clone();
    options.insert("calibration".into(), json!("none"));
    let (reference, n) = rows(&all[reference]);
    if case["detector"] == "ocsvm" && !options.contains_key("gamma") {
        // scikit-learn's default, "scale"; ours is another.
        let mean = reference.iter().sum::<f64>() / reference.len() as f64;
        let variance =
            reference.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / reference.len() as f64;
        options.insert("gamma".into(), json!(1.0 / (variance * (reference.len() / n) as f64)));
    }
    let spec = Spec::new(case["detector"].as_str().unwrap(), options).unwrap();
    let fitted = Fitted::fit(&spec, &Tensor::new(Elements::F64(&reference), n).unwrap()).unwrap();
    let (probe, m) = rows(&all[probe]);
    (fitted, probe, m)
}

/// `floor`: the part of the scores' mean size below which a score counts as near 0.
fn check(name: &str, tolerance: f64, floor: f64) {
    let all = all();
    for case in list(&all[name]) {
        let (detector, probe, m) = fitted(case, &all);
        let scores = detector.score(&Tensor::new(Elements::F64(&probe), m).unwrap()).unwrap();
        let mut want = numbers(&case["scores"]);
        assert_eq!(scores.len(), want.len());
        if case["detector"] == "ocsvm" {
            // Over rho, which is the score of what lies far from all, as some of the probes do.
            let rho = want.iter().copied().fold(0.0, f64::max);
            want.iter_mut().for_each(|x| *x /= rho);
        }
        // Relative to the score, or to the scores' size where one happens to be near 0.
        let size = want.iter().map(|x| x.abs()).sum::<f64>() / want.len() as f64;
        let (mut judged, width) = (0, probe.len() / m);
        for (i, (got, want)) in scores.iter().zip(&want).enumerate() {
            if case["detector"] == "hbos"
                && beyond(case, &all["reference"], &probe[i * width..(i + 1) * width])
            {
                continue; // pyod gives it the score of the emptiest cell
            }
            judged += 1;
            let error = (got - want).abs() / want.abs().max(floor * size);
            let label = format!("{} {}", case["detector"], case["options"]);
            assert!(
                error <= tolerance,
                "{label}, row {i}: {got:e} for {want:e} (relative error {error:e})"
            );
        }
        assert!(judged > 3, "{}", case["detector"]);
        // Novelty mode: alone as in company.
        let p = probe.len() / m;
        for (row, score) in probe.chunks(p).zip(&scores) {
            let alone = detector.score(&Tensor::new(Elements::F64(row), 1).unwrap()).unwrap();
            assert_eq!(alone[0].to_bits(), score.to_bits(), "{}", case["detector"]);
        }
    }
}

#[test]
fn closed_forms_are_those_of_the_peers() {
    check("closed", 1e-9, 0.01);
}

#[test]
fn iterations_end_where_the_peers_do() {
    // libsvm keeps its kernel in single precision: its solution has seven digits of the largest
    // scores.
    check("iterated", 1e-6, 0.1);
}

#[test]
fn a_dumped_forest_scores_as_in_scikit_learn() {
    let all = all();
    let dump: ForestDump = serde_json::from_value(all["forest"]["dump"].clone()).unwrap();
    let forest = IsolationForest::from_dump(&dump).unwrap();
    let (probe, m) = rows(&all["forest"]["probe"]);
    let mut scores = vec![0.0; m];
    forest.score_rows(&probe, &mut scores);
    for (got, want) in scores.iter().zip(numbers(&all["forest"]["scores"])) {
        assert!((got / want - 1.0).abs() <= 1e-12, "{got} {want}");
    }
}

#[test]
fn curves_are_scikit_learns() {
    for case in list(&all()["curves"]) {
        let labels: Vec<bool> =
            list(&case["labels"]).iter().map(|l| l.as_bool().unwrap()).collect();
        let labeled = Labeled::new(&numbers(&case["scores"]), &labels).unwrap();
        let quality =
            serde_json::to_value(labeled.quality(case["threshold"].as_f64().unwrap()).unwrap())
                .unwrap();
        for name in ["auroc", "auprc", "fpr_at_95_tpr", "precision", "recall", "f1"] {
            let (got, want) = (quality[name].as_f64().unwrap(), case[name].as_f64().unwrap());
            assert!((got - want).abs() <= 1e-12, "{name}: {got} {want}");
        }
        let (fpr, tpr) = (numbers(&case["fpr"]), numbers(&case["tpr"]));
        let roc = labeled.roc();
        assert_eq!(roc.len(), fpr.len());
        for (point, (fpr, tpr)) in roc.iter().zip(fpr.iter().zip(&tpr)) {
            assert!(
                (point.false_positive_rate - fpr).abs() <= 1e-12
                    && (point.true_positive_rate - tpr).abs() <= 1e-12
            );
        }
    }
}

#[test]
fn tails_have_the_greatest_likelihood() {
    for case in list(&all()["tails"]) {
        let fitted = Gpd::fit(&numbers(&case["excesses"]));
        for (name, got) in
            [("shape", fitted.shape), ("scale", fitted.scale), ("exceeded", fitted.exceeded(1e-3))]
        {
            let want = case[name].as_f64().unwrap();
            assert!((got - want).abs() <= 1e-6 * want.abs().max(1.0), "{name}: {got} {want}");
        }
    }
}
