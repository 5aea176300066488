//! Quotes that a reader of CSV would take for something else: one that is never closed swallows all
//! lines below it.

use super::{BadCsv, bad};

/// Where the reader stands in a cell.
enum Place {
    Begin,
    Plain,
    /// In a cell whose quote was opened in this line.
    Quoted(u64),
    Closed,
}

/// Demands that quoted cells are closed, and end where their quote does.
///
/// # Errors
/// [`BadCsv`] with the line: of an open quote that in which it was opened.
pub(super) fn check(file: &str, text: &str, separator: u8) -> Result<(), BadCsv> {
    let (mut place, mut line, mut bytes) = (Place::Begin, 1, text.bytes().peekable());
    while let Some(byte) = bytes.next() {
        line += u64::from(byte == b'\n');
        place = match (place, byte) {
            (Place::Quoted(_), b'"') if bytes.next_if_eq(&b'"').is_none() => Place::Closed,
            (Place::Quoted(opened), _) => Place::Quoted(opened),
            (_, b'\n' | b'\r') => Place::Begin,
            (_, byte) if byte == separator => Place::Begin,
            (Place::Begin, b'"') => Place::Quoted(line),
            (Place::Closed, b' ' | b'\t') => Place::Closed,
            (Place::Closed, _) => {
                let fix = "a quote inside a quoted cell is written twice";
                return Err(bad(
                    file,
                    Some(line),
                    None,
                    "a cell goes on behind its closing quote",
                    fix,
                ));
            }
            (Place::Begin | Place::Plain, _) => Place::Plain,
        };
    }
    match place {
        Place::Quoted(opened) => Err(bad(
            file,
            Some(opened),
            None,
            "a quote is opened and never closed",
            "close it, or remove it",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_quotes_and_text_behind_them_are_found_in_their_lines() {
        let line = |text: &str| check("f.csv", text, b',').err().map(|error| error.to_string());
        for good in [
            "",
            "a,b\n1,2\n",
            "a,\"b\"\n\"1\n2\",\"x\"\"y\" \r\n",
            "5\" pipe,x\n",
            "a\n\"\"\n",
            "\"a,b\",c",
        ] {
            assert_eq!(line(good), None, "{good}");
        }
        for (bad, place) in [
            ("a,b\n1,x\n2,\"y\n3,z\n", "line 3"),
            ("a\n\"", "line 2"),
            ("a\n\"x\"\"", "line 2"),
            ("a,b\n\"1\n2\",\"x\"y\n", "line 3"),
        ] {
            let error = line(bad).unwrap_or_default();
            assert!(error.contains(place) && error.contains("quote"), "{bad}: {error}");
        }
    }
}
