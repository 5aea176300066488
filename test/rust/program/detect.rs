//! `fluxguard detect` on real files: its scores are scikit-learn's and pyod's
//! (`test/reference/detectors.py`), its keys and exit codes the contract's.
#![allow(clippy::unwrap_used)]

use crate::reference_support as reference;
use crate::support;

use serde_json::Value;
use support::Folder;

fn csv(rows: &Value) -> String {
    let rows = rows.as_array().unwrap();
    let p = rows[0].as_array().unwrap().len();
    let header: Vec<String> = (0..p).map(|k| format!("x{k}")).collect();
    let line = |row: &Value| {
        row.as_array().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    };
    let lines: Vec<String> =
        std::iter::once(header.join(",")).chain(rows.iter().map(line)).collect();
    lines.join("\n") + "\n"
}

/// `reference.csv` around 0 and `current.csv` with one observation far out, its columns in another
/// order.
fn files(folder: &Folder) {
    let wave = |i: u32| (f64::from(i) * 0.7).sin() + (f64::from(i) * 0.13).cos();
    let reference: String = (0..300).map(|i| format!("{},{}\n", wave(i), wave(i + 1000))).collect();
    folder.write("reference.csv", format!("a,b\n{reference}"));
    folder.write("current.csv", "b,a\n0.1,0.2\n-9,25\n-0.3,0.5\n");
}

#[test]
fn scores_are_those_of_the_peers() {
    let all: Value = serde_json::from_str(include_str!("../../reference/detectors.json")).unwrap();
    let folder = Folder::new("detect-peers");
    folder.write("reference.csv", csv(&all["reference"]));
    folder.write("probe.csv", csv(&all["probe"]));
    let mut names = Vec::new();
    for case in all["closed"].as_array().unwrap() {
        let (detector, options) = (case["detector"].as_str().unwrap(), case["options"].to_string());
        let arguments = [
            "detect",
            "--detector",
            detector,
            "--fit",
            "reference.csv",
            "--score",
            "probe.csv",
            "--options",
            &options,
            "--json",
        ];
        let json = folder.run(&arguments).json();
        let scores =
            json["scores"].as_array().unwrap().iter().zip(case["scores"].as_array().unwrap());
        for ((got, want), row) in scores.zip(all["probe"].as_array().unwrap()) {
            let (got, want) = (got.as_f64().unwrap(), want.as_f64().unwrap());
            if detector == "hbos"
                && reference::beyond(case, &all["reference"], &reference::numbers(row))
            {
                assert!(got > want, "{options}: {got} {want}"); // ours rises with the way beyond
                continue;
            }
            assert!(
                (got - want).abs() <= 1e-9 * want.abs().max(0.01),
                "{detector} {options}: {got} {want}"
            );
        }
        assert!(json["threshold"].is_f64());
        names.push(detector);
    }
    names.dedup();
    assert!(names.len() >= 10, "{names:?}");
}

#[test]
fn every_detector_finds_what_is_far_out_by_its_name() {
    let folder = Folder::new("detect-all");
    files(&folder);
    let of_classifiers = fluxguard::outlier::ood::NAMES;
    for detector in fluxguard::outlier::NAMES.iter().filter(|name| !of_classifiers.contains(name)) {
        let arguments = [
            "detect",
            "--detector",
            detector,
            "--fit",
            "reference.csv",
            "--score",
            "current.csv",
            "--json",
            "--explain",
        ];
        let run = folder.run(&arguments);
        let json = run.json();
        assert_eq!(run.code, 0);
        assert_eq!(json["detector"], *detector);
        assert_eq!(json["features"], serde_json::json!(["a", "b"]));
        assert_eq!(json["anomalies"], serde_json::json!([1]), "{detector}: {json}");
        let explained = json["explanations"][0].as_array().unwrap();
        // Both features are beyond all others, `a` farther.
        if ["zscore", "robust-z", "iqr", "distance", "knn", "kmeans", "mahalanobis"]
            .contains(detector)
        {
            assert!(explained[0].as_f64() > explained[1].as_f64(), "{detector}: {explained:?}");
        }
        assert!((json["anomaly_rate"].as_f64().unwrap() - 0.01).abs() < 1e-12);
        let p = json["p_values"][1].as_f64().unwrap();
        assert!((p - 1.0 / 301.0).abs() < 1e-12, "{detector}: {p}");
    }
}

