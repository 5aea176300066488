//! `fluxguard compare` on real files: its statistics are scipy's (`test/reference/two_sample.py`),
//! its verdicts the engine's, its keys and exit codes the contract's.
#![allow(clippy::unwrap_used)]

mod categories;

use crate::support;

use serde_json::Value;
use support::{Folder, Run};

fn cases(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../reference/two_sample.json")).unwrap();
    let cases = all[name].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

/// One column, of the numbers as they stand in the reference values.
fn csv(values: &Value) -> String {
    let lines = values.as_array().unwrap().iter().map(|value| format!("{value}\n"));
    std::iter::once("x\n".to_owned()).chain(lines).collect()
}

#[track_caller]
fn near(got: &Value, expected: &Value, case: &Value) {
    let (got, expected) = (got.as_f64().unwrap(), expected.as_f64().unwrap());
    let error = if expected.abs() < 1e-300 { got.abs() } else { (got / expected - 1.0).abs() };
    assert!(error <= 1e-9, "{got:e} for {expected:e} in {}", case["name"]);
}

/// Two columns of numbers in different orders, of which `b` has moved.
fn two_columns(folder: &Folder) {
    let spread = |n: u32| (0..n).map(move |i| f64::from(i * 7919 % n) / f64::from(n));
    let before: String = spread(400).map(|u| format!("{u},{}\n", 3.0 * u)).collect();
    let after: String = spread(200).map(|u| format!("{},{u}\n", 3.0 * u * u)).collect();
    folder.write("before.csv", format!("a,b\n{before}"));
    folder.write("after.csv", format!("b,a\n{after}"));
}

#[test]
fn numbers_are_compared_as_scipy_does() {
    let folder = Folder::new("scipy-raw");
    for case in cases("raw") {
        folder.write("r.csv", csv(&case["reference"]));
        folder.write("c.csv", csv(&case["current"]));
        let json =
            folder.run(&["compare", "r.csv", "c.csv", "--test", "ks,wasserstein", "--json"]).json();
        let tests = &json["columns"][0]["tests"];
        assert_eq!((&tests[0]["test"], &tests[1]["test"]), (&"ks".into(), &"wasserstein".into()));
        near(&tests[0]["statistic"], &case["ks"], &case);
        near(&tests[0]["p_value"], &case["ks_exact"], &case);
        near(&tests[1]["statistic"], &case["wasserstein"], &case);
        // a reference without spread has no unit: any change of it is as large as can be
        let reference = case["reference"].as_array().unwrap();
        if reference.iter().all(|value| value == &reference[0])
            && case["wasserstein"].as_f64().unwrap() > 0.0
        {
            assert_eq!(tests[1]["effect"].as_f64(), Some(f64::MAX), "{}", case["name"]);
        } else {
            near(&tests[1]["effect"], &case["effect"], &case);
        }
        assert_eq!(
            (&tests[0]["method"], &tests[1]["method"]),
            (&"exact".into(), &"permutation".into())
        );
        assert_eq!(json["reference_size"], case["reference"].as_array().unwrap().len());
        assert_eq!(json["current_size"], case["current"].as_array().unwrap().len());
    }
}

#[test]
fn json_has_the_keys_of_the_contract() {
    let folder = Folder::new("keys");
    two_columns(&folder);
    let json = folder.run(&["compare", "before.csv", "after.csv", "--json"]).json();
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let sorted = |mut keys: Vec<String>| {
        keys.sort();
        keys.join(" ")
    };
    assert_eq!(sorted(keys(&json)), "alpha columns correction current_size drift reference_size");
    assert_eq!(sorted(keys(&json["columns"][0])), "drift name tests");
    let of_test = "adjusted_p_value current_size drift effect method min_effect p_value reference_size statistic test";
    assert_eq!(sorted(keys(&json["columns"][0]["tests"][0])), of_test);
    assert_eq!(
        (json["alpha"].as_f64(), json["correction"].as_str()),
        (Some(0.05), Some("benjamini-hochberg"))
    );
}

#[test]
fn columns_are_matched_by_name_and_drift_is_found_where_it_is() {
    let folder = Folder::new("names");
    two_columns(&folder);
    let run = folder.run(&["compare", "before.csv", "after.csv", "--json"]);
    assert_eq!(run.code, 0);
    let json = run.json();
    let drift: Vec<_> = json["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["name"].as_str().unwrap(), c["drift"] == true))
        .collect();
    assert_eq!(drift, [("a", false), ("b", true)]);
    assert_eq!(json["drift"], true);
}

#[test]
fn exit_codes() {
    let folder = Folder::new("exit");
    two_columns(&folder);
    let code = |current: &str, more: &[&str]| {
        folder.run(&[&["compare", "before.csv", current], more].concat()).code
    };
    assert_eq!(code("after.csv", &[]), 0);
    assert_eq!(code("after.csv", &["--fail-on", "drift"]), 1);
    assert_eq!(code("before.csv", &["--fail-on", "drift"]), 0);
    assert_eq!(code("after.csv", &["--fail-on", "drift", "--min-effect", "0.9"]), 0);
    assert_eq!(code("after.csv", &["--fail-on", "drift", "--min-effect", "0.9,ks=0.1"]), 1);
    assert_eq!(code("after.csv", &["--fail-on", "drift", "--alpha", "1e-300"]), 0);
    assert_eq!(code("none.csv", &["--fail-on", "drift"]), 2);
    assert_eq!(folder.run(&["compare", "--help"]).code, 0);
    assert_eq!(
        folder.run(&["--version"]).out,
        format!("fluxguard {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn the_correction_is_over_all_columns_of_numbers_and_of_categories() {
    let folder = Folder::new("correction");
    let rows = |n: u32, skew: u32| -> String {
        let lines = (0..n).map(|i| {
            format!(
                "{},{},{}\n",
                i * 37 % 101,
                i % 9 * skew,
                ["u", "v"][(i % (2 + skew) != 0) as usize]
            )
        });
        std::iter::once("p,q,r\n".to_owned()).chain(lines).collect()
    };
    folder.write("r.csv", rows(300, 1));
    folder.write("c.csv", rows(150, 2));
    let tests = |correction: &str| -> Vec<Value> {
        let run = folder.run(&[
            "compare",
            "r.csv",
            "c.csv",
            "--test",
            "ks,chi2",
            "--correction",
            correction,
            "--json",
        ]);
        let columns = run.json()["columns"].as_array().unwrap().clone();
        columns.iter().flat_map(|column| column["tests"].as_array().unwrap().clone()).collect()
    };
    let number = |value: &Value| value.as_f64().unwrap();
    let p: Vec<f64> = tests("bh").iter().map(|test| number(&test["p_value"])).collect();
    assert_eq!(p.len(), 5, "two tests of each column of numbers, one of the categories");
    assert!(p.iter().any(|p| *p < 0.01) && p.iter().any(|p| *p > 0.1), "{p:?}");
    for (test, p_value) in tests("bonferroni").iter().zip(&p) {
        assert_eq!(number(&test["adjusted_p_value"]), (5.0 * p_value).min(1.0));
        assert_eq!(
            test["drift"],
            number(&test["adjusted_p_value"]) <= 0.05 && number(&test["effect"]) >= 0.1
        );
    }
    // By definition: the least, over thresholds t at or above p, of 5 t / (how many are at or below
    // t).
    for (test, p_value) in tests("benjamini-hochberg").iter().zip(&p) {
        let rate = |t: &f64| 5.0 * t / p.iter().filter(|other| *other <= t).count() as f64;
        let expected = p.iter().filter(|t| *t >= p_value).map(rate).fold(1.0, f64::min);
        assert!((number(&test["adjusted_p_value"]) - expected).abs() < 1e-15);
    }
}

#[test]
fn smallest_effects_by_test_and_for_all() {
    let folder = Folder::new("effects");
    two_columns(&folder);
    let effects = |flags: &[&str]| -> Vec<f64> {
        let arguments =
            [&["compare", "before.csv", "after.csv", "--json", "--test", "ks", "psi"], flags]
                .concat();
        let tests = folder.run(&arguments).json()["columns"][0]["tests"].clone();
        tests.as_array().unwrap().iter().map(|test| test["min_effect"].as_f64().unwrap()).collect()
    };
    assert_eq!(effects(&[]), [0.1, 0.1]);
    assert_eq!(effects(&["--min-effect", "0.3"]), [0.3, 0.3]);
    assert_eq!(effects(&["--min-effect", "psi=0.25"]), [0.1, 0.25]);
    assert_eq!(effects(&["--min-effect", "psi=0.25", "--min-effect", "0"]), [0.0, 0.25]);
}

#[test]
fn either_file_may_be_standard_input() {
    let folder = Folder::new("stdin");
    two_columns(&folder);
    let expected = folder.run(&["compare", "before.csv", "after.csv", "--json"]).out;
    let text = |name: &str| std::fs::read_to_string(folder.0.join(name)).unwrap();
    let first =
        Run::of(&mut folder.program(&["compare", "-", "after.csv", "--json"]), &text("before.csv"));
    let second =
        Run::of(&mut folder.program(&["compare", "before.csv", "-", "--json"]), &text("after.csv"));
    assert_eq!((first.out, second.out), (expected.clone(), expected));
    let refused = folder.run(&["compare", "-", "-"]);
    assert_eq!(
        refused.refused(),
        "error: CURRENT: got - for both files, expected a file for one of them"
    );
}

#[test]
fn the_table_is_aligned_plain_text() {
    let folder = Folder::new("table");
    folder.write("r.csv", format!("x,sort\n{}", "1,a\n2,b\n3,a\n4,b\n".repeat(25)));
    folder.write("c.csv", format!("sort,x\n{}", "a,11\na,12\nb,13\nc,14\n".repeat(25)));
    let run = folder.run(&["compare", "r.csv", "c.csv"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let lines: Vec<&str> = run.out.lines().collect();
    let verdict = "Drift in 2 of 2 columns: 100 observations against 100 (alpha 0.05, corrected by benjamini-hochberg)";
    assert_eq!(lines[0], verdict);
    assert_eq!(lines[1], "Compared as categories: \"sort\"");
    assert_eq!((lines.len(), lines[6]), (8, ""));
    assert!(
        lines[7].starts_with("\"sort\": categories that are new: \"c\" (25, p "),
        "{}",
        lines[7]
    );
    // Every cell of a left column begins, and every cell of a right one ends, where its title does.
    for (title, cells) in [
        ("test", ["ks", "chi2"]),
        ("method", ["exact", "asymptotic"]),
        ("drift", ["DRIFT", "DRIFT"]),
    ] {
        let at = lines[3].find(title).unwrap();
        assert!(
            lines[4][at..].starts_with(cells[0]) && lines[5][at..].starts_with(cells[1]),
            "{}",
            run.out
        );
    }
    let end = lines[3].find("statistic").unwrap() + "statistic".len();
    assert!(
        lines[4][..end].ends_with(" 1.000") && lines[5][..end].ends_with(" 33.33"),
        "{}",
        run.out
    );
    assert!(!run.out.contains('\x1b') && lines.iter().all(|line| line.trim_end() == *line));
}

#[test]
fn an_unknown_command_gets_the_list_of_those_there_are() {
    let folder = Folder::new("unknown");
    let run = folder.run(&["discover"]);
    assert!(run.refused().contains("'discover'"));
    let commands = run.err.split("Commands:").nth(1).unwrap();
    assert!(
        ["compare", "doctor"]
            .iter()
            .all(|name| commands.lines().any(|l| l.trim_start().starts_with(name)))
    );
    assert!(folder.run(&[]).refused().contains("compare"));
}

#[test]
fn bad_arguments_are_named() {
    let folder = Folder::new("arguments");
    two_columns(&folder);
    for (flags, message) in [
        (
            &["--test", "kss"][..],
            "ks, cvm, ad, kuiper, mannwhitney, welch, epps-singleton, chi2, g, fisher, psi, js, hellinger, tv, kl, wasserstein, energy, mmd, energy-nd, lsdd, c2st, pca, hotelling",
        ),
        (&["--permutations", "0"], "'--permutations <N>': 0 is not in 1..=10000000"),
        (&["--permutations", "many"], "'--permutations <N>'"),
        (&["--seed", "x"], "'--seed <SEED>'"),
        (&["--alpha", "0"], "'--alpha <ALPHA>': expected a probability between 0 and 1"),
        (&["--alpha", "NaN"], "'--alpha <ALPHA>': expected a probability between 0 and 1"),
        (&["--correction", "fdr"], "benjamini-yekutieli"),
        (&["--min-effect", "ks=much"], "expected a number, 0 or more, or TEST=NUMBER"),
        (&["--min-effect", "ks=-1"], "expected a number, 0 or more, or TEST=NUMBER"),
        (&["--min-effect", "kss=1"], "got \"kss\", expected one of ks, "),
        (
            &["--min-effect", "psi=1"],
            "--min-effect: got psi, expected a test that is run; add --test psi",
        ),
        (&["--fail-on", "rain"], "drift"),
        (&["--jsn"], "--json"),
    ] {
        let run = folder.run(&[&["compare", "before.csv", "after.csv"], flags].concat());
        assert!(run.refused().contains(message), "{flags:?}: {}", run.err);
    }
    assert!(folder.run(&["compare", "before.csv"]).refused().contains("<CURRENT>"));
}

#[test]
fn all_columns_together() {
    let folder = Folder::new("all-columns");
    two_columns(&folder);
    let files = ["compare", "before.csv", "after.csv"];
    let json = folder.run(&[&files[..], &["--test", "mmd,ks,hotelling", "--json"]].concat()).json();
    let tests = json["all_columns"]["tests"].as_array().unwrap();
    assert_eq!(
        tests.iter().map(|t| t["test"].as_str().unwrap()).collect::<Vec<_>>(),
        ["mmd", "hotelling"]
    );
    assert!(tests.iter().all(|t| t["drift"] == true && t["p_value"].as_f64().unwrap() <= 0.001));
    assert_eq!(json["all_columns"]["drift"], true);
    assert_eq!(json["columns"][0]["tests"].as_array().unwrap().len(), 1);
    let json = folder.run(&[&files[..], &["--json"]].concat()).json();
    assert!(json.get("all_columns").is_none(), "only where it was asked for");
    let table = folder.run(&[&files[..], &["--test", "energy-nd"]].concat());
    assert!(
        table.out.contains("(all columns)") && table.out.contains("and in all columns together"),
        "{}",
        table.out
    );
}

#[test]
fn permutations_are_counted_and_seeded() {
    let folder = Folder::new("permutations");
    // The first column has moved a little, the second by far.
    let rows = |step: u32, n: u32, by: f64| -> String {
        let row =
            |i: u32| (f64::from(i * step % n) / f64::from(n), f64::from(i * 31 % n) / f64::from(n));
        (0..n).map(row).map(|(x, y)| format!("{},{}\n", x + by, y + 20.0 * by)).collect()
    };
    folder.write("before.csv", format!("a,b\n{}", rows(17, 61, 0.0)));
    folder.write("after.csv", format!("a,b\n{}", rows(23, 43, 0.06)));
    let p_values = |flags: &[&str]| -> Vec<f64> {
        let json = folder
            .run(
                &[
                    &["compare", "before.csv", "after.csv", "--test", "energy,lsdd", "--json"],
                    flags,
                ]
                .concat(),
            )
            .json();
        let columns =
            json["columns"].as_array().unwrap().iter().flat_map(|c| c["tests"].as_array().unwrap());
        columns
            .chain(json["all_columns"]["tests"].as_array().unwrap())
            .map(|t| t["p_value"].as_f64().unwrap())
            .collect()
    };
    let few = p_values(&["--permutations", "39"]);
    assert!(
        few.iter().all(|p| (p * 40.0 - (p * 40.0).round()).abs() < 1e-9 && *p >= 1.0 / 40.0),
        "{few:?}"
    );
    assert!(few.contains(&(1.0 / 40.0)), "a column has moved");
    assert_eq!(p_values(&["--permutations", "999", "--seed", "0"]), p_values(&[]), "the defaults");
    let seeds: Vec<_> = (1..6)
        .map(|seed| p_values(&["--permutations", "199", "--seed", &seed.to_string()]))
        .collect();
    assert!(
        seeds.iter().any(|p| *p != seeds[0]),
        "a seed matters where nothing is certain: {seeds:?}"
    );
}

/// A column whose values are nine tenths of the one before.
fn depending(seed: u64, n: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    let mut last = 0.0;
    let values = (0..n + 100).map(|_| {
        last = 0.9 * last + uniform();
        format!("{last}\n")
    });
    "x\n".to_owned() + &values.skip(100).collect::<String>()
}

#[test]
fn rows_that_depend_on_each_other_are_hinted_at_and_compared_apart() {
    let folder = Folder::new("dependent");
    let mut found = [0, 0];
    for seed in 0..30 {
        folder.write("r.csv", depending(2 * seed, 4000));
        folder.write("c.csv", depending(2 * seed + 1, 4000));
        for (order, found) in ["given", "none"].into_iter().zip(&mut found) {
            let line =
                ["compare", "r.csv", "c.csv", "--json", "--min-effect", "0", "--order", order];
            let json = folder.run(&line).json();
            *found += u32::from(json["drift"] == true);
            assert_eq!(json["every"].as_u64().is_some_and(|every| every > 20), order == "given");
            assert_eq!(json["reference_size"].as_u64().unwrap() < 200, order == "given");
        }
    }
    // of 30 with a rate of 0.05: 8 once in some 5,000 suites
    assert!(found[0] < 8 && found[1] > 15, "{found:?}");
    let said = |args: &[&str]| folder.run(args).out;
    let text = said(&["compare", "r.csv", "c.csv"]);
    assert!(
        text.contains("Hint: column \"x\": neighbors depend on each other")
            && text.contains("--order given"),
        "{text}"
    );
    let text = said(&["compare", "r.csv", "c.csv", "--order", "given"]);
    assert!(text.contains("th row was compared") && !text.contains("Hint"), "{text}");
    folder.write("few.csv", depending(1, 300));
    let refused = folder.run(&["compare", "few.csv", "c.csv", "--order", "given"]);
    assert!(
        refused.code == 2 && refused.err.contains("order: got given, by which one in"),
        "{}",
        refused.err
    );
    folder.write("named.csv", "x,city\n".to_owned() + &"1,lima\n2,oslo\n3,rome\n".repeat(20));
    let refused = folder.run(&["compare", "named.csv", "named.csv", "--order", "given"]);
    assert!(refused.code == 2 && refused.err.contains("--ignore \"city\""), "{}", refused.err);
}
