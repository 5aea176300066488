//! `fluxguard detect` of sequences and of classifiers: what the library says, from files.
#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::{Value, json};
use support::Folder;

fn near(got: &Value, want: f64) {
    assert!((got.as_f64().unwrap() - want).abs() < 1e-9, "{got} {want}");
}

/// A text that goes round, `n` times.
fn lines(n: usize) -> String {
    (0..n)
        .map(|i| format!("start {} stop\n", ["read", "read write", "read write read"][i % 3]))
        .collect()
}

#[test]
fn texts_are_scored_by_line_and_explained() {
    let folder = Folder::new("detect-texts");
    folder.write("reference.txt", lines(90));
    folder.write("current.txt", "start read stop\nstop write delete start\n");
    for detector in ["markov", "ngram"] {
        let fit = [
            "detect",
            "--detector",
            detector,
            "--fit",
            "reference.txt",
            "--score",
            "current.txt",
            "--order",
            "2",
        ];
        let run = folder.run(
            &[&fit[..], &["--json", "--explain", "--save", "d.fg", "--fail-on", "drift"]].concat(),
        );
        let found = run.json();
        assert_eq!(
            (run.code, &found["anomalies"], &found["detector"]),
            (1, &json!([1]), &json!(detector))
        );
        near(&found["perplexities"][0], found["scores"][0].as_f64().unwrap().exp());
        let explained = found["explanations"][0].as_array().unwrap();
        assert_eq!(
            (&explained[2]["symbol"], &explained[2]["seen"]),
            (&json!("delete"), &json!(false))
        );
        let again =
            folder.run(&["detect", "--load", "d.fg", "--score", "current.txt", "--json"]).json();
        assert_eq!(again["scores"], found["scores"]);
        let table = folder.run(&[&fit[..], &["--explain"]].concat());
        assert!(table.out.contains("1 of 2 sequences are anomalous"), "{}", table.out);
        assert!(table.out.contains("\"delete\"") && table.out.contains("unseen"), "{}", table.out);
        let saved = folder.run(&[
            "detect",
            "--detector",
            detector,
            "--fit",
            "reference.txt",
            "--save",
            "d.fg",
        ]);
        assert!(saved.out.contains("90 sequences, 4 symbols"), "{}", saved.out);
    }
}

#[test]
fn columns_of_a_csv_are_texts_or_events_by_key() {
    let folder = Folder::new("detect-columns");
    let events = |sessions: usize, word: &str| -> String {
        // Sessions interleaved.
        let rows = (0..4).flat_map(|step| (0..sessions).map(move |s| (s, step)));
        let line = |(s, step): (usize, usize)| {
            format!("u{s},{}\n", ["login", "view", word, "logout"][step])
        };
        "session,event\n".to_owned() + &rows.map(line).collect::<String>()
    };
    folder.write("reference.csv", events(60, "buy"));
    folder.write("current.csv", events(2, "buy") + "u9,logout\nu9,buy\nu9,login\n");
    let fit = ["detect", "--fit", "reference.csv", "--score", "current.csv", "--column", "event"];
    let found = folder
        .run(&[&fit[..], &["--detector", "markov", "--by", "session", "--json"]].concat())
        .json();
    assert_eq!((&found["names"], &found["anomalies"]), (&json!(["u0", "u1", "u9"]), &json!([2])));
    folder.write("current.csv", "event\nlogin\nhack\nhack\n");
    let found = folder.run(&[&fit[..], &["--detector", "frequency", "--json"]].concat()).json();
    assert_eq!(found["scores"].as_array().unwrap().len(), 3);
    assert_eq!(found["categories"]["unseen"][0]["category"], "hack");
    assert_eq!(found["categories"]["vanished"].as_array().unwrap().len(), 3);
    let table = folder.run(&[&fit[..], &["--detector", "frequency"]].concat());
    assert!(
        table.out.contains("unseen: \"hack\" (2)") && table.out.contains("vanished: "),
        "{}",
        table.out
    );
}

