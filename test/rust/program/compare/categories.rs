//! Columns of categories: seen in both samples, in one, in none, and numbers that are codes.

use serde_json::Value;

use super::support::Folder;
use super::{cases, near};

#[test]
fn categories_are_compared_as_scipy_does_seen_or_not() {
    let folder = Folder::new("scipy-counts");
    let mut unseen = 0;
    for case in cases("counts") {
        let counts = |key: &str| -> Vec<u64> {
            case[key].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
        };
        let (r, c) = (counts("reference"), counts("current"));
        if r.iter().sum::<u64>() > 100_000 {
            continue;
        }
        unseen += usize::from(r.iter().zip(&c).any(|(r, c)| (*r == 0) != (*c == 0)));
        let csv = |counts: &[u64]| -> String {
            let lines = counts
                .iter()
                .enumerate()
                .map(|(k, n)| format!("\"kind, {k}\"\n").repeat(*n as usize));
            std::iter::once("x\n".to_owned()).chain(lines).collect()
        };
        folder.write("r.csv", csv(&r));
        folder.write("c.csv", csv(&c));
        // the limit law is asked for where it is compared: an empty category has another by default
        let method = if case["large"].as_bool().unwrap() { "asymptotic" } else { "auto" };
        let asked = [
            "compare",
            "r.csv",
            "c.csv",
            "--test",
            "chi2",
            "--test",
            "psi",
            "--test=js",
            "--json",
            "--method",
            method,
        ];
        let run = folder.run(&asked);
        let json = run.json();
        let tests = &json["columns"][0]["tests"];
        for (k, p) in ["chi2", "psi", "js"].into_iter().zip(["chi2_p", "psi_p", "js_p"]).enumerate()
        {
            let test = &tests[k];
            assert_eq!(test["test"], p.0);
            near(&test["statistic"], &case[p.0], &case);
            if case["large"].as_bool().unwrap() {
                near(&test["p_value"], &case[p.1], &case);
                assert_eq!(test["method"], "asymptotic");
            } else {
                assert_ne!(test["method"], "asymptotic");
            }
        }
        let by_default = folder.run(&["compare", "r.csv", "c.csv", "--json"]).json();
        assert_eq!(by_default["columns"][0]["tests"].as_array().unwrap().len(), 1);
        assert_eq!(by_default["columns"][0]["tests"][0]["statistic"], tests[0]["statistic"]);
    }
    assert!(unseen > 2);
}

#[test]
fn numbers_that_are_codes_are_categories_when_told() {
    let folder = Folder::new("codes");
    folder.write("r.csv", format!("code\n{}", "1\n2\nx7\n".repeat(40)));
    folder.write("c.csv", format!("code\n{}", "2\nx7\n1\n".repeat(20)));
    assert!(
        folder
            .run(&["compare", "r.csv", "c.csv"])
            .refused()
            .contains("line 4, column \"code\": got \"x7\"")
    );
    let json = folder.run(&["compare", "r.csv", "c.csv", "--categorical", "code", "--json"]).json();
    let test = &json["columns"][0]["tests"][0];
    assert_eq!((test["test"].as_str(), test["statistic"].as_f64()), (Some("chi2"), Some(0.0)));
    let refused =
        folder.run(&["compare", "r.csv", "c.csv", "--categorical", "code", "--categorical", "cod"]);
    assert_eq!(
        refused.refused(),
        "error: --categorical: got \"cod\", expected a column of r.csv: \"code\""
    );
}

#[test]
fn categories_that_only_one_sample_has_are_named() {
    let folder = Folder::new("compare-one-sided");
    folder.write(
        "reference.csv",
        "color,x\n".to_owned() + &"red,1\nblue,2\ngray,3\ngray,2\n".repeat(10),
    );
    folder.write(
        "current.csv",
        "color,x\n".to_owned() + &"red,1\nblue,2\npink,3\nblue,2\n".repeat(10),
    );
    let json = folder.run(&["compare", "reference.csv", "current.csv", "--json"]).json();
    let (color, x) = (&json["columns"][0], &json["columns"][1]);
    assert_eq!(
        (&color["unseen"][0]["category"], &color["unseen"][0]["count"]),
        (&"pink".into(), &10.into())
    );
    assert_eq!(
        (&color["vanished"][0]["category"], &color["vanished"][0]["count"]),
        (&"gray".into(), &20.into())
    );
    // All of 10 in one half of 80: the product of (40 - i) / (80 - i).
    let p: f64 = (0..10).map(|i| f64::from(40 - i) / f64::from(80 - i)).product();
    assert!((color["unseen"][0]["p_value"].as_f64().unwrap() / p - 1.0).abs() < 1e-9);
    assert!(x.get("unseen").is_none() && x["tests"].is_array(), "numbers have none");
    let table = folder.run(&["compare", "reference.csv", "current.csv"]).out;
    assert!(
        table.contains("categories that are new: \"pink\" (10")
            && table.contains("gone: \"gray\" (20"),
        "{table}"
    );
    folder.write("same.csv", "color,x\n".to_owned() + &"red,1\nblue,2\ngray,3\n".repeat(10));
    let same = folder.run(&["compare", "reference.csv", "same.csv", "--json"]).json();
    assert_eq!(same["columns"][0]["unseen"], Value::Array(vec![]));
}

#[test]
fn a_column_without_values_in_the_reference_asks_for_no_test() {
    let folder = Folder::new("compare-blank");
    let rows = |kind: &str| (0..40).map(|i| format!("{},{kind}\n", i * 7 % 40)).collect::<String>();
    folder.write("r.csv", format!("x,kind\n{}", rows("NA")));
    folder.write("c.csv", format!("x,kind\n{}", rows("a")));
    let json = folder.run(&["compare", "r.csv", "c.csv", "--test", "cvm", "--json"]).json();
    assert_eq!(json["columns"][1]["tests"].as_array().unwrap().len(), 0);
    assert_eq!(
        (&json["columns"][1]["missing"]["reference"], &json["columns"][1]["drift"]),
        (&40.into(), &true.into())
    );
    assert_eq!(json["columns"][0]["tests"][0]["test"], "cvm");
}
