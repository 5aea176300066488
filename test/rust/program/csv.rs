//! Bad files: every one is refused with the file, the line, the column and the fix; none is read
//! wrongly.
#![allow(clippy::unwrap_used)]

use crate::support;

use support::{Folder, Run};

const GOOD: &str = "a,b\n1,2\n3,4\n";

/// The message about `content` as the current sample, beside a good reference.
fn message(content: impl AsRef<[u8]>) -> String {
    static RUN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = RUN.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = Folder::new(&format!("csv-{number}-{}", std::process::id()));
    folder.write("good.csv", GOOD);
    folder.write("bad.csv", content);
    folder.run(&["compare", "good.csv", "bad.csv"]).refused().to_owned()
}

#[test]
fn cells() {
    let or = |cell: &str| {
        let missing = format!("where it stands for no value, say --missing {cell:?}");
        format!(
            "fix the cell or remove the line; {missing}; compare can take the column as categories: --categorical \"b\""
        )
    };
    let word = "got \"n/a\", expected a number, as in line 2";
    assert_eq!(
        message("a,b\n1,2\n3,n/a\n"),
        format!("error: bad.csv: line 3, column \"b\": {word}; {}", or("n/a"))
    );
    let word = "got \"n/a\", expected a number, as in the reference";
    assert_eq!(
        message("a,b\n1,n/a\n3,4\n"),
        format!("error: bad.csv: line 2, column \"b\": {word}; {}", or("n/a"))
    );
    for cell in ["inf", "-Infinity", "1e999"] {
        let expected = format!(
            "line 2, column \"b\": got {cell:?}, which is not a finite number; {}",
            or(cell)
        );
        assert_eq!(message(format!("a,b\n1,{cell}\n")), format!("error: bad.csv: {expected}"));
    }
    let long = message(format!("a,b\n1,{}\n", "z".repeat(5000)));
    assert!(long.len() < 400 && long.contains("zzz\"..., expected a number"), "{long}");
    assert!(message("a,b\n1,\x1b[2J\n").contains("\"\\u{1b}[2J\""));
}

#[test]
fn a_number_among_words() {
    let folder = Folder::new("words");
    folder.write("r.csv", "w\nx\ny\n7\n");
    folder.write("good.csv", "w\nx\ny\n");
    folder.write("c.csv", "w\n7\nx\n");
    let run = folder.run(&["compare", "r.csv", "good.csv"]);
    assert!(
        run.refused().contains(
            "r.csv: line 4, column \"w\": got \"7\", a number, expected text, as in line 2"
        )
    );
    let run = folder.run(&["compare", "good.csv", "c.csv"]);
    assert!(run.refused().contains(
        "c.csv: line 2, column \"w\": got \"7\", a number, expected text, as in the ref"
    ));
    let run =
        folder.run(&["compare", "good.csv", "good.csv", "--test", "ks", "--test", "wasserstein"]);
    let expected = "good.csv: line 2, column \"w\": got \"x\", which is a category; the tests asked for (ks, wasserstein) compare numbers";
    assert!(run.refused().contains(expected), "{}", run.err);
}

#[test]
fn ragged_lines() {
    let short = "1 cell, expected 2, as in the header; this column and those after it have none: add them, or remove the line";
    assert_eq!(message("a,b\n1,2\n3\n"), format!("error: bad.csv: line 3, column \"b\": {short}"));
    let long = "3 cells, expected 2, as in the header; remove what comes after this column, or put text with commas in quotes";
    assert_eq!(
        message("a,b\n1,2\n3,4,5\n"),
        format!("error: bad.csv: line 3, column \"b\": {long}")
    );
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    let at = |content: &str| {
        let text = message(content);
        text.strip_prefix("error: bad.csv: line ")
            .and_then(|t| t.split([',', ':']).next())
            .unwrap()
            .to_owned()
    };
    assert_eq!(at("a,b\r\n1,2\r\n3,x\r\n"), "3");
    assert_eq!(at("\u{feff}a,b\n1,2\n3,x"), "3");
    assert_eq!(at("a,b\n\"1\",2\n3,x\n"), "3");
    assert_eq!(at("\"a\",\"b\n\"\n1,2\n3,x\n"), "4", "a name of two lines");
    let empty = "the line is empty; remove it, or give it a cell for each column";
    for (content, line) in [
        ("a,b\n\n1,2\n", 2),
        ("\na,b\n1,2\n", 1),
        ("a,b\r\n1,2\r\n\r\n3,4\r\n", 3),
        ("a,b\n1,2\n\n\n3,4\n", 3),
    ] {
        assert_eq!(message(content), format!("error: bad.csv: line {line}: {empty}"));
    }
}

