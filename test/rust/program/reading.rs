//! How files are read, by all commands alike: cells without a value, and columns that are chosen
//! or left out.
#![allow(clippy::unwrap_used)]

use crate::support;

use std::fmt::Write as _;

use serde_json::{Value, json};
use support::Folder;

/// A column of `n` numbers in no order, every `gap`-th of them `blank`.
fn numbers(n: u64, gap: u64, blank: &str) -> String {
    (0..n).fold("x\n".to_owned(), |mut text, i| {
        let x = i.wrapping_mul(7919).wrapping_add(13) % 10_007;
        let _ =
            if gap > 0 && i % gap == 0 { writeln!(text, "{blank}") } else { writeln!(text, "{x}") };
        text
    })
}

#[test]
fn cells_without_a_value_are_counted_and_their_share_is_tested() {
    let folder = Folder::new("reading-missing");
    folder.write("whole.csv", numbers(400, 0, ""));
    // Empty lines of a file of one column are its cells; one way of writing is as good as another.
    let mut found: Vec<Value> = Vec::new();
    for blank in ["", "NA", "nan", "NaN", "NULL", "null", "\"\"", " "] {
        folder.write("half.csv", numbers(400, 2, blank));
        found.push(folder.run(&["compare", "whole.csv", "half.csv", "--json"]).json());
        assert_eq!(found[0], *found.last().unwrap(), "{blank:?}");
    }
    let missing = &found[0]["columns"][0]["missing"];
    assert_eq!(
        (&missing["reference"], &missing["current"], &missing["drift"]),
        (&json!(0), &json!(200), &json!(true))
    );
    assert_eq!((&missing["test"], &missing["effect"]), (&json!("fisher"), &json!(0.5)));
    assert_eq!(found[0]["columns"][0]["tests"][0]["current_size"], 200);
    assert_eq!(
        (&found[0]["drift"], &found[0]["columns"][0]["tests"][0]["drift"]),
        (&json!(true), &json!(false))
    );
    let run = folder.run(&["compare", "whole.csv", "half.csv", "--fail-on", "drift"]);
    assert!(
        run.code == 1
            && run.out.contains("missing cells")
            && run.out.contains("200 of 400 cells have no value"),
        "{}",
        run.out
    );
    // What else stands for no value the caller says.
    folder.write("odd.csv", numbers(400, 2, "-999.0"));
    let told =
        folder.run(&["compare", "whole.csv", "odd.csv", "--missing", "-999", "--json"]).json();
    assert_eq!(told["columns"][0]["missing"]["current"], 200);
    folder.write("word.csv", numbers(400, 2, "n/a"));
    let refused = folder.run(&["compare", "whole.csv", "word.csv"]).refused().to_owned();
    assert!(
        refused.contains("line 2, column \"x\": got \"n/a\"")
            && refused.contains("--missing \"n/a\""),
        "{refused}"
    );
    assert_eq!(folder.run(&["compare", "whole.csv", "word.csv", "--missing", "n/a"]).code, 0);
    // A column of nothing, on either side.
    folder.write("blank.csv", numbers(400, 1, "NA"));
    for files in [["whole.csv", "blank.csv"], ["blank.csv", "whole.csv"]] {
        let json = folder.run(&["compare", files[0], files[1], "--json"]).json();
        assert_eq!((&json["columns"][0]["tests"], &json["drift"]), (&json!([]), &json!(true)));
    }
    folder.write("words.csv", "x\na\nb\na\nNA\n");
    folder.write("nothing.csv", "x\nNA\nNA\n\"\"\nnull\n");
    for files in [["words.csv", "nothing.csv"], ["nothing.csv", "words.csv"]] {
        let json = folder.run(&["compare", files[0], files[1], "--json"]).json();
        assert_eq!(json["columns"][0]["missing"]["current"].as_u64().unwrap() % 3, 1);
    }
    // Namibia is a country where the caller says so.
    folder.write("countries.csv", "c\nNA\nDE\nNA\nFR\n");
    let json = folder
        .run(&["compare", "countries.csv", "countries.csv", "--missing", "", "--json"])
        .json();
    assert_eq!(json["columns"][0].get("missing"), None);
}