#[test]
fn exit_codes_and_the_table() {
    let folder = Folder::new("detect-codes");
    files(&folder);
    let detect = ["detect", "--detector", "iforest", "--fit", "reference.csv", "--score"];
    let found = folder.run(
        &[&detect[..], &["current.csv", "--fail-on", "drift", "--seed", "3", "--trees", "50"]]
            .concat(),
    );
    assert_eq!(found.code, 1, "{}", found.err);
    assert!(
        found.out.starts_with("1 of 3 observations are anomalous (detector iforest, threshold 0."),
        "{}",
        found.out
    );
    assert!(found.out.contains("ANOMALY"));
    folder.write("usual.csv", "a,b\n0.1,0.2\n-0.3,0.1\n");
    let none = folder.run(
        &[&detect[..], &["usual.csv", "--anomaly-rate", "0.01", "--fail-on", "drift"]].concat(),
    );
    assert_eq!(none.code, 0);
    let refused = |more: &[&str]| folder.run(more).refused().to_owned();
    assert!(
        refused(&[
            "detect",
            "--detector",
            "nothing",
            "--fit",
            "reference.csv",
            "--score",
            "current.csv"
        ])
        .contains("iforest")
    );
    assert!(refused(&["detect", "--detector", "knn", "--score", "current.csv"]).contains("--fit"));
    assert!(
        refused(&[&detect[..], &["current.csv", "--neighbors", "3"]].concat())
            .contains("neighbors")
    );
    assert!(
        refused(&[&detect[..], &["current.csv", "--anomaly-rate", "0.0001"]].concat())
            .contains("expected at least 9999")
    );
    let knn = [
        "detect",
        "--detector",
        "knn",
        "--fit",
        "reference.csv",
        "--score",
        "current.csv",
        "--neighbors",
    ];
    assert!(
        refused(&[&knn[..], &["301"]].concat())
            .contains("neighbors: got 301, expected a number from 1 to 300")
    );
    assert!(refused(&[&knn[..], &["300"]].concat()).contains("calibration"));
    folder.write("text.csv", "a,b\n1,x\n2,y\n");
    assert!(
        refused(&["detect", "--detector", "knn", "--fit", "text.csv", "--score", "current.csv"])
            .contains("\"b\"")
    );
    folder.write("inf.csv", "a,b\n1,inf\n");
    assert!(refused(&[&detect[..], &["inf.csv"]].concat()).contains("line 2, column \"b\""));
    folder.write("nan.csv", "a,b\n1,NaN\n,2\n");
    assert!(
        refused(&[&detect[..], &["nan.csv"]].concat())
            .contains("no line has a value in every column")
    );
}

#[test]
fn a_saved_detector_scores_as_the_fitted_one() {
    let folder = Folder::new("detect-saved");
    files(&folder);
    let fit =
        ["detect", "--detector", "lof", "--fit", "reference.csv", "--save", "lof.fg", "--json"];
    let described = folder.run(&fit).json();
    assert_eq!(
        (&described["detector"], &described["calibration_size"]),
        (&"lof".into(), &300.into())
    );
    let fresh = folder.run(&[&fit[..], &["--score", "current.csv"]].concat()).json();
    // A detector alone knows its features by their order.
    folder.write("ordered.csv", "a,b\n0.2,0.1\n25,-9\n0.5,-0.3\n");
    let loaded =
        folder.run(&["detect", "--load", "lof.fg", "--score", "ordered.csv", "--json"]).json();
    assert_eq!(loaded["scores"], fresh["scores"]);
    assert_eq!(loaded["threshold"], fresh["threshold"]);
    folder.write("lof.fg", "{}\n");
    assert!(
        folder
            .run(&["detect", "--load", "lof.fg", "--score", "ordered.csv"])
            .refused()
            .contains("damaged")
    );
}

