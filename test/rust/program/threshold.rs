//! `fluxguard threshold` and `fluxguard compare-detectors` on real files: numbers are the engine's,
//! and those of counting by hand.
#![allow(clippy::unwrap_used)]

use crate::support;

use fluxguard::outlier::threshold::live::{LiveOptions, LiveThreshold};
use fluxguard::outlier::threshold::spot::Verdict;
use serde_json::Value;
use support::Folder;

fn wave(i: u32) -> f64 {
    ((f64::from(i) * 0.7).sin() + (f64::from(i) * 0.13).cos() + (f64::from(i) * 2.9).sin()).abs()
}

fn csv(scores: impl IntoIterator<Item = f64>) -> String {
    scores.into_iter().fold(String::from("score\n"), |text, x| text + &format!("{x}\n"))
}

fn indices(json: &Value) -> Vec<usize> {
    json["anomalies"].as_array().unwrap().iter().map(|i| i.as_u64().unwrap() as usize).collect()
}

#[test]
fn thresholds_that_stay() {
    let folder = Folder::new("threshold-fixed");
    folder.write("usual.csv", csv((0..999).map(wave)));
    folder.write("scores.csv", csv((2000..2100).map(wave).chain([9.0, 2.9])));
    let run = |more: &[&str]| {
        let arguments =
            ["threshold", "scores.csv", "--calibration", "usual.csv", "--json", "--method"];
        folder.run(&[&arguments[..], more].concat())
    };
    let mut sorted: Vec<f64> = (0..999).map(wave).collect();
    sorted.sort_by(f64::total_cmp);
    // The tenth largest of 999: k = 0.01 * 1000.
    let conformal = run(&["conformal"]).json();
    assert_eq!(conformal["threshold"].as_f64().unwrap(), sorted[989]);
    let judged: Vec<f64> = (2000..2100).map(wave).chain([9.0, 2.9]).collect();
    let want: Vec<usize> = (0..judged.len()).filter(|i| judged[*i] > sorted[989]).collect();
    assert_eq!(indices(&conformal), want);
    assert!(want.contains(&100));
    for (method, more) in [
        ("percentile", &["--rate", "0.05"][..]),
        ("pot", &["--rate", "0.0001", "--level", "0.95"]),
        ("budget", &["--alerts", "10", "--observations", "1000"]),
    ] {
        let json = run(&[&[method], more].concat()).json();
        assert!(
            json["threshold"].as_f64().unwrap() < 9.0 && indices(&json).contains(&100),
            "{method}: {json}"
        );
    }
    let arguments =
        ["threshold", "scores.csv", "--calibration", "usual.csv", "--method", "conformal"];
    let table = folder.run(&arguments);
    assert!(
        table.out.contains("scores are anomalous (conformal") && table.out.contains("9.000"),
        "{}",
        table.out
    );
    assert_eq!(folder.run(&[&arguments[..], &["--fail-on", "drift"]].concat()).code, 1);
    for (more, words) in [
        (&["conformal", "--rate", "0.0001"][..], "expected at least 9999"),
        (&["conformal", "--level", "0.9"], "level"),
        (&["budget"], "alerts"),
        (&["guess"], "possible values"),
        (&["conformal", "--column", "nothing"], "nothing"),
        (&["conformal", "--initial", "5"], "--initial"),
    ] {
        let refused = run(more);
        assert!(refused.refused().contains(words), "{more:?}: {}", refused.err);
    }
}

#[test]
fn thresholds_that_move() {
    let folder = Folder::new("threshold-live");
    let scores: Vec<f64> =
        (0..1500).map(|i| wave(i) + if i % 250 == 249 { 4.0 } else { 0.0 }).collect();
    folder.write("scores.csv", csv(scores.iter().copied()));
    for (more, options) in [
        (&["spot"][..], LiveOptions::Spot { rate: 1e-3, level: 0.98, depth: 0 }),
        (
            &["spot", "--depth", "20", "--level", "0.9"],
            LiveOptions::Spot { rate: 1e-3, level: 0.9, depth: 20 },
        ),
        (&["feedback", "--rate", "0.02"], LiveOptions::Feedback { rate: 0.02 }),
    ] {
        let json = folder
            .run(
                &[&["threshold", "scores.csv", "--initial", "600", "--json", "--method"], more]
                    .concat(),
            )
            .json();
        let mut live = LiveThreshold::new(options, &scores[..600]).unwrap();
        let want: Vec<usize> =
            (600..1500).filter(|i| live.update(scores[*i]) == Verdict::Alarm).collect();
        assert_eq!(indices(&json), want, "{more:?}");
        assert_eq!(
            (json["threshold"].as_f64().unwrap(), &json["scores"]),
            (live.threshold(), &900.into())
        );
    }
    let run = |more: &[&str]| {
        folder.run(&[&["threshold", "scores.csv", "--method", "spot"], more].concat())
    };
    assert!(run(&[]).refused().contains("--initial"));
    assert!(run(&["--initial", "1500"]).refused().contains("1500"));
    assert!(run(&["--initial", "3"]).refused().contains("calibration"));
}

