//! What a slip of the caller's gets from all commands alike: one column or file in two roles, a
//! file of another kind, a name that is written otherwise, a column without values.
#![allow(clippy::unwrap_used)]

use crate::support;

use support::Folder;

const N: usize = 60;

/// Columns of all kinds, 60 lines of them.
fn table(folder: &Folder, name: &str) {
    let line = |i: usize| {
        let x = (i * 37 % N) as f64 / 7.0;
        format!(
            "{i},{},{},{:.3},{:.3},{x},{},w{},{:05}\n",
            i + 100,
            i % 2,
            x / 9.0,
            1.0 - x / 9.0,
            9.0 - x,
            i % 3,
            i * 97
        )
    };
    let lines: String = (0..N).map(line).collect();
    folder.write(name, format!("id,time,y,p,q,a,b,w,zip\n{lines}"));
}

#[test]
fn a_column_with_two_roles_is_named_with_both() {
    let folder = Folder::new("slips-roles");
    table(&folder, "r.csv");
    table(&folder, "c.csv");
    let performance = ["performance", "r.csv", "c.csv"];
    let late = ["late-labels", "r.csv", "c.csv"];
    let threshold = ["threshold", "c.csv", "--method", "conformal", "--initial", "30"];
    let frequency = ["detect", "--detector", "frequency", "--fit", "r.csv", "--score", "c.csv"];
    for (command, more, column, flags) in [
        (&performance[..], &["--score", "y", "--label", "y"][..], "y", ["--score", "--label"]),
        (
            &performance,
            &["--score", "p", "--label", "y", "--prediction", "p"],
            "p",
            ["--score", "--prediction"],
        ),
        (
            &performance,
            &["--score", "p", "--label", "y", "--prediction", "y"],
            "y",
            ["--prediction", "--label"],
        ),
        (
            &performance,
            &["--problem", "multiclass", "--score", "p", "--score", "p", "--label", "y"],
            "p",
            ["--score", "twice"],
        ),
        (
            &performance,
            &[
                "--problem",
                "regression",
                "--feature",
                "a",
                "--feature",
                "b",
                "--prediction",
                "p",
                "--label",
                "b",
            ],
            "b",
            ["--feature", "--label"],
        ),
        (&late, &["--prediction", "id", "--label", "y"], "id", ["--id", "--prediction"]),
        (&late, &["--prediction", "p", "--label", "time"], "time", ["--time", "--label"]),
        (
            &threshold,
            &["--column", "y", "--label-column", "y"],
            "y",
            ["--column", "--label-column"],
        ),
        (&frequency, &["--column", "w", "--by", "w"], "w", ["--column", "--by"]),
    ] {
        let message = folder.run(&[command, more].concat()).refused().to_owned();
        assert!(flags.iter().all(|flag| message.contains(flag)), "{more:?}: {message}");
        assert!(message.contains(&format!("the column \"{column}\"")), "{more:?}: {message}");
    }
    // One column of two files, and ids that are times, may be meant.
    let both = folder.run(&[&late[..], &["--prediction", "y", "--label", "y"]].concat());
    assert_eq!(both.code, 0, "{}", both.err);
    let times =
        folder.run(&[&late[..], &["--id", "time", "--prediction", "y", "--label", "y"]].concat());
    assert!(
        times.out.starts_with("WARNING: \"time\" is --id and --time"),
        "{}{}",
        times.out,
        times.err
    );
    // A column that is left out cannot have a role.
    for flags in [&["--ignore", "w"][..], &["--only", "a"]] {
        let command = [&["compare", "r.csv", "c.csv", "--categorical", "w"], flags].concat();
        let message = folder.run(&command).refused().to_owned();
        assert!(
            message.contains("--categorical")
                && message.contains("--only or --ignore leaves this one out"),
            "{message}"
        );
    }
}

#[test]
fn a_file_in_two_places_is_warned_of() {
    let folder = Folder::new("slips-files");
    table(&folder, "r.csv");
    folder.run(&["sketch", "r.csv", "--column", "a", "--kind", "kll", "--out", "a.kll"]);
    for command in [
        &[
            "threshold",
            "r.csv",
            "--calibration",
            "./r.csv",
            "--column",
            "a",
            "--method",
            "conformal",
            "--rate",
            "0.1",
        ][..],
        &["stream", "r.csv", "--detector", "two-sample", "--against", "r.csv", "--column", "p"],
        &["sketch", "r.csv", "r.csv", "--column", "a", "--kind", "kll"],
        &["sketch", "--merge", "a.kll", "--merge", "./a.kll", "--kind", "kll"],
    ] {
        let run = folder.run(command);
        assert!(
            run.code == 0 && run.out.starts_with("WARNING: "),
            "{command:?}: {}{}",
            run.out,
            run.err
        );
        let json = folder.run(&[command, &["--json"]].concat()).json();
        assert_eq!(json["warnings"].as_array().map(Vec::len), Some(1), "{command:?}");
    }
}

