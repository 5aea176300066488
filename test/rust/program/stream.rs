//! `fluxguard stream` on real files: its detections are river's (`test/reference/online.py`), its
//! keys and exit codes the contract's.
#![allow(clippy::unwrap_used)]

use crate::support;

use fluxguard::drift::online::{OnlineName, Takes};
use fluxguard::stats::random::SplitMix64;
use serde_json::Value;
use support::{Folder, Run};

/// Outcomes of which 5% are 1, and 60% after half of them.
fn outcomes() -> Vec<f64> {
    let mut random = SplitMix64::new(5);
    (0..2000)
        .map(|i| f64::from(u8::from(random.uniform() < if i < 1000 { 0.05 } else { 0.6 })))
        .collect()
}

fn csv(values: &[f64]) -> String {
    let lines = values.iter().map(|value| format!("{value}\n"));
    std::iter::once("x\n".to_owned()).chain(lines).collect()
}

#[test]
fn detections_are_rivers() {
    let all: Value = serde_json::from_str(include_str!("../../reference/online.json")).unwrap();
    let folder = Folder::new("stream-river");
    let mut random = SplitMix64::new(1);
    let still: Vec<f64> = (0..5000).map(|_| f64::from(u8::from(random.uniform() < 0.3))).collect();
    folder.write("still.csv", csv(&still));
    let mut compared = 0;
    for case in all["cases"].as_array().unwrap() {
        if case["stream"] != "still" || case["seed"] != 1 {
            continue;
        }
        let mut arguments =
            vec!["stream".to_owned(), "still.csv".into(), "--json".into(), "--detector".into()];
        arguments.push(case["detector"].as_str().unwrap().into());
        for (name, value) in case["options"].as_object().unwrap() {
            arguments.push(format!("--{}", name.replace('_', "-")));
            match value {
                Value::Bool(_) => {}
                Value::String(text) => arguments.push(text.clone()),
                other => arguments.push(other.to_string()),
            }
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        assert_eq!(folder.run(&arguments).json()["detections"], case["detections"], "{case}");
        compared += 1;
    }
    assert!(compared >= 12);
}

#[test]
fn every_detector_has_its_name_and_finds_the_change() {
    let folder = Folder::new("stream-names");
    folder.write("x.csv", csv(&outcomes()));
    let mut random = SplitMix64::new(6);
    let still: Vec<f64> = (0..2000).map(|_| f64::from(u8::from(random.uniform() < 0.05))).collect();
    folder.write("still.csv", csv(&still));
    let p_values: Vec<f64> =
        outcomes().iter().map(|x| if *x == 1.0 { 1e-9 } else { 0.6 }).collect();
    folder.write("p.csv", csv(&p_values));
    for name in OnlineName::ALL {
        let more: &[&str] = match name {
            OnlineName::Gma => &["--threshold", "0.2"],
            OnlineName::Mmd => {
                &["--bandwidth", "1", "--expected-run-time", "200", "--reference-size", "200"]
            }
            OnlineName::TwoSample => &["--against", "still.csv"],
            _ => &[],
        };
        let file = if name.takes() == Takes::PValues { "p.csv" } else { "x.csv" };
        let json = folder
            .run(&[&["stream", file, "--json", "--detector", name.as_str()], more].concat())
            .json();
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        assert_eq!(
            sorted.join(" "),
            "column detections detector drift observations state statistic"
        );
        assert_eq!(
            (json["detector"].as_str(), json["observations"].as_u64()),
            (Some(name.as_str()), Some(2000))
        );
        let detections: Vec<u64> = serde_json::from_value(json["detections"].clone()).unwrap();
        assert!(detections.iter().any(|i| (1000..1300).contains(i)), "{name}: {detections:?}");
        assert_eq!(json["drift"], true);
    }
}

#[test]
fn exit_codes_standard_input_and_the_table() {
    let folder = Folder::new("stream-exit");
    folder.write("x.csv", csv(&outcomes()));
    folder.write("still.csv", csv(&outcomes()[..1000]));
    let run = |file: &str, more: &[&str]| {
        folder.run(&[&["stream", "--detector", "adwin", file], more].concat())
    };
    assert_eq!(run("x.csv", &[]).code, 0);
    assert_eq!(run("x.csv", &["--fail-on", "drift"]).code, 1);
    assert_eq!(run("still.csv", &["--fail-on", "drift"]).code, 0);
    assert_eq!(run("none.csv", &["--fail-on", "drift"]).code, 2);
    let expected = run("x.csv", &["--json"]).out;
    let piped = Run::of(
        &mut folder.program(&["stream", "-", "--detector", "adwin", "--json"]),
        &csv(&outcomes()),
    );
    assert_eq!(piped.out, expected);
    let text = run("x.csv", &[]).out;
    assert!(
        text.starts_with("adwin fired once in 2000 observations of \"x\"\n\nindex from 0"),
        "{text}"
    );
    assert!(run("still.csv", &[]).out.starts_with("adwin did not fire in 1000 observations"));
}

#[test]
fn a_column_and_a_reference_are_chosen_by_name() {
    let folder = Folder::new("stream-columns");
    let x = outcomes();
    let lines: String = x.iter().enumerate().map(|(i, x)| format!("{i},{x},w\n")).collect();
    folder.write("two.csv", format!("time,x,word\n{lines}"));
    folder.write("reference.csv", csv(&x[..500]));
    let run = |more: &[&str]| {
        folder.run(&[&["stream", "two.csv", "--detector", "martingale", "--json"], more].concat())
    };
    let first = |json: Value| json["detections"][0].as_u64().unwrap();
    assert!(
        (1000..1100)
            .contains(&first(run(&["--column", "x", "--reference", "reference.csv"]).json()))
    );
    assert!(first(run(&["--column", "time"]).json()) < 400);
    assert!(
        run(&[])
            .refused()
            .contains("--column: got 3 columns in two.csv, expected one of them by name")
    );
    assert!(run(&["--column", "y"]).refused().contains("--column: got \"y\""));
    assert!(run(&["--column", "word"]).refused().contains("it holds text"));
    let both = folder.run(&["stream", "-", "--detector", "mmd", "--reference", "-"]);
    assert!(both.refused().contains("- for both files"));
}

#[test]
fn bad_input_is_named() {
    let folder = Folder::new("stream-bad");
    folder.write("x.csv", csv(&outcomes()));
    folder.write("short.csv", csv(&outcomes()[..40]));
    folder.write("nan.csv", "x\n1\nNaN\n");
    folder.write("inf.csv", "x\n1\ninf\n");
    folder.write("p.csv", "x\n2\n");
    folder.write("bare.csv", "1\n2\n3\n");
    for (file, flags, message) in [
        ("x.csv", &["--detector", "adwn"][..], "page-hinkley"),
        (
            "x.csv",
            &["--detector", "adwin", "--threshold", "3"],
            "threshold: got an option that there is not, expected one of delta",
        ),
        ("x.csv", &["--detector", "adwin", "--delta", "2"], "delta: got 2, expected a probability"),
        (
            "x.csv",
            &["--detector", "adwin", "--delta", "nan"],
            "--delta: got NaN, expected a finite number",
        ),
        (
            "x.csv",
            &["--detector", "cusum", "--expected-run-time", "inf"],
            "--expected-run-time: got inf, expected a finite number",
        ),
        ("x.csv", &["--detector", "page-hinkley", "--mode", "left"], "mode: got left, expected"),
        ("x.csv", &["--detector", "betting", "--upper", "0.5"], "values: got 1 at index"),
        (
            "short.csv",
            &["--detector", "kswin"],
            "VALUES: got 40 observations, expected at least 100",
        ),
        (
            "short.csv",
            &["--detector", "martingale"],
            "VALUES: got 40 observations, expected at least 101",
        ),
        ("nan.csv", &["--detector", "cusum"], "got 1 observations, expected at least 30"),
        ("inf.csv", &["--detector", "cusum"], "line 3, column \"x\": got \"inf\""),
        (
            "x.csv",
            &["--detector", "two-sample"],
            "--against: got none, expected --against CSV: two-sample compares two streams",
        ),
        (
            "x.csv",
            &["--detector", "two-sample", "--against", "short.csv"],
            "--against: got 40 observations, expected 2000",
        ),
        ("-", &["--detector", "two-sample", "--against", "-"], "- for both files"),
        (
            "x.csv",
            &["--detector", "adwin", "--against", "x.csv"],
            "adwin takes one; two-sample takes two",
        ),
        (
            "short.csv",
            &["--detector", "two-sample", "--against", "short.csv", "--warm-up", "40"],
            "expected at least 41",
        ),
        ("p.csv", &["--detector", "lord"], "values: got 2 at index 0 (from 0), expected p-values"),
        ("x.csv", &["--detector", "saffron", "--lambda", "2"], "lambda: got 2"),
        (
            "x.csv",
            &["--detector", "saffron", "--delta", "2"],
            "delta: got an option that there is not, expected one of alpha",
        ),
        ("bare.csv", &["--detector", "cusum"], "is the header missing?"),
    ] {
        let run = folder.run(&[&["stream", file], flags].concat());
        assert!(run.refused().contains(message), "{file} {flags:?}: {}", run.err);
    }
    assert!(folder.run(&["stream", "x.csv"]).refused().contains("--detector"));
}
