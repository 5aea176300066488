//! `fluxguard late-labels`: labels that do not meet their predictions are told, never counted as
//! errors.
#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::json;
use support::{Folder, Run};

const N: usize = 300;

/// A file of ids, times and classes, by functions of the line.
fn file(
    header: &str,
    id: impl Fn(usize) -> String,
    time: impl Fn(usize) -> String,
    class: impl Fn(usize) -> String,
) -> String {
    (0..N).fold(format!("id,time,{header}\n"), |text, i| {
        text + &format!("{},{},{}\n", id(i), time(i), class(i))
    })
}

fn u(i: usize) -> String {
    format!("u{i:05}")
}

fn run(folder: &Folder, predictions: &str, labels: &str, more: &[&str]) -> Run {
    folder.write("p.csv", predictions);
    folder.write("l.csv", labels);
    folder.run(&[&["late-labels", "p.csv", "l.csv"], more].concat())
}

/// One wrong prediction in ten.
fn wrong(i: usize) -> usize {
    (i + usize::from(i % 10 == 9)) % 2
}

#[test]
fn classes_are_the_same_or_both_vocabularies_are_named() {
    let folder = Folder::new("late-classes");
    let predictions = |names: [&'static str; 2]| {
        file("prediction", u, |i| i.to_string(), move |i| names[i % 2].into())
    };
    let labels = |names: [&'static str; 2]| {
        file("label", u, |i| (i + 50).to_string(), move |i| names[wrong(i)].into())
    };
    let chunk = ["--chunk-size", "300", "--json"];
    for (said, truth, flags) in [
        (["0", "1"], ["0", "1"], &[][..]),
        (["0", "1"], ["0.0", "1.0"], &[]),
        (["0.0", "1.0"], ["0", "1"], &[]),
        (["no", "yes"], ["no", "yes"], &[]),
        (["0", "1"], ["False", "True"], &["--same-class", "1=True", "--same-class", "0=False"]),
        (["No", "Yes"], ["no", "yes"], &["--same-class", "No=no", "--same-class", "Yes=yes"]),
        (["1", "2"], ["cat", "dog"], &["--same-class", "1=cat", "--same-class", "2=dog"]),
    ] {
        let json =
            run(&folder, &predictions(said), &labels(truth), &[flags, &chunk].concat()).json();
        assert_eq!(
            (&json["chunks"][0]["mean"], &json["counts"]["joined"]),
            (&json!(0.1), &json!(N)),
            "{said:?} {truth:?}"
        );
        assert_eq!(json.get("warnings"), None);
    }
    for (said, truth, flag) in [
        (["0", "1"], ["False", "True"], "--same-class \"1=True\""),
        (["No", "Yes"], ["no", "yes"], "--same-class \"Yes=yes\""),
        (["1", "2"], ["cat", "dog"], "--same-class PREDICTION=LABEL"),
        (["0.2", "0.9"], ["0", "1"], "--outcome absolute-error"),
    ] {
        let run = run(&folder, &predictions(said), &labels(truth), &[]);
        let text = run.refused();
        for name in said.iter().chain(&truth) {
            assert!(text.contains(&format!("{name:?}")), "{text}");
        }
        assert!(text.contains(flag), "{text}");
    }
    // All wrong may be so, but nobody overlooks it.
    let odd = run(&folder, &predictions(["cat", "cat"]), &labels(["dog", "cow"]), &[]);
    assert!(
        odd.code == 0
            && odd.out.starts_with(
                "WARNING: no label equals any prediction: predictions \"cat\" and labels \"cow\", \"dog\""
            ),
        "{}",
        odd.out
    );
}

#[test]
fn nothing_that_joins_is_an_error_that_says_why() {
    let folder = Folder::new("late-none");
    let predictions = |id: fn(usize) -> String| {
        file("prediction", id, |i| i.to_string(), |i| (i % 2).to_string())
    };
    let labels = |id: fn(usize) -> String, late: usize| {
        file("label", id, move |i| (i + late).to_string(), |i| wrong(i).to_string())
    };
    let other = run(&folder, &predictions(u), &labels(|i| format!("x{i}"), 50), &[]);
    assert!(
        other.refused().contains(
            "--id: got nothing to join: ids of predictions are \"u00000\", \"u00001\", \"u00002\", of labels \"x0\""
        ),
        "{}",
        other.err
    );
    let zeros = (predictions(|i| format!("{i:05}")), labels(|i| i.to_string(), 50));
    assert!(run(&folder, &zeros.0, &zeros.1, &["--ids", "text"]).refused().contains("--ids int"));
    let json = run(&folder, &zeros.0, &zeros.1, &["--ids", "int", "--json"]).json();
    assert_eq!(json["counts"]["joined"], N);
    let bad = run(&folder, &predictions(u), &labels(u, 50), &["--ids", "int"]);
    assert!(bad.refused().contains(
        "p.csv: line 2, column \"id\": got \"u00000\", expected a whole number of 64 bits; fix it, or say --ids text"
    ));
    // Labels before their predictions, or after they had gone.
    let after = file("prediction", u, |i| (i + 1000).to_string(), |i| (i % 2).to_string());
    assert!(
        run(&folder, &after, &labels(u, 50), &[]).refused().contains("--time: got nothing to join")
    );
    assert!(
        run(&folder, &predictions(u), &labels(u, 50), &["--timeout", "10"])
            .refused()
            .contains("--timeout: got nothing to join")
    );
}

