//! What the program says of what it read, by all commands alike: hints, warnings, and which column
//! was taken for what.
#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::json;
use support::Folder;

#[test]
fn codes_are_one_category_however_they_are_written_and_zeros_in_front_are_told() {
    let folder = Folder::new("hints-codes");
    folder.write("int.csv", format!("grade\n{}", "1\n2\n3\n".repeat(40)));
    folder.write("float.csv", format!("grade\n{}", "1.0\n2.0\n3.0\n".repeat(40)));
    for files in [["int.csv", "float.csv"], ["float.csv", "int.csv"]] {
        let json =
            folder.run(&["compare", files[0], files[1], "--categorical", "grade", "--json"]).json();
        assert_eq!(
            (
                &json["drift"],
                &json["columns"][0]["tests"][0]["p_value"],
                &json["columns"][0]["unseen"]
            ),
            (&json!(false), &json!(1.0), &json!([]))
        );
    }
    folder.write("zip.csv", format!("zip\n{}", "00501\n10001\n".repeat(40)));
    folder.write("cut.csv", format!("zip\n{}", "501\n10001\n".repeat(40)));
    let json =
        folder.run(&["compare", "zip.csv", "cut.csv", "--categorical", "zip", "--json"]).json();
    assert_eq!(json["drift"], true);
    assert!(
        json["hints"][0]
            .as_str()
            .unwrap()
            .contains("\"00501\" and \"501\" are two categories and differ in zeros in front")
    );
    folder.write("case.csv", "w\nYes\nno\nyes\nno\n");
    let run = folder.run(&["compare", "case.csv", "case.csv"]);
    assert!(
        run.out.starts_with("WARNING: REFERENCE and CURRENT are one file")
            && run.out.contains("Hint: column \"w\": \"Yes\" and \"yes\""),
        "{}",
        run.out
    );
}

#[test]
fn which_score_is_of_which_class_is_always_told() {
    let folder = Folder::new("hints-scores");
    let csv = |flip: bool, names: [&str; 2]| {
        (0..400u64).fold("p,y\n".to_owned(), |text, i| {
            let p = i * 7919 % 101;
            let yes = (p + i % 23 > 60) != flip;
            text + &format!("0.{p:03},{}\n", names[usize::from(yes)])
        })
    };
    folder.write("good.csv", csv(false, ["no", "yes"]));
    folder.write("turned.csv", csv(true, ["no", "yes"]));
    folder.write("numbers.csv", csv(false, ["0", "1.0"]));
    folder.write("one.csv", csv(false, ["yes", "yes"]));
    folder.write("ones.csv", csv(false, ["1", "1"]));
    let run = |file: &str, more: &[&str]| {
        folder.write(
            "current.csv",
            csv(false, ["no", "yes"]).replace(",no", ",").replace(",yes", ","),
        );
        let command = [
            "performance",
            file,
            "current.csv",
            "--score",
            "p",
            "--label",
            "y",
            "--chunk-size",
            "50",
        ];
        folder.run(&[&command[..], more].concat())
    };
    let json = run("good.csv", &["--json"]).json();
    assert_eq!(
        (&json["scores"], json.get("warnings")),
        (&json!([{"column": "p", "class": "yes"}]), None)
    );
    assert!(run("numbers.csv", &[]).out.contains("\"p\" is the probability of class \"1\""));
    let turned = run("turned.csv", &[]);
    assert!(
        turned
            .out
            .starts_with("WARNING: in REFERENCE the score is higher for \"no\" than for \"yes\""),
        "{}",
        turned.out
    );
    // The advice can be followed.
    let json = run("turned.csv", &["--class", "yes", "--class", "no", "--json"]).json();
    assert_eq!(
        (&json["scores"], json.get("warnings")),
        (&json!([{"column": "p", "class": "no"}]), None)
    );
    for (file, more) in [("one.csv", &["--class", "no", "--class", "yes"][..]), ("ones.csv", &[])] {
        let run = run(file, more);
        assert!(
            run.refused().contains("--label: got labels of REFERENCE that are all"),
            "{}",
            run.err
        );
    }
    assert_eq!(run("one.csv", &[]).code, 2);
}

#[test]
fn numbers_in_disguise_and_codes_with_zeros_in_front_get_a_hint() {
    let folder = Folder::new("hints-disguise");
    let file = |name: &str, cell: &dyn Fn(usize) -> String| {
        let lines: String =
            (0..40).map(|i| format!("\"{}\",{}\n", cell(i), (i * 37 % 41) as f64 / 7.0)).collect();
        folder.write(name, format!("v,x\n{lines}"));
    };
    let hints = |more: &[&str]| {
        let json = folder.run(&[&["compare", "a.csv", "b.csv", "--json"], more].concat()).json();
        json["hints"].as_array().map_or_else(Vec::new, |hints| {
            hints.iter().map(|hint| hint.as_str().unwrap().to_owned()).collect()
        })
    };
    let cases: [(&dyn Fn(usize) -> String, &str); 7] = [
        (&|i| format!("{},5", 12 + i % 5), "a decimal comma (--decimal ,)"),
        (
            &|i| format!("{},234", 1 + i % 5),
            "groups of thousands, or a decimal comma (--decimal ,)",
        ),
        (&|i| format!("{},234.50", 1 + i % 5), "groups of thousands"),
        (&|i| format!("${}", 12 + i % 5), "a sign of a currency"),
        (&|i| format!("{} %", 12 + i % 5), "a percent sign"),
        (&|i| format!("({}.00)", 12 + i % 5), "brackets"),
        (&|i| ["00501", "02139", "10001"][i % 3].to_owned(), "a zero in front"),
    ];
    for (cell, word) in cases {
        file("a.csv", cell);
        file("b.csv", cell);
        let told = hints(&[]);
        assert!(
            told.iter().any(|hint| hint.contains("column \"v\"") && hint.contains(word)),
            "{word}: {told:?}"
        );
        // What is meant is said, and then there is none.
        for more in [&["--categorical", "v"][..], &["--ignore", "v"]] {
            assert!(
                !hints(more).iter().any(|hint| hint.contains("column \"v\"")),
                "{word}: {more:?}"
            );
        }
    }
    file("a.csv", &|i| ["red", "1-2", "n/a $"][i % 3].to_owned());
    file("b.csv", &|i| ["red", "1-2", "n/a $"][i % 3].to_owned());
    assert!(!hints(&[]).iter().any(|hint| hint.contains("column \"v\"")));
    // Where a number is needed the error says it.
    file("a.csv", &|i| format!("${}", 12 + i % 5));
    file("b.csv", &|i| if i < 2 { "12".into() } else { "1,234".into() });
    for arguments in [
        &["detect", "--detector", "kde", "--fit", "a.csv", "--score", "a.csv"][..],
        &["threshold", "a.csv", "--column", "v", "--calibration", "a.csv", "--method", "conformal"],
        &["sketch", "a.csv", "--column", "v", "--kind", "kll"],
        &["sketch", "b.csv", "--column", "v", "--kind", "kll"],
    ] {
        let message = folder.run(arguments).refused().to_owned();
        assert!(
            message.contains("write plain numbers") || message.contains("also --fit"),
            "{message}"
        );
    }
}
