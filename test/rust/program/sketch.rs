//! `fluxguard sketch` on real files. What it writes, Python's datasketches reads:
//! `test/reference/sketches.py`.
#![allow(clippy::unwrap_used)]

use crate::support;

use support::Folder;

fn csv(values: impl Iterator<Item = String>) -> String {
    std::iter::once("x".to_owned()).chain(values).map(|v| v + "\n").collect()
}

#[test]
fn parts_are_written_and_merged() {
    let folder = Folder::new("sketch");
    for part in 0..3u32 {
        folder.write(
            &format!("n{part}.csv"),
            csv((0..4000).map(|i| ((i * 7919 + part * 13) % 10_007).to_string())),
        );
        folder.write(
            &format!("w{part}.csv"),
            csv((0..4000).map(|i| format!("w{}", (i * i + part) % 500))),
        );
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
            .run(&[
                "sketch", "--kind", kind, "--merge", &one, "--merge", &two, "--merge", &three,
                "--json",
            ])
            .json();
        let files = [0, 1, 2].map(|part| format!("{letter}{part}.csv"));
        let single = folder
            .run(&["sketch", &files[0], &files[1], &files[2], "--kind", kind, "--json"])
            .json();
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
            let away =
                (a["value"].as_f64().unwrap() - b["value"].as_f64().unwrap()).abs() / 10_007.0;
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
        (
            &["sketch", "n.csv", "--kind", "kll", "--column", "y"],
            "line 2, column \"y\": got \"a\", expected a number: kll is of quantiles",
        ),
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

#[test]
fn ids_are_ids() {
    let folder = Folder::new("sketch-ids");
    let distinct = |file: &str, more: &[&str]| {
        let json =
            folder.run(&[&["sketch", file, "--kind", "hll", "--json"], more].concat()).json();
        (
            json["distinct"]["estimate"].as_f64().unwrap().round() as u64,
            json["items"].as_str().unwrap().to_owned(),
        )
    };
    // Above 2^53 a double holds every second one.
    folder.write("long.csv", csv((0..100u64).map(|i| ((1u64 << 53) + i).to_string())));
    assert_eq!(distinct("long.csv", &[]), (100, "int".into()));
    assert_eq!(distinct("long.csv", &["--items", "text"]), (100, "text".into()));
    assert_eq!(distinct("long.csv", &["--items", "float"]), (51, "float".into()));
    // Longer than 64 bits, or with zeros in front: names.
    folder.write("longer.csv", csv((0..100).map(|i| format!("1234567890123456789012{i:02}"))));
    assert_eq!(distinct("longer.csv", &[]), (100, "text".into()));
    folder.write("zips.csv", csv((0..100).map(|i| format!("{:05}", i * 997))));
    assert_eq!(distinct("zips.csv", &[]), (100, "text".into()));
    folder.write("mixed.csv", csv(["7", "007", "7.0", "7"].into_iter().map(str::to_owned)));
    assert_eq!(
        (distinct("mixed.csv", &[]).0, distinct("mixed.csv", &["--items", "int"]).0),
        (3, 1)
    );
    folder.write("floats.csv", csv(["7", "7.5", "7.50", "8e0"].into_iter().map(str::to_owned)));
    assert_eq!(distinct("floats.csv", &[]), (3, "float".into()));
    // All parts alike: a text is no number to a sketch.
    for (items, both) in [("text", 200), ("int", 100)] {
        folder.run(&["sketch", "long.csv", "--kind", "hll", "--items", items, "--out", "part.hll"]);
        assert_eq!(
            distinct("long.csv", &["--items", "int", "--merge", "part.hll"]).0,
            both,
            "{items}"
        );
    }
    let hinted = folder.run(&["sketch", "long.csv", "--kind", "theta", "--out", "part.theta"]);
    assert!(hinted.out.contains("--items int"), "{}", hinted.out);
    // Frequent items of longs are a sketch of another kind.
    let run = folder.run(&[
        "sketch",
        "mixed.csv",
        "--kind",
        "frequent-items",
        "--items",
        "int",
        "--out",
        "f",
        "--json",
    ]);
    assert_eq!(
        (&run.json()["kind"], &run.json()["frequent"][0]["item"]),
        (&"frequent-longs".into(), &"7".into())
    );
    let read = folder.run(&["sketch", "--kind", "frequent-longs", "--merge", "f", "--json"]).json();
    assert_eq!(read["frequent"][0]["lower"], 4);
    let text = folder.run(&["sketch", "mixed.csv", "--kind", "frequent-items", "--json"]).json();
    assert_eq!(text["frequent"].as_array().unwrap().len(), 3);
    for (arguments, message) in [
        (&["--kind", "kll", "--items", "text"][..], "--items: got int or text"),
        (&["--kind", "frequent-longs", "--items", "float"], "--items: got float"),
        (&["--kind", "hll", "--items", "word"], "text"),
    ] {
        assert!(
            folder.run(&[&["sketch", "long.csv"], arguments].concat()).refused().contains(message)
        );
    }
    let bad = folder.run(&["sketch", "floats.csv", "--kind", "hll", "--items", "int"]);
    assert!(bad.refused().contains(
        "floats.csv: line 3, column \"x\": got \"7.5\", expected a whole number of 64 bits; fix it, or say --items text"
    ));
}