#[test]
fn a_mapped_detector_says_the_same() {
    let folder = Folder::new("detect-mapped");
    files(&folder);
    let fit = ["detect", "--detector", "knn", "--fit", "reference.csv", "--save", "d.fg"];
    assert_eq!(folder.run(&fit).code, 0);
    let score = ["detect", "--load", "d.fg", "--score", "current.csv", "--json"];
    let read = folder.run(&score).json();
    assert_eq!(folder.run(&[&score[..], &["--mapped"]].concat()).json(), read);
    assert!(read["anomalies"].as_array().unwrap().contains(&1.into()));
    assert!(folder.run(&[&fit[..], &["--mapped"]].concat()).refused().contains("--mapped"));
    let mut bytes = std::fs::read(folder.0.join("d.fg")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    folder.write("d.fg", bytes);
    assert!(folder.run(&[&score[..], &["--mapped"]].concat()).refused().contains("damaged"));
}

#[test]
fn rows_of_one_sample_are_scored_by_detectors_that_have_not_seen_them() {
    let folder = Folder::new("detect-within");
    let rows = (0..200).fold("id,a,b\n".to_owned(), |text, i| match i {
        57 => text + "57,50,-50\n",
        83 => text + "83,,1\n",
        _ => {
            text + &format!(
                "{i},{},{}\n",
                f64::from(i * 7919 % 101) / 50.0,
                f64::from(i * 104_729 % 97) / 50.0
            )
        }
    });
    folder.write("all.csv", rows);
    let within = ["detect", "--within", "all.csv", "--ignore", "id", "--detector"];
    for detector in ["knn", "mahalanobis", "iforest", "zscore"] {
        let json = folder.run(&[&within[..], &[detector, "--json"]].concat()).json();
        assert_eq!(json["anomalies"][0], 57, "{detector}");
        let scores = json["scores"].as_array().unwrap();
        assert_eq!(
            (scores.len(), scores[83].is_null(), json["p_values"][83].is_null()),
            (200, true, true)
        );
        assert_eq!(json["p_values"][57].as_f64(), Some(1.0 / 199.0));
        assert_eq!(
            (&json["missing"][0]["column"], &json["missing"][0]["current"]),
            (&"a".into(), &1.into())
        );
    }
    assert_eq!(folder.run(&[&within[..], &["knn", "--fail-on", "drift"]].concat()).code, 1);
    for (more, message) in [
        (&["frequency"][..], "--within: got for frequency"),
        (&["knn", "--fit", "all.csv"], "--within"),
        (&["knn", "--score", "all.csv"], "--within"),
        (&["knn", "--save", "d.fg"], "--within"),
        (&["knn", "--options", "{\"calibration\": \"holdout\"}"], "calibration"),
    ] {
        assert!(folder.run(&[&within[..], more].concat()).refused().contains(message), "{more:?}");
    }
    assert!(folder.run(&["detect", "--within", "all.csv"]).refused().contains("--detector"));
}

#[test]
fn a_saved_detector_knows_its_columns_by_name() {
    let folder = Folder::new("detect-names");
    files(&folder);
    folder.write("same.csv", "a,b\n0.2,0.1\n25,-9\n0.5,-0.3\n");
    folder.write("renamed.csv", "a,c\n0.2,0.1\n25,-9\n");
    folder.write("more.csv", "b,id,a\n0.1,7,0.2\n-9,8,25\n-0.3,9,0.5\n");
    let fit = ["detect", "--detector", "mahalanobis", "--fit", "reference.csv"];
    let at_once =
        folder.run(&[&fit[..], &["--score", "same.csv", "--explain", "--json"]].concat()).json();
    assert_eq!(folder.run(&[&fit[..], &["--save", "d.fg"]].concat()).code, 0);
    let load = |file: &str, more: &[&str]| {
        folder.run(&[&["detect", "--load", "d.fg", "--score", file], more].concat())
    };
    for (file, more) in [
        ("same.csv", &[][..]),
        ("current.csv", &[]),
        ("current.csv", &["--mapped"]),
        ("more.csv", &["--ignore", "id"]),
    ] {
        let json = load(file, &[more, &["--explain", "--json"]].concat()).json();
        for key in ["features", "scores", "anomalies", "explanations"] {
            assert_eq!(json[key], at_once[key], "{file}: {key}");
        }
    }
    let message = load("renamed.csv", &[]).refused().to_owned();
    assert!(
        message
            .contains("column \"b\": there is no such column, but the detector was fitted on it"),
        "{message}"
    );
    let message = load("more.csv", &[]).refused().to_owned();
    assert!(message.contains("column \"id\"") && message.contains("--ignore \"id\""), "{message}");
}

#[test]
fn a_file_that_is_no_detector_says_what_it_is() {
    let folder = Folder::new("detect-kinds");
    files(&folder);
    let sketch = ["sketch", "reference.csv", "--column", "a", "--kind", "kll", "--out", "a.kll"];
    assert_eq!(folder.run(&sketch).code, 0);
    folder.write(
        "stream.fg",
        "{\"format\":\"fluxguard\",\"kind\":\"stream\",\"version\":1,\"bytes\":0,\"crc32\":0}\n",
    );
    folder.write(
        "alerts.jsonl",
        "{\"id\":1,\"time\":\"2026-11-20T12:00:00.250Z\",\"guard\":\"g\"}\n",
    );
    let load = |file: &str| {
        folder.run(&["detect", "--load", file, "--score", "current.csv"]).refused().to_owned()
    };
    for (file, words) in [
        ("a.kll", "a sketch (kll), expected a detector; read it by fluxguard sketch --merge"),
        (
            "stream.fg",
            "an online detector, expected a detector; read it by load(StreamDetector, path)",
        ),
        ("alerts.jsonl", "a journal of alerts, expected a detector; read it by read_alerts(path)"),
        ("reference.csv", "text, such as a CSV, and no file of FluxGuard, expected a detector"),
    ] {
        let message = load(file);
        assert!(
            message.contains(&format!("{file} is {words}")) && !message.contains("damaged"),
            "{message}"
        );
    }
    let fit = ["detect", "--detector", "mahalanobis", "--fit", "reference.csv", "--save", "d.fg"];
    assert_eq!(folder.run(&fit).code, 0);
    for (kind, file, words) in [
        ("kll", "d.fg", "d.fg is a detector, expected a sketch (kll)"),
        ("hll", "a.kll", "a.kll is a sketch (kll), expected a sketch (hll)"),
    ] {
        let message = folder.run(&["sketch", "--kind", kind, "--merge", file]).refused().to_owned();
        assert!(message.contains(words), "{message}");
    }
}
