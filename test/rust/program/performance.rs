//! `fluxguard performance` and `fluxguard late-labels` on real files: estimates are NannyML's
//! (`test/reference/performance.py`), keys and exit codes the contract's.
#![allow(clippy::unwrap_used)]

use crate::support;

use fluxguard::stats::random::SplitMix64;
use serde_json::Value;
use support::Folder;

/// Scores, predictions and labels of the reference script.
fn csv(seed: u64, n: usize, power: u64, shift: f64, labels: bool) -> String {
    let mut random = SplitMix64::new(seed);
    let mut text = String::from(if labels { "p,y_pred,y\n" } else { "p,y_pred\n" });
    for _ in 0..n {
        let p = shift + (1.0 - 2.0 * shift) * random.uniform();
        let score = (1..power).fold(p, |score, _| score * p);
        let label = u8::from(random.uniform() < p);
        text += &format!("{score},{}", u8::from(score >= 0.5));
        text += &if labels { format!(",{label}\n") } else { "\n".into() };
    }
    text
}

const ARGUMENTS: [&str; 9] = [
    "performance",
    "reference.csv",
    "current.csv",
    "--score",
    "p",
    "--label",
    "y",
    "--chunk-size",
    "500",
];

#[test]
fn estimates_are_nannymls() {
    let all: Value =
        serde_json::from_str(include_str!("../../reference/performance.json")).unwrap();
    let case = &all["binary"][3];
    let folder = Folder::new("performance");
    folder.write("reference.csv", csv(3, 3000, 2, 0.0, true));
    folder.write("current.csv", csv(4, 1500, 2, case["shift"].as_f64().unwrap(), true));
    let json = folder.run(&[&ARGUMENTS[..], &["--prediction", "y_pred", "--json"]].concat()).json();
    assert_eq!(json["calibrated"][0], true);
    assert_eq!(json["drift"], true);
    for row in case["rows"].as_array().unwrap() {
        let chunks = json["chunks"].as_array().unwrap();
        let ours = chunks
            .iter()
            .find(|c| c["metric"] == row["metric"] && c["chunk"] == row["chunk"])
            .unwrap();
        for (key, tolerance) in
            [("estimate", 1e-6), ("realized", 1e-9), ("lower", 1e-9), ("upper", 1e-9)]
        {
            let (was, expected) = (ours[key].as_f64().unwrap(), row[key].as_f64().unwrap());
            assert!((was - expected).abs() <= tolerance * expected, "{key}: {ours} {row}");
        }
        assert_eq!(ours["alert"], row["alert"]);
    }
}

#[test]
fn exit_codes_the_table_and_no_labels() {
    let folder = Folder::new("performance-exit");
    folder.write("reference.csv", csv(3, 3000, 1, 0.0, true));
    folder.write("current.csv", csv(4, 1500, 1, 0.25, false));
    let run = |more: &[&str]| folder.run(&[&ARGUMENTS[..], more].concat());
    assert_eq!(run(&[]).code, 0);
    assert_eq!(run(&["--fail-on", "drift"]).code, 1);
    let one = run(&["--metric", "accuracy", "--json"]).json();
    assert_eq!(one["chunks"].as_array().unwrap().len(), 3);
    assert!(one["chunks"][0].get("realized").is_none() && one["bounds"][0]["metric"] == "accuracy");
    let text = run(&["--metric", "accuracy"]).out;
    assert!(
        text.contains("ALERT") && text.contains("sampling error") && text.contains("0-499"),
        "{text}"
    );
}

#[test]
fn a_regression_and_its_features() {
    let folder = Folder::new("performance-regression");
    let write = |name: &str, seed: u64, n: usize, wide: f64| {
        let mut random = SplitMix64::new(seed);
        let mut text = String::from("a,b,y_pred,y\n");
        for _ in 0..n {
            let (a, b) = (wide * random.uniform(), random.uniform());
            let noise = random.uniform() + random.uniform() - 1.0;
            text += &format!("{a},{b},{},{}\n", a + b, a + b + a * noise);
        }
        folder.write(name, text);
    };
    write("reference.csv", 7, 3000, 1.0);
    write("current.csv", 8, 1000, 0.5);
    let arguments = [
        "performance",
        "reference.csv",
        "current.csv",
        "--problem",
        "regression",
        "--feature",
        "a",
        "--feature",
        "b",
    ];
    let more = ["--prediction", "y_pred", "--label", "y", "--chunk-size", "500", "--json"];
    let json = folder.run(&[&arguments[..], &more].concat()).json();
    for chunk in json["chunks"].as_array().unwrap() {
        let (was, truth) =
            (chunk["estimate"].as_f64().unwrap(), chunk["realized"].as_f64().unwrap());
        assert!((was - truth).abs() < 4.0 * chunk["sampling_error"].as_f64().unwrap(), "{chunk}");
        assert_eq!(chunk["alert"], true);
    }
}

