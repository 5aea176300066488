//! Malformed files through every command: done, or refused with the place and the fix; never a
//! panic, another exit code, or JSON that is none.
#![allow(clippy::unwrap_used)]

use crate::support;

use support::{Folder, Run};

/// A whole file: what every command reads of it.
const HEADER: &str = "id,time,prediction,label,p,x";

fn rows(n: usize) -> Vec<Vec<String>> {
    let row = |i: usize| {
        let x = i.wrapping_mul(7919) % 101;
        vec![
            i.to_string(),
            i.to_string(),
            (i % 2).to_string(),
            (i / 2 % 2).to_string(),
            format!("0.{x:03}"),
            x.to_string(),
        ]
    };
    (0..n).map(row).collect()
}

fn text(header: &str, rows: &[Vec<String>], end: &str) -> String {
    std::iter::once(header.to_owned())
        .chain(rows.iter().map(|row| row.join(",")))
        .map(|line| line + end)
        .collect()
}

/// Cells that may stand where a number was.
const CELLS: [&str; 22] = [
    "",
    " ",
    "NA",
    "nan",
    "null",
    "inf",
    "-inf",
    "1e999",
    "1e-999",
    "word",
    "\"",
    "\"a\"\"b\"",
    "\"a,b\"",
    "\"two\nlines\"",
    "\u{0}",
    "\u{1b}[2J",
    "🦀",
    "1,5",
    "0x1f",
    "1_000",
    "99999999999999999999999",
    "--x",
];

/// Bad files, each with a name that says what is wrong.
fn bad_files() -> Vec<(String, Vec<u8>)> {
    let good = rows(40);
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: String, content: Vec<u8>| all.push((name, content));
    for (k, cell) in CELLS.iter().enumerate() {
        for (at, column) in [(0, 5), (20, 4), (39, 3), (7, 0), (12, 1)] {
            let mut rows = good.clone();
            rows[at][column] = (*cell).to_owned();
            add(format!("cell {k} in {at},{column}"), text(HEADER, &rows, "\n").into_bytes());
        }
    }
    for column in 0..6 {
        let mut rows = good.clone();
        rows.iter_mut().for_each(|row| row[column] = "NA".into());
        add(format!("column {column} without values"), text(HEADER, &rows, "\n").into_bytes());
        rows.iter_mut().for_each(|row| row[column] = "1".into());
        add(format!("column {column} constant"), text(HEADER, &rows, "\n").into_bytes());
        rows.iter_mut().for_each(|row| row[column] = "w".into());
        add(format!("column {column} of one word"), text(HEADER, &rows, "\n").into_bytes());
    }
    let whole = text(HEADER, &good, "\n");
    for (name, content) in [
        ("nothing", String::new()),
        ("one line feed", "\n".into()),
        ("line feeds", "\n\n\n\n".into()),
        ("spaces", "   \n  \n".into()),
        ("a mark alone", "\u{feff}".into()),
        ("header alone", format!("{HEADER}\n")),
        ("header without end", HEADER.into()),
        ("no header", whole.replacen(&format!("{HEADER}\n"), "", 1)),
        ("empty line first", format!("\n{whole}")),
        ("empty line second", whole.replacen('\n', "\n\n", 1)),
        ("empty lines last", format!("{whole}\n\n\n")),
        ("spaces last", format!("{whole}   \n")),
        ("short line", whole.replacen("7,7,1", "7,1", 1)),
        ("long line", whole.replacen("7,7,1", "7,7,7,1", 1)),
        ("one cell last", format!("{whole}5\n")),
        ("quote never closed", format!("{whole}\"5,5,1,1,0.5,5\n")),
        ("quote in a cell", whole.replacen("9,9", "9\"9,9", 1)),
        ("names twice", whole.replacen("label,p", "p,p", 1)),
        ("a name without letters", whole.replacen("label,p", ",p", 1)),
        ("names of spaces", whole.replacen("label,p", "  ,p", 1)),
        ("names of two lines", whole.replacen("label", "\"la\nbel\"", 1)),
        ("control characters in a name", whole.replacen("label", "la\u{1b}[31mbel", 1)),
        ("a long name", whole.replacen("label", &"n".repeat(70_000), 1)),
        ("semicolons", whole.replace(',', ";")),
        ("tabs", whole.replace(',', "\t")),
        ("pipes", whole.replace(',', "|")),
        ("carriage returns", whole.replace('\n', "\r")),
        ("both ends", whole.replace('\n', "\r\n")),
        ("both ends and empty lines", whole.replace('\n', "\r\n\r\n")),
        ("lines turned round", {
            let mut rows = good.clone();
            rows.reverse();
            text(HEADER, &rows, "\n")
        }),
        ("one observation", text(HEADER, &good[..1], "\n")),
        ("two observations", text(HEADER, &good[..2], "\n")),
        (
            "a cell of a million",
            whole.replacen("39,39", &format!("{},39", "9".repeat(1_000_000)), 1),
        ),
        (
            "many columns",
            format!(
                "{}\n{}\n",
                (0..3000).map(|k| format!("c{k}")).collect::<Vec<_>>().join(","),
                ["1"; 3000].join(",")
            ),
        ),
        ("JSON", "{\"id\": [1, 2]}\n".into()),
        ("markup", "<html>\n<body>\n".into()),
    ] {
        add(name.to_owned(), content.into_bytes());
    }
    let utf16 = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        mark.iter().copied().chain(whole.encode_utf16().flat_map(bytes)).collect()
    };
    add("UTF-16, little".into(), utf16(&[0xff, 0xfe], u16::to_le_bytes));
    add("UTF-16, big".into(), utf16(&[0xfe, 0xff], u16::to_be_bytes));
    add("UTF-16 without mark".into(), utf16(&[], u16::to_le_bytes));
    add("UTF-16, cut".into(), utf16(&[0xff, 0xfe], u16::to_le_bytes)[..101].to_vec());
    add("Latin-1".into(), [whole.as_bytes(), b"1,1,1,1,0.5,\xfc\n"].concat());
    add("gzip".into(), [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0][..], &[7; 40]].concat());
    add("zeros".into(), vec![0; 4096]);
    add(
        "noise".into(),
        (0..4096u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect(),
    );
    all
}

