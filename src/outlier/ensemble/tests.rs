use super::*;
use crate::family::SEVERAL;
use crate::tensor::{Elements, Tensor};
use crate::testing::Random;
use crate::threshold::curves::Labeled;
use crate::{Fitted, Spec};
use serde_json::{Map, json};

fn fit(options: Value, rows: &Rows<'_>) -> Result<Fitted> {
    let Value::Object(options) = options else { panic!("options") };
    Fitted::fit_rows(&Spec::new("ensemble", options)?, rows)
}

fn members(fitted: &Fitted) -> Vec<(String, f64)> {
    fitted.describe().members.into_iter().map(|share| (share.detector, share.weight)).collect()
}

fn scores(fitted: &Fitted, rows: &[f64]) -> Vec<f64> {
    let rows = Tensor::new(Elements::F64(rows), rows.len() / fitted.features()).expect("whole");
    fitted.score(&rows).expect("the same features")
}

/// Two features of which one nearly follows from the other.
fn dependent(n: usize, seed: u64) -> Vec<f64> {
    let mut random = Random(seed);
    (0..n)
        .flat_map(|_| {
            let x = random.normal();
            [x, x + 0.1 * random.normal()]
        })
        .collect()
}

#[test]
fn who_understands_the_reference_weighs_most() {
    let rows = Rows::from_values(dependent(400, 1), 2);
    let two = json!([{"detector": "zscore"}, {"detector": "mahalanobis"}]);
    let fitted = fit(json!({"members": two}), &rows).expect("fits");
    let found = members(&fitted);
    let weight =
        |name: &str| found.iter().find(|(own, _)| own == name).map_or(0.0, |(_, weight)| *weight);
    assert!(
        weight("mahalanobis") > 0.8 && weight("mahalanobis") + weight("zscore") > 0.999,
        "{found:?}"
    );
    let fitted = fit(json!({"members": two, "weighting": "equal"}), &rows).expect("fits");
    assert_eq!(members(&fitted).iter().map(|(_, weight)| *weight).collect::<Vec<_>>(), [0.5, 0.5]);
    // Usual values in an unusual combination.
    let default = fit(json!({}), &rows).expect("fits");
    assert!((members(&default).iter().map(|(_, weight)| weight).sum::<f64>() - 1.0).abs() < 1e-12);
    let (usual, mut broken) = (dependent(300, 2), dependent(300, 3));
    broken.chunks_exact_mut(2).for_each(|row| row[1] = -row[0] + 0.1 * row[1]);
    let scores = scores(&default, &[usual, broken].concat());
    let labels: Vec<bool> = (0..600).map(|i| i >= 300).collect();
    let area = Labeled::new(&scores, &labels).expect("both").auroc();
    assert!(area > 0.9, "{area}");
}

#[test]
fn what_the_reference_does_not_suffice_for_is_left_out_or_an_error() {
    let rows = Rows::from_values(Random(4).normals(12 * 20), 20);
    let found = members(&fit(json!({}), &rows).expect("some can"));
    assert!(
        !found.is_empty() && found.iter().all(|(name, _)| name != "gmm" && name != "lof"),
        "{found:?}"
    );
    let asked = json!({"members": [{"detector": "kde"}, {"detector": "gmm"}]});
    assert_eq!(fit(asked, &rows).map(|_| ()).map_err(|e| e.code()), Err(203));
    // Enough for all, not for a fold.
    let rows = Rows::from_values(Random(5).normals(21 * 2), 2);
    let error = fit(json!({"members": [{"detector": "lof"}]}), &rows)
        .map(|_| ())
        .expect_err("16 for 20 neighbors");
    assert!(error.to_string().contains("folds failed"), "{error}");
    // Features have their names from the ensemble.
    let named = json!({"members": [{"detector": "zscore", "options": {"names": ["a"]}}]});
    let error = fit(named, &rows).map(|_| ()).expect_err("names of a member");
    assert!(error.to_string().contains("names of the ensemble"), "{error}");
}

/// Its own calibration uses the folds of its members; how often fresh observations fall below a
/// level is measured.
#[test]
fn its_p_values_are_calibrated() {
    let mut random = Random(6);
    for combine in ["average", "maximum"] {
        let (runs, probes) = (30, 100);
        let mut below = 0;
        for _ in 0..runs {
            let rows = Rows::from_values(random.normals(100 * 2), 2);
            let fitted = fit(json!({"combine": combine}), &rows).expect("fits");
            let scores = scores(&fitted, &random.normals(probes * 2));
            below +=
                scores.iter().filter(|score| fitted.calibrated().p_value(**score) <= 0.1).count();
        }
        // The standard error is about 0.01. Mixtures fitted on a fold's rest are further from what
        // they have not seen than those fitted on all: the p-values are on the large side.
        let rate = below as f64 / (runs * probes) as f64;
        assert!((0.04..0.13).contains(&rate), "{combine}: {rate}");
    }
}

