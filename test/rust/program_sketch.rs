//! `fluxguard sketch` on real files. What it writes, Python's datasketches reads: `test/reference/sketches.py`.
#![allow(clippy::unwrap_used)]

#[path = "program_support.rs"]
mod support;

use support::Folder;

fn csv(values: impl Iterator<Item = String>) -> String {
    std::iter::once("x".to_owned()).chain(values).map(|v| v + "\n").collect()
}

#[test]
fn parts_are_written_and_merged() {
    let folder = Folder::new("sketch");
    for part in 0..3u32 {
        folder.write(&format!("n{part}.csv"), csv((0..4000).map(|i| ((i * 7919 + part * 13) % 10_007).to_string())));
        folder.write(&format!("w{part}.csv"), csv((0..4000).map(|i| format!("w{}", (i * i + part) % 500))));
    }
    for kind in ["kll", "tdigest", "hll", "theta", "frequent-items"] {
        let letter = if kind == "frequent-items" { "w" } else { "n" };
        for part in 0..3 {
            let (file, out) = (format!("{letter}{part}.csv"), format!("{part}.{kind}"));
            let run = folder.run(&["sketch", &file, "--kind", kind, "--out", &out]);
            assert_eq!(run.code, 0, "{}", run.err);
        }
        let (one, two, three) = (format!("0.{kind}"), format!("1.{kind}"), format!("2.{kind}"));
        let merged = folder
            .run(&["sketch", "--kind", kind, "--merge", &one, "--merge", &two, "--merge", &three, "--json"])
            .json();
        let files = [0, 1, 2].map(|part| format!("{letter}{part}.csv"));
        let single = folder.run(&["sketch", &files[0], &files[1], &files[2], "--kind", kind, "--json"]).json();
        assert_eq!(merged["observations"], single["observations"]);
        assert_eq!(merged["kind"], kind);
        if let Some(distinct) = merged["distinct"]["estimate"].as_f64() {
            let other = single["distinct"]["estimate"].as_f64().unwrap();
            assert!((distinct / other - 1.0).abs() < 0.04, "{kind}: {distinct} {other}");
        }
        for (a, b) in merged["quantiles"]
            .as_array()
            .into_iter()
            .flatten()
            .zip(single["quantiles"].as_array().into_iter().flatten())
        {
            let away = (a["value"].as_f64().unwrap() - b["value"].as_f64().unwrap()).abs() / 10_007.0;
            assert!(away < 0.04, "{kind}: {a} {b}");
        }
        if kind == "frequent-items" {
            assert_eq!(merged["frequent"], single["frequent"], "all fit into the map: exact");
        }
        assert!(folder.run(&["sketch", &files[0], "--kind", kind]).out.starts_with(kind));
    }
}

#[test]
fn bad_input_is_named() {
    let folder = Folder::new("sketch-bad");
    folder.write("n.csv", "x,y\n1,a\n2,b\n");
    folder.write("noise", [7u8; 40]);
    for (arguments, message) in [
        (&["sketch", "--kind", "kll"][..], "VALUES: got nothing"),
        (&["sketch", "n.csv", "--kind", "kll"], "--column: got 2 columns"),
        (&["sketch", "n.csv", "--kind", "kll", "--column", "z"], "--column: got \"z\""),
        (&["sketch", "n.csv", "--kind", "kll", "--column", "y"], "which takes numbers"),
        (&["sketch", "n.csv", "--kind", "kll", "--column", "x", "--size", "2"], "size: got 2"),
        (&["sketch", "--kind", "kll", "--merge", "noise"], "noise is damaged"),
        (&["sketch", "--kind", "kll", "--merge", "none"], "expected a path that can be read"),
        (
            &["sketch", "n.csv", "--kind", "hll", "--column", "x", "--out", "no/such/folder"],
            "expected a path that can be written",
        ),
        (&["sketch", "n.csv", "--kind", "median"], "frequent-items"),
    ] {
        let run = folder.run(arguments);
        assert!(run.refused().contains(message), "{arguments:?}: {}", run.err);
    }
}