#[test]
fn ends_of_lines_marks_and_spaces_change_nothing() {
    let folder = Folder::new("ends");
    folder.write("good.csv", GOOD);
    folder.write("same.csv", GOOD);
    let expected = folder.run(&["compare", "good.csv", "same.csv", "--json"]);
    assert_eq!(expected.code, 0);
    let same = [
        "\u{feff}a,b\r\n1,2\r\n3,4",
        "a , b\n 1,\t2\n3 ,4\n\n\n",
        "\"a\",\"b\"\n\"1\",2.0\n3e0,+4\n",
        "b,a\n2,1\n4,3\n",
    ];
    for text in same {
        let run = Run::of(&mut folder.program(&["compare", "good.csv", "-", "--json"]), text);
        assert_eq!((run.out.as_str(), run.err.as_str()), (expected.out.as_str(), ""), "{text:?}");
    }
}

#[test]
fn headers() {
    let rest =
        "rename or add columns, or leave some out by --ignore or --only, until both have the same";
    let lacks =
        "error: bad.csv: line 1, column \"b\": there is no such column, but good.csv has it";
    assert_eq!(message("a\n1\n"), format!("{lacks}; its columns are \"a\"; {rest}"));
    let alike = "; \"B\" is \"b\" but for case, spaces or signs";
    assert_eq!(
        message("a,B\n1,2\n"),
        format!("{lacks}; its columns are \"a\", \"B\"; {rest}{alike}")
    );
    let more = "error: good.csv: line 1, column \"c\": there is no such column (nor \"d\"), but bad.csv has it";
    assert_eq!(
        message("a,b,c,d\n1,2,3,4\n"),
        format!("{more}; its columns are \"a\", \"b\"; {rest}")
    );
    assert!(
        message("1,2\n3,4\n").ends_with("line 1 of bad.csv holds numbers: is its header missing?")
    );
    assert!(
        message("a,b,a\n1,2,3\n")
            .starts_with("error: bad.csv: line 1, column \"a\": two columns have this name")
    );
    assert!(
        message(",a,b\n0,1,2\n")
            .starts_with("error: bad.csv: line 1: column 1 of the header has no name; name it")
    );
    assert!(message("a;b\n1;2\n").ends_with(
        "column \"a;b\": the header is a single column, cut at ','; say --separator \";\", or rename the column"
    ));
}

#[test]
fn files() {
    let text = "the file is empty; expected a CSV with a header and a line for each observation";
    assert_eq!(message(""), format!("error: bad.csv: {text}"));
    assert_eq!(message("\n\n"), format!("error: bad.csv: {text}"));
    let text = "there is a header and no observation; add at least one line below it";
    assert_eq!(message("a,b\n"), format!("error: bad.csv: line 1: {text}"));
    assert_eq!(
        message(b"a,b\n1,2\n3,\xff\n"),
        "error: bad.csv: line 3: character 3: the text is not UTF-8; save the file as UTF-8"
    );

    let folder = Folder::new("files");
    folder.write("good.csv", GOOD);
    let missing = folder.run(&["compare", "good.csv", "none.csv"]);
    let text = missing.refused();
    assert!(
        text.starts_with("error: CURRENT: none.csv: ")
            && text.ends_with("expected a path that can be read"),
        "{text}"
    );
    let missing = folder.run(&["compare", "none.csv", "good.csv"]);
    assert!(missing.refused().starts_with("error: REFERENCE: none.csv: "));
    assert!(
        folder.run(&["compare", ".", "good.csv"]).refused().starts_with("error: REFERENCE: .: ")
    );
    let empty = Run::of(&mut folder.program(&["compare", "good.csv", "-"]), "");
    assert!(empty.refused().starts_with("error: standard input: the file is empty"));
}

#[test]
fn values_beyond_the_engines_range_are_refused() {
    let folder = Folder::new("range");
    folder.write("wide.csv", "a\n-1e308\n1e308\n");
    assert!(
        folder
            .run(&["compare", "wide.csv", "wide.csv"])
            .refused()
            .contains("reference: got values from")
    );
}