#[test]
fn a_calibration_score_is_what_an_unseen_observation_would_score() {
    // A member that does not depend on the reference's order: its scores of the folds are those of
    // fits on the others.
    let rows = Rows::from_values(Random(7).normals(50 * 3), 3);
    let options = Options {
        members: Some(vec![Member { detector: "zscore".into(), options: Map::new() }]),
        ..Options::default()
    };
    let (ensemble, mut found) = Ensemble::fit_cross(&rows, &options, 5).expect("fits");
    let mut expected = Vec::new();
    for part in crate::calibration::folds(50, 5).expect("folds") {
        let spec = Spec::from_json("zscore", r#"{"calibration": "none"}"#).expect("spec");
        let own = Fitted::fit_rows(&spec, &rows.select(&part.fit)).expect("fits");
        expected.extend(scores(&own, rows.select(&part.score).values()));
    }
    let p = |score: f64| (1 + expected.iter().filter(|s| **s >= score).count()) as f64 / 51.0;
    let mut expected: Vec<f64> = expected.iter().map(|score| -p(*score).ln()).collect();
    expected.sort_by(f64::total_cmp);
    found.sort_by(f64::total_cmp);
    assert_eq!(ensemble.members.len(), 1);
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-12, "{found} {expected}");
    }
}

#[test]
fn beyond_the_calibration_the_farther_is_the_more_surprising() {
    let rows = Rows::from_values(Random(8).normals(300 * 3), 3);
    for combine in ["average", "minimum"] {
        let fitted = fit(json!({"combine": combine}), &rows).expect("fits");
        // All in one direction, each far beyond the reference.
        let rays: Vec<f64> = [6.0, 8.0, 12.0, 1e3, 1e9]
            .iter()
            .flat_map(|far| [*far, 0.5 * far, -0.7 * far])
            .collect();
        let scores = scores(&fitted, &rays);
        assert!(scores.windows(2).all(|pair| pair[0] < pair[1]), "{combine}: {scores:?}");
    }
}

#[test]
fn a_file_from_before_there_were_weights_weighs_all_the_same() {
    let rows = Rows::from_values(Random(9).normals(60 * 2), 2);
    let members = json!([{"detector": "zscore"}, {"detector": "mahalanobis"}]);
    let Value::Object(options) = json!({"members": members, "weighting": "equal"}) else {
        panic!("options")
    };
    let options: Options = serde_json::from_value(Value::Object(options)).expect("options");
    let (ensemble, _) = Ensemble::fit_cross(&rows, &options, 5).expect("fits");
    let mut file = Vec::new();
    ciborium::into_writer(&ensemble, &mut file).expect("written");
    let mut value: ciborium::Value = ciborium::from_reader(file.as_slice()).expect("read");
    value.as_map_mut().expect("fields").retain(|(name, _)| name.as_text() != Some("weights"));
    let mut file = Vec::new();
    ciborium::into_writer(&value, &mut file).expect("written");
    let old: Ensemble = ciborium::from_reader(file.as_slice()).expect("an old file");
    let (mut was, mut is) = (vec![0.0; 60], vec![0.0; 60]);
    ensemble.score_rows(rows.values(), &mut was);
    old.score_rows(rows.values(), &mut is);
    assert_eq!(was, is);
}

#[test]
fn there_is_no_ensemble_of_ensembles() {
    let rows = Rows::from_values(Random(10).normals(60 * 2), 2);
    for name in SEVERAL {
        let error =
            fit(json!({"members": [{"detector": name}]}), &rows).map(|_| ()).expect_err("nested");
        assert!(error.to_string().contains("got an ensemble"), "{error}");
    }
    // Nor in a file, whoever wrote it.
    let members = Some(vec![Member { detector: "zscore".into(), options: Map::new() }]);
    let options = Options { members, ..Options::default() };
    let ensemble = Ensemble::fit(&rows, &options).expect("fits");
    let whole = ciborium::Value::serialized(&ensemble).expect("written");
    let mut nested = whole.clone();
    assert!(whole.deserialized::<Ensemble>().is_ok());
    let member = &mut field(&mut nested, "members").as_array_mut().expect("a list")[0];
    let model = field(field(member, "stage"), "model");
    *model = ciborium::Value::Map(vec![("ensemble".into(), whole)]);
    let error = nested.deserialized::<Ensemble>().map(|_| ()).expect_err("nested");
    assert!(error.to_string().contains("unknown variant `ensemble`"), "{error}");
}

fn field<'a>(value: &'a mut ciborium::Value, name: &str) -> &'a mut ciborium::Value {
    let fields = value.as_map_mut().expect("fields");
    &mut fields.iter_mut().find(|(own, _)| own.as_text() == Some(name)).expect("there").1
}