#[test]
fn labels_say_how_good_scores_are() {
    let folder = Folder::new("threshold-labels");
    let scores = (0..400).map(|i| wave(i) + if i % 20 == 0 { 3.0 } else { 0.0 });
    let lines = (0..).zip(scores).map(|(i, x)| format!("{x},{}\n", u8::from(i % 20 == 0)));
    folder.write("scores.csv", "score,anomaly\n".to_owned() + &lines.collect::<String>());
    folder.write("usual.csv", csv((1000..1500).map(wave)));
    let arguments = [
        "threshold",
        "scores.csv",
        "--calibration",
        "usual.csv",
        "--method",
        "percentile",
        "--rate",
        "0.05",
    ];
    let more = ["--label-column", "anomaly", "--column", "score"];
    let json = folder.run(&[&arguments[..], &more, &["--json", "--curves"]].concat()).json();
    let flagged = indices(&json);
    let hits = flagged.iter().filter(|i| *i % 20 == 0).count() as f64;
    let quality = &json["quality"];
    assert!(
        (quality["precision"].as_f64().unwrap() - hits / flagged.len() as f64).abs() < 1e-12,
        "{quality}"
    );
    assert!((quality["recall"].as_f64().unwrap() - hits / 20.0).abs() < 1e-12);
    assert!(quality["auroc"].as_f64().unwrap() > 0.9);
    assert!(
        json["roc"].as_array().unwrap().len() > 10
            && json["precision_recall"].as_array().unwrap().len() > 10
    );
    assert!(folder.run(&[&arguments[..], &more].concat()).out.contains("AUROC"));
    let refused =
        folder.run(&[&arguments[..], &["--label-column", "score", "--column", "anomaly"]].concat());
    assert!(refused.refused().contains("--label-column"));
}

#[test]
fn detectors_are_ranked() {
    let folder = Folder::new("compare-detectors");
    let reference: String = (0..300).map(|i| format!("{},{}\n", wave(i), wave(i + 1000))).collect();
    folder.write("reference.csv", format!("a,b\n{reference}"));
    let line = |i: u32| {
        let far = i.is_multiple_of(10);
        let away = if far { 4.0 } else { 0.0 };
        format!("{},{},{}\n", wave(i + 5000), u8::from(far), wave(i + 7000) + away)
    };
    folder
        .write("labeled.csv", "b,anomaly,a\n".to_owned() + &(0..200).map(line).collect::<String>());
    let arguments = [
        "compare-detectors",
        "--fit",
        "reference.csv",
        "--score",
        "labeled.csv",
        "--label-column",
        "anomaly",
    ];
    let chosen = ["--detector", "knn", "--detector", "mahalanobis", "--detector", "energy"];
    let json = folder.run(&[&arguments[..], &chosen, &["--json"]].concat()).json();
    let rows = json["detectors"].as_array().unwrap();
    assert_eq!(
        (rows.len(), &json["anomalies"], &json["observations"]),
        (3, &20.into(), &200.into())
    );
    for key in
        ["auroc", "auprc", "precision", "recall", "f1", "fit_seconds", "score_seconds", "bytes"]
    {
        assert!(rows[0][key].is_number(), "{key}");
    }
    assert!(
        rows[0]["auroc"].as_f64().unwrap() > 0.95
            && rows[0]["auroc"].as_f64() >= rows[1]["auroc"].as_f64()
    );
    let table = folder.run(&[&arguments[..], &["--standardize"]].concat());
    assert!(
        table.out.contains("AUROC")
            && table.out.contains("iforest")
            && !table.out.contains("max-logit")
    );
    assert!(folder.run(&arguments[..5]).refused().contains("--label-column"));
    let wrong = [
        "compare-detectors",
        "--fit",
        "reference.csv",
        "--score",
        "labeled.csv",
        "--label-column",
        "a",
    ];
    assert!(folder.run(&wrong).refused().contains("--label-column"));
}

#[test]
fn scores_the_wrong_way_round_get_a_hint() {
    let folder = Folder::new("threshold-inverted");
    let labeled = |anomaly: f64| {
        let lines: String = (0..200)
            .map(|i| {
                if i % 10 == 0 {
                    format!("{},1\n", anomaly + wave(i))
                } else {
                    format!("{},0\n", wave(i))
                }
            })
            .collect();
        format!("score,anomaly\n{lines}")
    };
    let run = |anomaly: f64, more: &[&str]| {
        folder.write("scores.csv", labeled(anomaly));
        let arguments = [
            "threshold",
            "scores.csv",
            "--column",
            "score",
            "--label-column",
            "anomaly",
            "--method",
            "conformal",
        ];
        folder.run(&[&arguments[..], &["--initial", "50", "--rate", "0.05"], more].concat())
    };
    let json = run(-9.0, &["--json"]).json();
    assert!(json["quality"]["auroc"].as_f64().unwrap() < 0.01);
    assert!(json["hints"][0].as_str().unwrap().contains("far below 0.5"), "{json}");
    assert!(run(-9.0, &[]).out.contains("Hint: an AUROC of"));
    assert_eq!(run(9.0, &["--json"]).json().get("hints"), None);
    folder.write(
        "fit.csv",
        format!("x\n{}", (0..200).map(|i| format!("{}\n", wave(i + 500))).collect::<String>()),
    );
    let far: String = (0..200)
        .map(|i| if i % 10 == 0 { format!("{},0\n", 40 + i) } else { format!("{},1\n", wave(i)) })
        .collect();
    folder.write("swapped.csv", format!("x,y\n{far}"));
    let compared = folder.run(&[
        "compare-detectors",
        "--fit",
        "fit.csv",
        "--score",
        "swapped.csv",
        "--label-column",
        "y",
        "--detector",
        "mahalanobis",
        "--json",
    ]);
    let json = compared.json();
    assert!(
        json["hints"]
            .as_array()
            .unwrap()
            .iter()
            .any(|hint| hint.as_str().unwrap().contains("far below 0.5")),
        "{json}"
    );
}