#[test]
fn classifiers_bring_weights_and_labels() {
    let folder = Folder::new("detect-classifier");
    let all: Value = serde_json::from_str(include_str!("../../reference/ood.json")).unwrap();
    let rows = |value: &Value, extra: Option<&Value>| -> String {
        let line = |(i, row): (usize, &Value)| {
            let cells = row.as_array().unwrap().iter().map(ToString::to_string);
            cells.chain(extra.map(|extra| extra[i].to_string())).collect::<Vec<_>>().join(",")
                + "\n"
        };
        value.as_array().unwrap().iter().enumerate().map(line).collect()
    };
    folder.write(
        "reference.csv",
        "a,b,c,d,e,f,class\n".to_owned() + &rows(&all["features"], Some(&all["labels"])),
    );
    folder.write("probe.csv", "a,b,c,d,e,f\n".to_owned() + &rows(&all["probe"], None));
    folder.write(
        "weights.csv",
        "a,b,c,d,e,f,bias\n".to_owned() + &rows(&all["weights"], Some(&all["bias"])),
    );
    let files = [
        "detect",
        "--fit",
        "reference.csv",
        "--score",
        "probe.csv",
        "--label-column",
        "class",
        "--json",
    ];
    for case in all["cases"].as_array().unwrap() {
        let options = case["options"].to_string();
        let detector = ["--detector", case["detector"].as_str().unwrap(), "--options", &options];
        let weights =
            if case["with"][0] == "labels" { &[][..] } else { &["--weights", "weights.csv"] };
        if case["with"]
            .as_array()
            .unwrap()
            .iter()
            .any(|with| with == "features" || with == "logits")
        {
            continue;
        }
        let found = folder.run(&[&files[..], &detector, weights].concat()).json();
        for (got, want) in
            found["scores"].as_array().unwrap().iter().zip(case["scores"].as_array().unwrap())
        {
            let (got, want) = (got.as_f64().unwrap(), want.as_f64().unwrap());
            assert!((got - want).abs() <= 1e-9 * want.abs().max(1.0), "{case}: {got} {want}");
        }
    }
    let found = folder
        .run(&[&files[..], &["--detector", "ood", "--weights", "weights.csv"]].concat())
        .json();
    assert!(found["p_values"].as_array().unwrap().last().unwrap().as_f64().unwrap() < 0.05);
    let refused = |more: &[&str]| folder.run(&[&files[..5], more].concat()).refused().to_owned();
    assert!(refused(&["--detector", "vim", "--label-column", "class"]).contains("weights"));
    assert!(refused(&["--detector", "msp", "--label-column", "klass"]).contains("--label-column"));
    assert!(refused(&["--detector", "msp", "--label-column", "a"]).contains("whole numbers"));
    assert!(refused(&["--detector", "knn", "--label-column", "class"]).contains("for knn"));
    folder.write("weights.csv", "a,b,g\n1,2,3\n");
    assert!(
        refused(&["--detector", "msp", "--weights", "weights.csv", "--label-column", "class"])
            .contains("\"g\"")
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    let folder = Folder::new("detect-sequences-bad");
    folder.write("reference.txt", lines(9));
    folder.write("gap.txt", "a b\n\nc\n");
    folder.write("empty.txt", "");
    folder.write("numbers.csv", "x\n1\n2\n3\n");
    let refused =
        |arguments: &[&str]| folder.run(&[&["detect"], arguments].concat()).refused().to_owned();
    let fit = ["--detector", "ngram", "--score", "reference.txt", "--fit"];
    assert!(refused(&[&fit[..], &["gap.txt"]].concat()).contains("no symbols in sequence 1"));
    assert!(refused(&[&fit[..], &["empty.txt"]].concat()).contains("no sequence"));
    assert!(refused(&[&fit[..], &["missing.txt"]].concat()).contains("missing.txt"));
    assert!(
        refused(&[&fit[..], &["numbers.csv", "--column", "y"]].concat())
            .contains("--column: got \"y\", expected a column of numbers.csv")
    );
    assert!(refused(&[&fit[..], &["gap.txt", "--tokens", "letters"]].concat()).contains("tokens"));
    assert!(refused(&[&fit[..], &["gap.txt", "--by", "x"]].concat()).contains("--column"));
    assert!(refused(&[&fit[..], &["gap.txt", "--neighbors", "2"]].concat()).contains("neighbors"));
    assert!(
        refused(&[&fit[..], &["gap.txt", "--weights", "numbers.csv"]].concat())
            .contains("--weights")
    );
    let knn = [
        "--detector",
        "knn",
        "--fit",
        "numbers.csv",
        "--score",
        "reference.txt",
        "--tokens",
        "words",
    ];
    assert!(refused(&knn).contains("a detector of sequences"));
    assert!(refused(&["--detector", "ngram", "--fit", "-", "--score", "-"]).contains("both files"));
}