#[test]
fn a_file_of_another_kind_in_the_place_of_a_csv_says_what_it_is() {
    let folder = Folder::new("slips-kinds");
    table(&folder, "r.csv");
    folder.run(&[
        "detect",
        "--detector",
        "mahalanobis",
        "--only",
        "a,p",
        "--fit",
        "r.csv",
        "--save",
        "d.fg",
    ]);
    folder.run(&["sketch", "r.csv", "--column", "w", "--kind", "hll", "--out", "w.hll"]);
    for kind in ["profile", "reference", "threshold"] {
        folder.write(
            &format!("{kind}.fg"),
            format!("{{\"format\":\"fluxguard\",\"kind\":\"{kind}\",\"version\":1}}\n\u{1}"),
        );
    }
    folder.write("r.csv.gz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0xd4, 0xe1, 2, 0]);
    folder.write("book.xlsx", b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00");
    let files = [
        ("d.fg", "a detector"),
        ("w.hll", "a sketch (hll)"),
        ("profile.fg", "a profile"),
        ("reference.fg", "a reference"),
        ("threshold.fg", "a live threshold"),
        ("r.csv.gz", "a gzip archive"),
        ("book.xlsx", "a spreadsheet"),
    ];
    for (file, what) in files {
        for command in [
            &["compare", file, "r.csv"][..],
            &["compare", "r.csv", file],
            &["detect", "--detector", "knn", "--fit", file, "--score", "r.csv"],
            &["detect", "--detector", "knn", "--within", file],
            &["detect", "--load", "d.fg", "--score", file],
            &["detect", "--detector", "ngram", "--fit", file, "--score", "r.csv"],
            &["late-labels", "r.csv", file, "--prediction", "y", "--label", "y"],
            &["performance", file, "r.csv", "--score", "p", "--label", "y"],
            &["stream", file, "--detector", "adwin"],
            &[
                "threshold",
                "r.csv",
                "--calibration",
                file,
                "--column",
                "a",
                "--method",
                "conformal",
            ],
            &["adjust", file],
            &["sketch", file, "--kind", "kll"],
            &["compare-detectors", "--fit", "r.csv", "--score", file, "--label-column", "y"],
        ] {
            let message = folder.run(command).refused().to_owned();
            assert!(
                message.contains(&format!("{file} is ")) && message.contains(what),
                "{command:?}: {message}"
            );
            assert!(message.contains("expected text, such as a CSV"), "{command:?}: {message}");
        }
    }
    // The other way round.
    for kind in ["kll", "tdigest", "hll", "theta", "frequent-items", "frequent-longs"] {
        let message =
            folder.run(&["sketch", "--kind", kind, "--merge", "r.csv"]).refused().to_owned();
        assert!(
            message.contains("r.csv is text, such as a CSV") && message.contains("without --merge"),
            "{message}"
        );
        let message =
            folder.run(&["sketch", "--kind", kind, "--merge", "d.fg"]).refused().to_owned();
        assert!(message.contains("d.fg is a detector"), "{message}");
    }
}

#[test]
fn a_name_that_is_written_otherwise_is_told() {
    let folder = Folder::new("slips-names");
    table(&folder, "r.csv");
    let renamed =
        std::fs::read_to_string(folder.0.join("r.csv")).unwrap().replace(",a,b,", ", A , B_ ,");
    folder.write("c.csv", renamed);
    folder.run(&[
        "detect",
        "--detector",
        "mahalanobis",
        "--only",
        "a,p",
        "--fit",
        "r.csv",
        "--save",
        "d.fg",
    ]);
    let only = "A,p";
    for (command, names) in [
        (&["detect", "--load", "d.fg", "--score", "c.csv", "--only", only][..], ["\"A\"", "\"a\""]),
        (
            &["detect", "--detector", "knn", "--fit", "r.csv", "--score", "c.csv", "--ignore", "w"],
            ["\"A\"", "\"a\""],
        ),
        (&["compare", "r.csv", "c.csv"], ["\"A\"", "\"a\""]),
        (&["compare", "r.csv", "r.csv", "--categorical", "ZIP"], ["\"zip\"", "\"ZIP\""]),
        (&["stream", "c.csv", "--detector", "adwin", "--column", "b"], ["\"B_\"", "\"b\""]),
        (&["performance", "r.csv", "r.csv", "--score", "P", "--label", "y"], ["\"p\"", "\"P\""]),
        (
            &["threshold", "r.csv", "--column", "a", "--label-column", "Y", "--method", "pot"],
            ["\"y\"", "\"Y\""],
        ),
        (
            &["late-labels", "r.csv", "r.csv", "--id", "Id", "--prediction", "y", "--label", "y"],
            ["\"id\"", "\"Id\""],
        ),
    ] {
        let message = folder.run(command).refused().to_owned();
        let told = message.contains("is written otherwise")
            || message.contains("but for case, spaces or signs");
        assert!(told && names.iter().all(|name| message.contains(name)), "{command:?}: {message}");
    }
    // No other column is offered, and none that is wanted itself.
    let message =
        folder.run(&["compare", "r.csv", "r.csv", "--categorical", "height"]).refused().to_owned();
    assert!(!message.contains("otherwise"), "{message}");
    folder.write("two.csv", "X,x\n1,2\n2,3\n");
    folder.write("one.csv", "x,z\n1,2\n2,3\n");
    let message = folder.run(&["compare", "two.csv", "one.csv"]).refused().to_owned();
    assert!(message.contains("column \"X\"") && !message.contains("but for case"), "{message}");
}

#[test]
fn a_sketch_without_values_is_warned_of_and_codes_that_lose_their_zeros_get_a_hint() {
    let folder = Folder::new("slips-empty");
    table(&folder, "r.csv");
    folder.write("blank.csv", format!("v,x\n{}", ",1\nNA,2\n".repeat(20)));
    folder.write("some.csv", "v\n3\n4\n");
    for kind in ["kll", "tdigest", "hll", "theta", "frequent-items", "frequent-longs"] {
        let sketch = ["sketch", "--kind", kind, "--column", "v"];
        let run = folder.run(&[&sketch[..], &["blank.csv", "--out", "blank"]].concat());
        let told = "WARNING: no cell of column \"v\" of blank.csv has a value (40 lines): nothing of it is in the sketch";
        assert!(run.code == 0 && run.out.starts_with(told), "{kind}: {}{}", run.out, run.err);
        assert!(run.out.contains("WARNING: the sketch is empty"), "{kind}: {}", run.out);
        let json = folder.run(&[&sketch[..], &["some.csv", "blank.csv", "--json"]].concat()).json();
        assert_eq!(json["warnings"].as_array().map(Vec::len), Some(1), "{kind}");
        let json = folder.run(&["sketch", "--kind", kind, "--merge", "blank", "--json"]).json();
        assert_eq!(json["warnings"][0], "the sketch is empty", "{kind}");
        let json = folder.run(&[&sketch[..], &["some.csv", "--json"]].concat()).json();
        assert_eq!(json.get("warnings"), None, "{kind}");
    }
    let hint = "\"00097\" in line 3 has a zero in front";
    for (command, hinted) in [
        (&["sketch", "r.csv", "--kind", "kll", "--column", "zip"][..], true),
        (&["sketch", "r.csv", "--kind", "tdigest", "--column", "zip"], true),
        (&["sketch", "r.csv", "--kind", "frequent-longs", "--column", "zip"], true),
        (
            &["sketch", "r.csv", "--kind", "frequent-longs", "--column", "zip", "--items", "int"],
            false,
        ),
        (&["sketch", "r.csv", "--kind", "hll", "--column", "zip"], false),
        (&["sketch", "r.csv", "--kind", "kll", "--column", "a"], false),
        (&["stream", "r.csv", "--detector", "adwin", "--column", "zip"], true),
        (&["stream", "r.csv", "--detector", "adwin", "--column", "a"], false),
        (
            &["threshold", "r.csv", "--column", "zip", "--method", "percentile", "--initial", "40"],
            true,
        ),
        (
            &["threshold", "r.csv", "--column", "a", "--method", "percentile", "--initial", "40"],
            false,
        ),
    ] {
        let run = folder.run(command);
        assert_eq!(run.code, 0, "{command:?}: {}", run.err);
        assert_eq!(run.out.contains("has a zero in front"), hinted, "{command:?}: {}", run.out);
        // The first line below the header is 00000.
        assert!(
            !hinted || run.out.contains("\"00000\" in line 2") || run.out.contains(hint),
            "{command:?}: {}",
            run.out
        );
    }
}