#[test]
fn late_labels_are_joined_in_the_order_of_time() {
    let folder = Folder::new("late");
    let mut random = SplitMix64::new(2);
    let wrong: Vec<bool> =
        (0..3000).map(|i| random.uniform() < if i < 1500 { 0.1 } else { 0.5 }).collect();
    let predictions: String = (0..3000).map(|i| format!("{i},{i},0\n")).collect();
    folder.write("predictions.csv", format!("id,time,prediction\n{predictions}"));
    let labels: String =
        (0..2900).map(|i| format!("{i},{},{}\n", i + 50, u8::from(wrong[i]))).collect::<String>()
            + "7,2999,1\n99999,2999,0\n";
    folder.write("labels.csv", format!("id,time,label\n{labels}"));
    let run = |more: &[&str]| {
        folder.run(&[&["late-labels", "predictions.csv", "labels.csv"], more].concat())
    };
    let json = run(&["--detector", "hddm-a", "--drift-confidence", "0.0001", "--json"]).json();
    let found: Vec<u64> =
        json["detections"].as_array().unwrap().iter().map(|d| d["id"].as_u64().unwrap()).collect();
    assert!(found.iter().any(|id| (1500..1700).contains(id)), "{found:?}");
    let counts = |key: &str| json["counts"][key].as_u64().unwrap();
    assert_eq!((counts("predictions"), counts("joined"), counts("waiting")), (3000, 2900, 100));
    assert_eq!((counts("labels"), counts("duplicate"), counts("unknown")), (2902, 1, 1));
    assert_eq!(json["chunks"].as_array().unwrap().len(), 2);
    let short = run(&["--timeout", "10"]).refused().to_owned();
    assert!(
        short.contains("all 2901 labels that have a prediction came after it had gone"),
        "{short}"
    );
    assert_eq!(run(&["--fail-on", "drift"]).code, 1);
    assert!(run(&[]).out.starts_with("betting fired"));
}