const COMMANDS: &[&[&str]] = &[
    &["compare", "good.csv", "bad.csv"],
    &["compare", "bad.csv", "good.csv", "--json"],
    &["compare", "bad.csv", "bad2.csv", "--test", "ks,chi2,welch", "--categorical", "label"],
    &["compare", "good.csv", "bad.csv", "--only", "p,x", "--test", "hotelling", "--json"],
    &["compare", "good.csv", "bad.csv", "--ignore", "id,time"],
    &[
        "detect",
        "--detector",
        "mahalanobis",
        "--fit",
        "good.csv",
        "--score",
        "bad.csv",
        "--only",
        "p,x",
        "--json",
    ],
    &["detect", "--detector", "knn", "--fit", "bad.csv", "--score", "good.csv", "--explain"],
    &[
        "detect",
        "--detector",
        "mahalanobis",
        "--fit",
        "bad.csv",
        "--score",
        "good.csv",
        "--label-column",
        "label",
    ],
    &[
        "detect",
        "--detector",
        "frequency",
        "--fit",
        "good.csv",
        "--score",
        "bad.csv",
        "--column",
        "label",
        "--json",
    ],
    &[
        "detect",
        "--detector",
        "markov",
        "--fit",
        "bad.csv",
        "--score",
        "good.csv",
        "--column",
        "x",
        "--by",
        "label",
    ],
    &["detect", "--detector", "ngram", "--fit", "good.csv", "--score", "bad.csv", "--explain"],
    &[
        "compare-detectors",
        "--fit",
        "good.csv",
        "--score",
        "bad.csv",
        "--label-column",
        "label",
        "--detector",
        "zscore",
        "--json",
    ],
    &[
        "threshold",
        "bad.csv",
        "--column",
        "x",
        "--method",
        "percentile",
        "--initial",
        "20",
        "--label-column",
        "label",
    ],
    &[
        "threshold",
        "good.csv",
        "--column",
        "x",
        "--method",
        "conformal",
        "--calibration",
        "bad.csv",
        "--json",
    ],
    &["stream", "bad.csv", "--detector", "page-hinkley", "--column", "x", "--json"],
    &["stream", "good.csv", "--detector", "two-sample", "--against", "bad.csv", "--column", "p"],
    &["adjust", "bad.csv", "--column", "p", "--json"],
    &["adjust", "bad.csv"],
    &[
        "performance",
        "good.csv",
        "bad.csv",
        "--score",
        "p",
        "--label",
        "label",
        "--chunk-size",
        "10",
        "--json",
    ],
    &[
        "performance",
        "bad.csv",
        "good.csv",
        "--score",
        "p",
        "--label",
        "label",
        "--prediction",
        "prediction",
        "--chunk-size",
        "10",
    ],
    &["late-labels", "good.csv", "bad.csv", "--json"],
    &["late-labels", "bad.csv", "good.csv", "--outcome", "squared-error"],
    &["sketch", "bad.csv", "--kind", "hll", "--column", "id", "--json"],
    &["sketch", "bad.csv", "--kind", "kll", "--column", "x"],
    &["sketch", "bad.csv", "--kind", "frequent-items", "--items", "int", "--column", "id"],
];

/// Why a run is not as it should be.
fn fault(run: &Run, json: bool) -> Option<&'static str> {
    match run.code {
        _ if run.err.contains("panicked") => Some("a panic"),
        0 | 1 if !run.err.is_empty() => Some("done, with an error"),
        0 | 1 if json && serde_json::from_str::<serde_json::Value>(&run.out).is_err() => {
            Some("no JSON")
        }
        0 | 1 => None,
        2 if !run.out.is_empty() => Some("refused, with an answer"),
        2 if !run.err.starts_with("error: ") => Some("refused without a reason"),
        2 if run.err.len() > 2000 => Some("a message that nobody reads"),
        2 if run.err.contains('\u{1b}') => Some("a message that steers the terminal"),
        // Of a file: where, or that it is of the whole; else an argument and what was expected.
        2 if run.err.contains("bad.csv: ") && !run.err.contains("PathUnusable") => {
            let whole =
                ["the file is empty", "there is no sequence", "no line has a value", "expected"];
            let place = run.err.contains(": line ") || run.err.contains("bad.csv: column ");
            (!place && !whole.iter().any(|part| run.err.contains(part))).then_some("no place")
        }
        2 => (!run.err.contains("expected") && !run.err.contains("; ")).then_some("no fix"),
        _ => Some("another exit code"),
    }
}

#[test]
fn every_command_is_done_or_says_where_and_why_not() {
    let folder = Folder::new("malformed");
    folder.write("good.csv", text(HEADER, &rows(60), "\n"));
    let mut faults = Vec::new();
    let files = bad_files();
    assert!(files.len() * COMMANDS.len() > 1_475);
    for (name, content) in files {
        folder.write("bad.csv", &content);
        folder.write("bad2.csv", &content);
        for command in COMMANDS {
            let run = folder.run(command);
            if let Some(fault) = fault(&run, command.contains(&"--json")) {
                let told: String = run.err.chars().take(300).collect();
                faults.push(format!("{name}: {command:?}: {fault}: {} {told}", run.code));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults[..faults.len().min(20)].join("\n")
    );
}