#[test]
fn of_all_columns_together_only_whole_lines_count() {
    let folder = Folder::new("reading-joint");
    let csv = |gap: u64| {
        (0..200u64).fold("a,b\n".to_owned(), |mut text, i| {
            let (a, b) = (i * 37 % 101, i * 53 % 97);
            let _ = if i % gap == 0 { writeln!(text, ",{b}") } else { writeln!(text, "{a},{b}") };
            text
        })
    };
    folder.write("r.csv", csv(1000));
    folder.write("c.csv", csv(20));
    let json =
        folder.run(&["compare", "r.csv", "c.csv", "--test", "ks,hotelling", "--json"]).json();
    assert_eq!(json["all_columns"]["complete"], json!([199, 190]));
    assert!(
        folder
            .run(&["compare", "r.csv", "c.csv", "--test", "hotelling"])
            .out
            .contains("of the 190 lines that have a value")
    );
}

#[test]
fn indices_are_lines_in_all_commands() {
    let folder = Folder::new("reading-rows");
    folder.write(
        "ref.csv",
        (0..60)
            .fold("a,b\n".to_owned(), |text, i| text + &format!("{},{}\n", i * 7 % 13, i * 5 % 11)),
    );
    folder.write("cur.csv", "a,b\n1,2\n,3\n900,900\n4,NA\n5,5\n");
    let json = folder
        .run(&[
            "detect",
            "--detector",
            "mahalanobis",
            "--fit",
            "ref.csv",
            "--score",
            "cur.csv",
            "--json",
        ])
        .json();
    assert_eq!(json["anomalies"], json!([2]));
    let scored: Vec<bool> =
        json["scores"].as_array().unwrap().iter().map(Value::is_number).collect();
    assert_eq!(scored, [true, false, true, false, true]);
    assert_eq!(json["p_values"][1], Value::Null);
    assert_eq!(
        (&json["missing"][0]["column"], &json["missing"][0]["current"]),
        (&json!("a"), &json!(1))
    );
    assert!(json["missing"][0]["p_value"].is_number() && json["missing"][0]["reference"] == 0);

    // A category of a file of one column: the empty line is a line.
    folder.write("city.csv", format!("city\n{}{}", "oslo\n".repeat(90), "rome\n".repeat(10)));
    folder.write("blank.csv", "city\noslo\n\nparis\n");
    let frequency = [
        "detect",
        "--detector",
        "frequency",
        "--column",
        "city",
        "--fit",
        "city.csv",
        "--score",
        "blank.csv",
        "--json",
    ];
    let json = folder.run(&frequency).json();
    assert_eq!(
        (&json["scores"][1], json["scores"].as_array().unwrap().len(), &json["anomalies"]),
        (&Value::Null, 3, &json!([2]))
    );
    assert_eq!(json["missing"][0]["current"], 1);

    folder.write("p.csv", "p\n0.001\nNA\n0.9\n\n0.002\n");
    let json = folder.run(&["adjust", "p.csv", "--json"]).json();
    assert_eq!(
        (&json["rejected"], &json["tests"], &json["adjusted_p_values"][1]),
        (&json!([0, 4]), &json!(3), &Value::Null)
    );

    folder.write("scores.csv", "s,y\n1,0\n2,0\nNA,1\n1.5,0\n9,1\n2.5,\n");
    folder.write(
        "usual.csv",
        (0..200)
            .fold("s\n".to_owned(), |text, i| text + &format!("{}\n", i % 50))
            .replace("\n49\n", "\nNaN\n"),
    );
    let threshold = [
        "threshold",
        "scores.csv",
        "--calibration",
        "usual.csv",
        "--column",
        "s",
        "--method",
        "percentile",
        "--rate",
        "0.9",
    ];
    let json = folder.run(&[&threshold[..], &["--label-column", "y", "--json"]].concat()).json();
    assert_eq!(
        (&json["anomalies"], &json["scores"], &json["quality"]["auroc"]),
        (&json!([4]), &json!(5), &json!(1.0))
    );

    let stream: String = (0..401).fold("x\n".into(), |text, i| {
        if i % 4 == 3 { text + "\n" } else { text + if i < 200 { "0\n" } else { "5\n" } }
    });
    folder.write("stream.csv", stream);
    let json = folder.run(&["stream", "stream.csv", "--detector", "page-hinkley", "--json"]).json();
    let fired = json["detections"][0].as_u64().unwrap();
    assert_eq!(
        (&json["missing"], fired % 4 != 3, (200..260).contains(&fired)),
        (&json!(100), true, true)
    );

    folder.write("i.csv", "i\n7\n\n7\nNA\n8\n");
    let json = folder
        .run(&["sketch", "i.csv", "--kind", "frequent-items", "--items", "int", "--json"])
        .json();
    assert_eq!((&json["missing"][0]["current"], &json["observations"]), (&json!(2), &json!(3)));
    assert_eq!(
        folder.run(&["sketch", "i.csv", "--kind", "kll", "--json"]).json()["observations"],
        3
    );
}

