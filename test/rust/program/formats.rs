//! How the text of a file is read, by all commands alike: separators, decimals, encodings, wide
//! headers, and the lines that messages name.
#![allow(clippy::unwrap_used)]

use crate::support;

use support::Folder;

#[test]
fn separators_decimals_and_encodings_change_nothing() {
    let folder = Folder::new("reading-dialect");
    let plain = "größe,b\n1.5,2\n3,4.25\n-1e2,\n";
    folder.write("plain.csv", plain);
    let expected =
        folder.run(&["compare", "plain.csv", "plain.csv", "--json"]).json()["columns"].clone();
    let german = plain.replace(',', ";").replace('.', ",");
    let wide = |bytes: fn(u16) -> [u8; 2], mark: &[u8], text: &str| -> Vec<u8> {
        mark.iter().copied().chain(text.encode_utf16().flat_map(bytes)).collect()
    };
    folder.write("german.csv", &german);
    folder.write("tab.csv", plain.replace(',', "\t"));
    folder.write("little.csv", wide(u16::to_le_bytes, &[0xff, 0xfe], plain));
    folder.write("big.csv", wide(u16::to_be_bytes, &[0xfe, 0xff], &plain.replace('\n', "\r\n")));
    folder.write("bom.csv", [&b"\xef\xbb\xbf"[..], plain.as_bytes()].concat());
    for (file, flags) in [
        ("german.csv", &["--separator", ";", "--decimal", ","][..]),
        ("tab.csv", &["--separator", "tab"]),
        ("little.csv", &[]),
        ("big.csv", &[]),
        ("bom.csv", &[]),
    ] {
        let json = folder.run(&[&["compare", file, file, "--json"], flags].concat()).json();
        assert_eq!(json["columns"], expected, "{file}");
    }
    folder.write("unmarked.csv", wide(u16::to_le_bytes, &[], plain));
    folder.write("cut.csv", &wide(u16::to_le_bytes, &[0xff, 0xfe], "a\n1\nü")[..11]);
    folder.write("latin.csv", b"a,b\n1,gr\xf6\xdfe\n");
    for (file, flags, message) in [
        ("german.csv", &[][..], "say --separator \";\""),
        ("german.csv", &["--separator", ";"], "say --decimal , where numbers are written so"),
        ("german.csv", &["--separator", ";", "--decimal", ";"], "--decimal"),
        (
            "german.csv",
            &["--separator", ",", "--decimal", ","],
            "--separator: got ',', which is also --decimal",
        ),
        ("tab.csv", &[], "say --separator tab"),
        ("plain.csv", &["--decimal", ",", "--separator", ";"], "say --separator \",\""),
        (
            "unmarked.csv",
            &[],
            "unmarked.csv: line 1: character 1: this is UTF-16 without a byte order mark; save the file as UTF-8",
        ),
        ("cut.csv", &[], "line 3: character 1: the UTF-16 text ends within a character"),
        ("latin.csv", &[], "latin.csv: line 2: character 5: the text is not UTF-8"),
    ] {
        for command in [
            &["compare", file, file][..],
            &[
                "detect",
                "--detector",
                "frequency",
                "--fit",
                file,
                "--score",
                "plain.csv",
                "--column",
                "b",
            ],
        ] {
            let run = folder.run(&[command, flags].concat());
            if command[0] == "compare"
                || file.ends_with("d.csv")
                || file.starts_with("latin")
                || file.starts_with("cut")
            {
                assert!(run.refused().contains(message), "{command:?} {flags:?}: {}", run.err);
            }
        }
    }
}

#[test]
fn wide_headers_and_long_names() {
    let folder = Folder::new("reading-wide");
    let header: Vec<String> = (0..50_000).map(|k| format!("feature_{k}")).collect();
    let row = (0..50_000).map(|k| (k % 7).to_string()).collect::<Vec<_>>().join(",");
    let wide = format!("{}\n{row}\n{row}\n", header.join(","));
    folder.write("wide.csv", &wide);
    folder.write("twice.csv", wide.replace("feature_49999", "feature_0"));
    let json = folder.run(&["compare", "wide.csv", "wide.csv", "--json"]).json();
    assert_eq!(json["columns"].as_array().unwrap().len(), 50_000);
    assert!(
        folder
            .run(&["compare", "wide.csv", "twice.csv"])
            .refused()
            .contains("two columns have this name")
    );
    assert!(
        folder
            .run(&["sketch", "wide.csv", "--kind", "hll", "--column", "feature_49999"])
            .out
            .starts_with("hll")
    );
    // Longer than a format's width can be: in every table.
    let name = "n".repeat(70_000);
    folder.write("long.csv", format!("{name}\n1\n2\n5\n{}", "3\n4\n".repeat(20)));
    folder.write("long2.csv", format!("{name}\n2\n5\n{}", "4\n3\n".repeat(10)));
    folder
        .write("cells.csv", format!("w\n{}\n{}\nshort\n", "c".repeat(70_000), "d".repeat(100_000)));
    for arguments in [
        &["compare", "long.csv", "long2.csv"][..],
        &[
            "detect",
            "--detector",
            "knn",
            "--fit",
            "long.csv",
            "--score",
            "long2.csv",
            "--explain",
            "--neighbors",
            "2",
        ],
        &["stream", "long.csv", "--detector", "cusum"],
        &["sketch", "cells.csv", "--kind", "frequent-items"],
        &["compare", "cells.csv", "cells.csv"],
        &[
            "detect",
            "--detector",
            "frequency",
            "--fit",
            "cells.csv",
            "--score",
            "case.csv",
            "--column",
            "w",
        ],
    ] {
        folder.write("case.csv", format!("w\nshort\n{}\n", "e".repeat(70_000)));
        let run = folder.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.err);
        assert!(run.out.lines().all(|line| line.chars().count() < 600), "{arguments:?}");
    }
}

#[test]
fn lines_in_messages_are_those_of_an_editor() {
    let folder = Folder::new("reading-lines");
    // Names and cells of two lines, and empty lines of a file of one column, move what is below.
    folder.write("p.csv", "id,time,prediction\n\"a\nb\",1,0\nc,2,1\n");
    folder.write("l.csv", "id,time,\"label\"\nc,3,1\n\"x\ny\",4,1\nd,yesterday,0\n");
    let run = folder.run(&["late-labels", "p.csv", "l.csv"]);
    assert!(
        run.refused().contains("l.csv: line 5, column \"time\": got \"yesterday\""),
        "{}",
        run.err
    );
    folder.write("ids.csv", "i\n1\n\n\n2\nx\n");
    let run = folder.run(&["sketch", "ids.csv", "--kind", "hll", "--items", "int"]);
    assert!(run.refused().contains("ids.csv: line 6, column \"i\": got \"x\""), "{}", run.err);
}