#[test]
fn bad_input_is_named() {
    let folder = Folder::new("performance-bad");
    folder.write("reference.csv", csv(3, 3000, 1, 0.0, true));
    folder.write("current.csv", csv(4, 1500, 1, 0.0, false));
    folder.write("words.csv", "p,y\n0.5,no\n0.1,yes\n");
    folder.write("late.csv", "id,time,prediction,label\n1,5,0,0\n2,4,0,0\n");
    folder.write("ids.csv", "id,time,prediction,label\nx,5,no,0\n");
    folder.write("mixed.csv", "p,y\n0.5,no\n0.1,maybe\n0.2,yes\n");
    for (arguments, message) in [
        (
            &["performance", "current.csv", "current.csv", "--score", "p", "--label", "y"][..],
            "--label: got \"y\"",
        ),
        (
            &["performance", "words.csv", "current.csv", "--score", "y", "--label", "p"],
            "it holds text",
        ),
        (
            &["performance", "reference.csv", "current.csv", "--label", "y"],
            "--score: got other columns, or none",
        ),
        (
            &["performance", "reference.csv", "current.csv", "--score", "p", "--label", "y"],
            "expected at least 4000",
        ),
        (
            &[
                "performance",
                "reference.csv",
                "current.csv",
                "--score",
                "p",
                "--label",
                "y",
                "--metric",
                "mape",
            ],
            "accuracy",
        ),
        (&["performance", "-", "-", "--score", "p", "--label", "y"], "- for both files"),
        (&["late-labels", "late.csv", "late.csv"], "lines in the order of time"),
        (
            &["late-labels", "ids.csv", "late.csv", "--outcome", "squared-error"],
            "ids.csv: line 1, column \"prediction\": it holds text",
        ),
        (
            &[
                "performance",
                "words.csv",
                "current.csv",
                "--score",
                "p",
                "--label",
                "y",
                "--class",
                "no",
            ],
            "--class: got the classes \"no\", expected 2",
        ),
        (
            &["performance", "words.csv", "mixed.csv", "--score", "p", "--label", "y"],
            "mixed.csv: line 3, column \"y\": got \"maybe\", which is no class",
        ),
        (
            &["performance", "mixed.csv", "words.csv", "--score", "p", "--label", "y"],
            "--label: got the classes \"maybe\", \"no\", \"yes\", expected 2",
        ),
        (
            &["performance", "reference.csv", "words.csv", "--score", "p", "--label", "y"],
            "line 2, column \"y\": got \"no\", expected a number",
        ),
        (&["late-labels", "late.csv", "late.csv", "--id", "x"], "--id: got \"x\""),
    ] {
        let run = folder.run(arguments);
        assert!(run.refused().contains(message), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn classes_may_be_text() {
    let folder = Folder::new("performance-text");
    let named = |text: String, names: [&str; 2]| -> String {
        let mut lines = text.lines();
        let header = lines.next().unwrap().to_owned() + "\n";
        let word = |class: &str| names[class.parse::<usize>().unwrap()].to_owned();
        lines.fold(header, |text, line| {
            let cells: Vec<&str> = line.split(',').collect();
            let rest: Vec<String> = cells[1..].iter().map(|class| word(class)).collect();
            text + &format!("{},{}\n", cells[0], rest.join(","))
        })
    };
    for (name, names) in
        [("numbers", None), ("sorted", Some(["no", "yes"])), ("named", Some(["ok", "fraud"]))]
    {
        let write = |file: &str, text: String| {
            folder.write(
                &format!("{name}-{file}.csv"),
                names.map_or(text.clone(), |n| named(text, n)),
            )
        };
        write("reference", csv(3, 3000, 1, 0.0, true));
        write("current", csv(4, 1500, 1, 0.25, true));
    }
    let run = |name: &str, more: &[&str]| {
        let (reference, current) = (format!("{name}-reference.csv"), format!("{name}-current.csv"));
        let arguments = [
            "performance",
            &reference,
            &current,
            "--score",
            "p",
            "--label",
            "y",
            "--chunk-size",
            "500",
            "--prediction",
            "y_pred",
            "--json",
        ];
        folder.run(&[&arguments[..], more].concat()).json()
    };
    let numbers = run("numbers", &[]);
    let by_name = run("sorted", &[]);
    assert_eq!(by_name["classes"], serde_json::json!(["no", "yes"]));
    assert_eq!(by_name["chunks"], numbers["chunks"]);
    // Sorted, "fraud" would be class 0.
    assert_eq!(run("named", &["--class", "ok", "--class", "fraud"])["chunks"], numbers["chunks"]);
    assert_ne!(run("named", &[])["chunks"], numbers["chunks"]);
    assert!(numbers.get("classes").is_none());
}

#[test]
fn late_labels_and_ids_may_be_text() {
    let folder = Folder::new("late-text");
    let mut random = SplitMix64::new(2);
    let wrong: Vec<bool> =
        (0..3000).map(|i| random.uniform() < if i < 1500 { 0.1 } else { 0.5 }).collect();
    let run = |id: &dyn Fn(usize) -> String, class: [&str; 2]| {
        let predictions: String =
            (0..3000).map(|i| format!("{},{i},{}\n", id(i), class[0])).collect();
        folder.write("predictions.csv", format!("id,time,prediction\n{predictions}"));
        let labels: String = (0..2900)
            .map(|i| format!("{},{},{}\n", id(i), i + 50, class[usize::from(wrong[i])]))
            .collect();
        folder.write("labels.csv", format!("id,time,label\n{labels}"));
        let more = [
            "late-labels",
            "predictions.csv",
            "labels.csv",
            "--detector",
            "hddm-a",
            "--drift-confidence",
            "0.0001",
            "--json",
        ];
        folder.run(&more).json()
    };
    let plain = run(&|i| i.to_string(), ["0", "1"]);
    let found = plain["detections"].as_array().unwrap();
    assert!(!found.is_empty() && plain["counts"]["joined"] == 2900);
    let large = |i: usize| u64::MAX - i as u64;
    let text = |i: usize| format!("order {i:05}");
    for (told, ids) in [
        (
            run(&|i| large(i).to_string(), ["cat", "dog"]),
            (|i| serde_json::json!(u64::MAX - i)) as fn(u64) -> Value,
        ),
        (run(&|i| text(i), ["cat", "dog"]), |i| serde_json::json!(format!("order {i:05}"))),
        // Leading zeros make them text: 007 is not 7.
        (run(&|i| format!("{i:06}"), ["0", "1"]), |i| serde_json::json!(format!("{i:06}"))),
        (run(&|i| format!("{i}.0"), ["0.0", "1"]), |i| serde_json::json!(i)),
    ] {
        assert_eq!(told["counts"], plain["counts"]);
        for (ours, first) in told["detections"].as_array().unwrap().iter().zip(found) {
            assert_eq!(
                (&ours["outcome"], &ours["id"]),
                (&first["outcome"], &ids(first["id"].as_u64().unwrap()))
            );
        }
    }
}

/// Each flag that an error advises, or a way of writing it, leads on.
#[test]
fn what_an_error_advises_can_be_followed() {
    let folder = Folder::new("performance-advice");
    let classes = |names: &[&str]| {
        let mut random = SplitMix64::new(5);
        let line = |_| {
            let p = random.uniform();
            let class = if random.uniform() < p { names[1] } else { names[0] };
            format!("{p},{},{},{class}\n", 1.0 - p, 2.0 * p)
        };
        format!("p,q,twice,y\n{}", (0..2000).map(line).collect::<String>())
    };
    folder.write("text.csv", classes(&["no", "yes"]));
    folder.write("numbers.csv", classes(&["1", "2"]));
    folder.write("signs.csv", classes(&["-1", "1"]));
    let run = |file: &str, more: &[&str]| {
        folder.run(
            &[&["performance", file, file, "--label", "y", "--chunk-size", "500"], more].concat(),
        )
    };
    for (file, asked, words, followed) in [
        (
            "text.csv",
            &["--score", "p", "--class", "yes"][..],
            "name them all",
            &["--score", "p", "--class", "no", "--class", "yes"][..],
        ),
        (
            "numbers.csv",
            &["--score", "p"],
            "--class=1 --class=2",
            &["--score", "p", "--class=1", "--class=2"],
        ),
        (
            "signs.csv",
            &["--score", "p"],
            "--class=-1 --class=1",
            &["--score", "p", "--class=-1", "--class=1"],
        ),
        (
            "text.csv",
            &["--score", "p", "--score", "q"],
            "--problem multiclass",
            &["--problem", "multiclass", "--score", "q", "--score", "p"],
        ),
        ("text.csv", &[], "--score COLUMN", &["--score", "p"]),
        (
            "text.csv",
            &["--problem", "multiclass", "--score", "q", "--score", "p", "--class", "no"],
            "name them all",
            &[
                "--problem",
                "multiclass",
                "--score",
                "q",
                "--score",
                "p",
                "--class",
                "no",
                "--class",
                "yes",
            ],
        ),
        (
            "numbers.csv",
            &["--problem", "regression", "--feature", "p"],
            "--prediction: got none",
            &["--problem", "regression", "--feature", "p", "--prediction", "twice"],
        ),
    ] {
        let message = run(file, asked).refused().to_owned();
        assert!(message.contains(words), "{asked:?}: {message}");
        assert_eq!(run(file, followed).code, 0, "{followed:?}: {}", run(file, followed).err);
    }
    // The warning about scores of the other class goes when it is followed.
    for (file, flags) in [("text.csv", ["yes", "no"]), ("signs.csv", ["1", "-1"])] {
        let [one, other] = flags.map(|name| format!("--class={name}"));
        let inverted = run(file, &["--score", "q", &other, &one]).out;
        assert!(inverted.contains("WARNING: in REFERENCE the score is higher for"), "{inverted}");
        let followed = run(file, &["--score", "q", &one, &other]).out;
        assert!(!followed.contains("in REFERENCE the score"), "{followed}");
    }
    // Three classes of a binary problem.
    let three = format!("{}0.4,0.6,0.8,maybe\n", classes(&["no", "yes"]));
    folder.write("three.csv", three);
    let message = run("three.csv", &["--score", "p"]).refused().to_owned();
    assert!(message.contains("--problem multiclass"), "{message}");
}