#[test]
fn columns_are_chosen_and_left_out() {
    let folder = Folder::new("reading-choice");
    let rows = |from: u64, day: &str| {
        (from..from + 50).fold(format!("id,{day}a,b\n"), |mut text, i| {
            let day =
                if day.is_empty() { String::new() } else { format!("2024-01-{:02},", 1 + i % 28) };
            let _ = writeln!(text, "{i},{day}{},{}", i * 7 % 13, i * 5 % 11);
            text
        })
    };
    folder.write("r.csv", rows(0, "day,"));
    folder.write("c.csv", rows(300, ""));
    let detect = ["detect", "--detector", "knn", "--fit", "r.csv", "--score", "c.csv"];
    let run = folder.run(&detect);
    assert!(run.refused().contains("\"day\"") && run.err.contains("--ignore"), "{}", run.err);
    // One file may lack what is left out.
    let run = folder.run(&[&detect[..], &["--ignore", "day"]].concat());
    assert!(
        run.out.contains(
            "column \"id\": all values differ and stand in order; if it is an id or a time, leave it out: --ignore"
        ),
        "{}",
        run.out
    );
    for choice in [
        &["--ignore", "id,day"][..],
        &["--ignore", "id", "--ignore", "day"],
        &["--only", "a,b"],
        &["--only", "b", "--only", "a"],
    ] {
        let json = folder.run(&[&detect[..], choice, &["--json"]].concat()).json();
        assert_eq!(
            (&json["features"], json.get("hints")),
            (&json!(["a", "b"]), None),
            "{choice:?}"
        );
        assert_eq!(json["anomalies"], json!([]));
    }
    // A column that is left out may hold anything.
    folder.write("odd.csv", "x,note\n1,2\n2,two\n3,inf\n");
    assert_eq!(folder.run(&["compare", "odd.csv", "odd.csv", "--ignore", "note"]).code, 0);
    assert_eq!(
        folder
            .run(&[
                "stream",
                "odd.csv",
                "--detector",
                "cusum",
                "--column",
                "x",
                "--min-instances",
                "2"
            ])
            .code,
        0
    );
    for (arguments, message) in [
        (
            ["--ignore", "day,iid"],
            "--ignore: got \"iid\", expected a column that one of the files has",
        ),
        (
            ["--only", "iid"],
            "--only: got \"iid\", expected a column of r.csv: \"id\", \"day\", \"a\", \"b\"",
        ),
        (["--ignore", "id,day,a,b"], "expected a column that is left"),
    ] {
        let run = folder.run(&[&detect[..], &arguments].concat());
        assert!(run.refused().contains(message), "{}", run.err);
    }
    folder.write("comma.csv", "\"a,b\",c\n1,2\n3,4\n");
    let json = folder.run(&["compare", "comma.csv", "comma.csv", "--only", "a,b", "--json"]).json();
    assert_eq!(
        (json["columns"].as_array().unwrap().len(), &json["columns"][0]["name"]),
        (1, &json!("a,b"))
    );
}

#[test]
fn a_detector_is_not_asked_about_what_it_was_fitted_on() {
    let folder = Folder::new("reading-same");
    folder.write("r.csv", numbers(100, 0, ""));
    folder.write("w.csv", "w\na\nb\n");
    std::fs::create_dir(folder.0.join("d")).unwrap();
    for arguments in [
        ["detect", "--detector", "knn", "--fit", "r.csv", "--score", "r.csv", "--seed", "1"],
        ["detect", "--detector", "knn", "--fit", "r.csv", "--score", "d/../r.csv", "--seed", "1"],
        [
            "detect",
            "--detector",
            "frequency",
            "--fit",
            "w.csv",
            "--score",
            "w.csv",
            "--column",
            "w",
        ],
    ] {
        assert!(folder.run(&arguments).refused().contains("which is also --fit"));
    }
}