#[test]
fn times_are_numbers_or_iso_8601_of_one_kind() {
    let folder = Folder::new("late-times");
    let at = |i: usize, zone: &str| format!("2024-10-26T{:02}:{:02}:00{zone}", i / 60, i % 60);
    let files = |said: &'static str, truth: &'static str| {
        let predictions = file("prediction", u, move |i| at(i, said), |i| (i % 2).to_string());
        (predictions, file("label", u, move |i| at(i + 30, truth), |i| wrong(i).to_string()))
    };
    // Half an hour between them; one hour east is half an hour too early.
    for (said, truth, joined) in [
        ("", "", true),
        ("Z", "Z", true),
        ("+02:00", "+02:00", true),
        ("Z", "+01:00", false),
        ("Z", "-01:00", true),
        ("", "Z", false),
    ] {
        let (p, l) = files(said, truth);
        let run = run(&folder, &p, &l, &["--json"]);
        assert_eq!(
            run.code == 0 && run.json()["counts"]["joined"] == N,
            joined,
            "{said} {truth}: {}",
            run.err
        );
    }
    let (p, l) = files("", "Z");
    let text = run(&folder, &p, &l, &[]).refused().to_owned();
    assert!(
        text.contains("l.csv: line 2, column \"time\"")
            && text.contains("a time with a zone, after a time without a zone"),
        "{text}"
    );
    let (p, l) = files("Z", "Z");
    assert!(run(&folder, &p, &l, &["--timeout", "600"]).refused().contains("--timeout"));
    assert_eq!(
        run(&folder, &p, &l, &["--timeout", "3600", "--json"]).json()["counts"]["expired"],
        0
    );
    let (days, _) = (
        file(
            "prediction",
            u,
            |i| if i < 5 { "2024-10-26".into() } else { "2024-10-25".into() },
            |_| "1".into(),
        ),
        (),
    );
    let text = run(&folder, &days, &l, &[]).refused().to_owned();
    assert!(text.contains("p.csv: line 7, column \"time\": got \"2024-10-25\" after \"2024-10-26\"; expected lines in the order of time"), "{text}");
    let odd = file("prediction", u, |_| "26.10.2024".into(), |_| "1".into());
    assert!(
        run(&folder, &odd, &l, &[])
            .refused()
            .contains("line 2, column \"time\": got \"26.10.2024\", which is no time")
    );
}

#[test]
fn lines_that_lack_a_value_are_left_out_and_counted() {
    let folder = Folder::new("late-missing");
    let blank =
        |i: usize, every: usize, cell: String| if i % every == 7 { "NA".into() } else { cell };
    let predictions =
        file("prediction", u, |i| i.to_string(), |i| blank(i, 50, (i % 2).to_string()));
    let labels = file(
        "label",
        |i| blank(i, 100, u(i)),
        |i| (i + 50).to_string(),
        |i| blank(i, 30, wrong(i).to_string()),
    );
    let json = run(&folder, &predictions, &labels, &["--json"]).json();
    assert_eq!(json["missing_predictions"], json!([{"column": "prediction", "current": 6}]));
    assert_eq!(
        json["missing_labels"],
        json!([{"column": "id", "current": 3}, {"column": "label", "current": 10}])
    );
    let (said, truth) = (json["counts"]["predictions"].as_u64(), json["counts"]["labels"].as_u64());
    // Line 7 lacks both its id and its label.
    assert_eq!((said, truth), (Some(N as u64 - 6), Some(N as u64 - 12)));
}

#[test]
fn outcomes_that_are_held_say_what_they_wait_for() {
    let folder = Folder::new("late-held");
    let predictions = file("prediction", u, |i| i.to_string(), |i| (i % 2).to_string());
    let labels = file("label", u, |i| (i + 50).to_string(), |i| wrong(i).to_string());
    let without = |id: usize| {
        labels
            .lines()
            .filter(|line| !line.starts_with(&u(id)))
            .fold(String::new(), |text, line| text + line + "\n")
    };
    for (lost, watched, key) in [
        (0, 0, "warnings"),
        (1, 1, "warnings"),
        (N / 3, N / 3, "warnings"),
        (N / 2, N / 2, "hints"),
        (2 * N / 3, 2 * N / 3, "hints"),
    ] {
        let json = run(&folder, &predictions, &without(lost), &["--json"]).json();
        let held = json["counts"]["held"].as_u64().unwrap() as usize;
        assert_eq!(json["counts"]["joined"].as_u64().unwrap() as usize - held, watched);
        let told = json[key][0].as_str().unwrap();
        assert!(
            told.contains(&u(lost))
                && told.contains("--order arrival")
                && told.contains("--timeout"),
            "{told}"
        );
        let text = run(&folder, &predictions, &without(lost), &[]).out;
        assert!(
            text.starts_with("WARNING: ") == (key == "warnings") && text.contains(told),
            "{text}"
        );
        // What is advised helps.
        for advice in [&["--order", "arrival"][..], &["--timeout", "60"]] {
            let json =
                run(&folder, &predictions, &without(lost), &[advice, &["--json"]].concat()).json();
            assert_eq!(json["counts"]["held"], json!(0), "{advice:?}");
            assert!(json.get("warnings").is_none() && json.get("hints").is_none());
        }
    }
    assert_eq!(run(&folder, &predictions, &labels, &["--json"]).json().get("warnings"), None);
}
