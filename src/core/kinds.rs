//! What a file is, by how it begins: FluxGuard's own, a journal of alerts, a sketch of Apache
//! DataSketches, a CSV, what others pack tables into. For the error about a file that is whole but
//! another one.

use std::path::Path;

use serde::Deserialize;

use crate::error::Error;

/// What the header of FluxGuard's files says first.
pub const FORMAT: &str = "fluxguard";
/// How the state of a private run begins.
pub const PRIVATE: &[u8; 4] = b"FGDP";
/// How a line of a journal begins.
pub const ALERT: &[u8] = b"{\"id\":";
/// How FluxGuard's other files begin.
const HEADER: &[u8] = b"{\"format\":\"fluxguard\",\"kind\":";
/// What is shorter may be a file whose rest was lost.
const SHORTEST: usize = 16;

/// The kinds of FluxGuard's files, what people call them, and who reads them.
const KINDS: &[(&str, &str, &str)] = &[
    ("profile", "a profile", "load(Profile, path) in Julia, store::load::<Profile> in Rust"),
    (
        "detector",
        "a detector",
        "fluxguard detect --load, load(Detector, path) in Julia, store::load::<Fitted> in Rust",
    ),
    (
        "sequence",
        "a detector of sequences",
        "fluxguard detect --load, load(SequenceDetector, path) in Julia, store::load::<SequenceDetector> in Rust",
    ),
    (
        "neighbors",
        "a neighbor store",
        "load(NeighborStore, path) in Julia, store::load::<NeighborStore> in Rust",
    ),
    (
        "stream",
        "an online detector",
        "load(StreamDetector, path) in Julia, store::load::<OnlineDetector> in Rust",
    ),
    (
        "threshold",
        "a live threshold",
        "load(LiveThreshold, path) in Julia, store::load::<LiveThreshold> in Rust",
    ),
    (
        "reference",
        "a reference",
        "load(Reference, path) in Julia, store::load::<Reference> in Rust",
    ),
    (
        "estimator",
        "an estimator of performance",
        "load(PerformanceEstimator, path) in Julia, store::load::<Estimator> in Rust",
    ),
    (
        "late-labels",
        "predictions that wait for labels",
        "load(LateLabels, path) in Julia, store::load::<LateLabels> in Rust",
    ),
    ("encoded", "a detector of what an encoder gives", "load(Encoded, path; encoder) in Julia"),
    ("autoencoder", "an autoencoder", "load(Autoencoder, path) in Julia"),
    ("recurrent", "a recurrent scorer", "load(Recurrent, path) in Julia"),
    (
        "private run",
        "the state of a private run",
        "load(PrivacyState, path) in Julia, PrivacyState::load in Rust",
    ),
    ("journal", "a journal of alerts", "read_alerts(path) in Julia, alert::read_journal in Rust"),
];

/// How the names of sketches' kinds begin; the kind follows, as the program calls it.
pub const SKETCH: &str = "sketch of kind ";
/// The families of DataSketches' sketches, and the program's names of their kinds.
const SKETCHES: &[(u8, &str)] = &[
    (3, "theta"),
    (7, "hll"),
    (10, "frequent-items or frequent-longs"),
    (15, "kll"),
    (20, "tdigest"),
];

/// How files of others begin in which people keep tables, what they are, and what to do with them.
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it"),
    (b"\xfd7zXZ\0", "an xz archive", "unpack it"),
    (
        b"PK\x03\x04",
        "a zip archive or a spreadsheet (xlsx, ods)",
        "unpack it, or export the sheet as CSV",
    ),
    (b"PAR1", "a Parquet file", "export it as CSV"),
    (b"ARROW1", "an Arrow file", "export it as CSV"),
    (b"\x93NUMPY", "an array of NumPy", "export it as CSV"),
    (b"\x89HDF\r\n", "an HDF5 file", "export it as CSV"),
    (b"HDF5-based Julia Data Format", "a JLD2 file", "export it as CSV"),
    (b"SQLite format 3\0", "a SQLite database", "export a table as CSV"),
];
/// What a file of text is, where one of FluxGuard's was expected.
const TEXT: &str = "text, such as a CSV, and no file of FluxGuard";

#[derive(Deserialize)]
struct Header {
    format: String,
    kind: String,
}

/// The error for a file that begins with `bytes`, up to its header's end, and is of another kind
/// than `expected`; `None` where it may be of that kind and damaged.
pub fn other(path: &Path, bytes: &[u8], expected: &str) -> Option<Error> {
    let found = kind_of(bytes);
    // The bytes of some kinds are alike: the family's number is that of all of them.
    let of_family = |kind: &str| {
        sketches(kind)
            .zip(sketches(expected))
            .is_some_and(|(all, one)| all.split(" or ").any(|kind| kind == one))
    };
    let (was, reader) = match &found {
        Some(kind) if kind == expected || of_family(kind) => return None,
        // A sketch begins with control characters, wherever it is damaged later.
        None if sketches(expected).is_some() && is_text(bytes) => (TEXT.to_owned(), None),
        None if sketches(expected).is_some() => return None,
        Some(kind) => described(kind),
        None if bytes.len() < SHORTEST || resembles(bytes, expected) => return None,
        None if is_text(bytes) => (TEXT.to_owned(), None),
        None => ("no file of FluxGuard".to_owned(), None),
    };
    let fix = match reader {
        Some(reader) => format!("read it by {reader}"),
        None if sketches(expected).is_some() => {
            "look for the file that was saved; a CSV is taken in without --merge: fluxguard sketch FILE".to_owned()
        }
        None => "look for the file that was saved".to_owned(),
    };
    Some(Error::FileKind {
        path: path.display().to_string(),
        was,
        expected: described(expected).0,
        fix,
    })
}

/// The error for a file that is to be read as text, a CSV as a rule, and is FluxGuard's own or one
/// into which others pack tables; `None` where it may be text.
#[must_use]
pub fn no_text(path: &str, bytes: &[u8]) -> Option<Error> {
    let (was, fix) = match kind_of(bytes).map(|kind| described(&kind)) {
        Some((was, reader)) => (
            was,
            reader.map_or_else(
                || "choose another file".to_owned(),
                |reader| format!("read it by {reader}"),
            ),
        ),
        None => {
            let (_, was, fix) = FOREIGN.iter().find(|(begin, ..)| bytes.starts_with(begin))?;
            ((*was).to_owned(), (*fix).to_owned())
        }
    };
    Some(Error::FileKind {
        path: path.to_owned(),
        was,
        expected: "text, such as a CSV".into(),
        fix,
    })
}

/// Whether these bytes begin as text does: UTF-8 without control characters, or the mark of UTF-16.
fn is_text(bytes: &[u8]) -> bool {
    const LOOKED_AT: usize = 1 << 12;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return true;
    }
    let begin = &bytes[..bytes.len().min(LOOKED_AT)];
    let text = match std::str::from_utf8(begin) {
        Ok(text) => text,
        // A character may be cut where we stop to look.
        Err(e) if e.error_len().is_none() && begin.len() < bytes.len() => {
            std::str::from_utf8(&begin[..e.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// The name of a file's kind, where its beginning says it.
fn kind_of(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header =
        serde_json::from_slice::<Header>(line).ok().filter(|header| header.format == FORMAT);
    if let Some(header) = header {
        return Some(header.kind);
    }
    if bytes.starts_with(PRIVATE) {
        return Some("private run".into());
    }
    let names = |key: &[u8]| line.windows(key.len()).any(|part| part == key);
    if bytes.starts_with(ALERT) && names(b"\"guard\":") {
        return Some("journal".into());
    }
    sketch(bytes).map(|kind| format!("{SKETCH}{kind}"))
}

/// The kinds of sketches that a kind of file names.
fn sketches(kind: &str) -> Option<&str> {
    kind.strip_prefix(SKETCH)
}

/// The kind of a sketch: preamble's length, version, family.
fn sketch(bytes: &[u8]) -> Option<&'static str> {
    let [length, version, family, ..] = bytes else { return None };
    let fits = bytes.len() >= 8 && (1..=10).contains(&(length & 0x3f)) && (1..=3).contains(version);
    SKETCHES.iter().find(|(number, _)| fits && number == family).map(|(_, kind)| *kind)
}

/// What people call a kind, and who reads it.
fn described(kind: &str) -> (String, Option<String>) {
    if let Some(sketch) = sketches(kind) {
        let reader = "fluxguard sketch --merge, Sketch(kind, read(path)) in Julia, Sketch::from_bytes in Rust";
        return (format!("a sketch ({sketch})"), Some(reader.to_owned()));
    }
    match KINDS.iter().find(|(name, ..)| *name == kind) {
        Some((_, what, reader)) => ((*what).to_owned(), Some((*reader).to_owned())),
        None => (format!("a file of the kind {kind:?}"), None),
    }
}

/// Whether at least half of the bytes are those with which a file of the kind begins.
fn resembles(bytes: &[u8], expected: &str) -> bool {
    let begin: &[u8] = match expected {
        "private run" => PRIVATE,
        "journal" => ALERT,
        _ => HEADER,
    };
    let same = begin.iter().zip(bytes).filter(|(a, b)| a == b).count();
    2 * same >= begin.len().min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_kind_says_what_it_is_and_who_reads_it() {
        let path = Path::new("x");
        let header = |kind: &str| {
            format!("{{\"format\":\"fluxguard\",\"kind\":\"{kind}\",\"version\":1}}   \n\u{0}\u{1}")
        };
        let kll = [2, 1, 15, 0, 200, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        let files: Vec<(Vec<u8>, &str)> = vec![
            (header("profile").into(), "load(Profile, path)"),
            (header("sequence").into(), "fluxguard detect --load"),
            (header("mine").into(), "the kind \"mine\""),
            (b"FGDP\x01\0\0\0and more of it".to_vec(), "load(PrivacyState, path)"),
            (b"{\"id\":1,\"time\":\"\",\"guard\":\"g\"}\n".to_vec(), "read_alerts(path)"),
            (kll.to_vec(), "fluxguard sketch --merge"),
            (
                b"a,b\n1,2\n3,4\n5,6\n7,8\n".to_vec(),
                "text, such as a CSV, and no file of FluxGuard",
            ),
            (vec![0xff; 100], "no file of FluxGuard"),
        ];
        for (bytes, word) in &files {
            for expected in ["detector", "private run"] {
                let described = other(path, bytes, expected).map(|e| e.to_string());
                if expected == "private run" && bytes.starts_with(PRIVATE) {
                    assert_eq!(described, None);
                    continue;
                }
                let described = described.unwrap_or_default();
                assert!(described.contains(word) && !described.contains("damaged"), "{described}");
            }
        }
    }

    #[test]
    fn what_is_no_text_says_what_it_is_and_text_is_told_from_a_sketch() {
        let of = |bytes: &[u8]| no_text("x.csv", bytes).map(|e| e.to_string());
        for (kind, what, _) in KINDS {
            let described = of(format!(
                "{{\"format\":\"fluxguard\",\"kind\":\"{kind}\",\"version\":1}}\n\u{0}"
            )
            .as_bytes());
            assert!(described.is_some_and(|described| described.contains(what)), "{kind}");
        }
        for (begin, what, fix) in FOREIGN {
            let described = of(&[begin, &[0x80; 40][..]].concat()).unwrap_or_default();
            assert!(
                described.contains(what)
                    && described.contains(fix)
                    && described.contains("x.csv is"),
                "{described}"
            );
        }
        let texts =
            ["a", "a;b\n1;2\n", "Größe\n1\n", "\u{feff}a\n1\n", "{\"id\":1}\n", "PAR\n1\n", ""];
        let long = format!("x{}", "ü".repeat(5000));
        for text in texts.into_iter().chain([long.as_str()]) {
            assert_eq!(of(text.as_bytes()), None);
            let for_sketch =
                other(Path::new("x"), text.as_bytes(), "sketch of kind kll").map(|e| e.to_string());
            assert_eq!(
                for_sketch.is_some_and(|described| described.contains("without --merge")),
                !text.is_empty(),
                "{text:?}"
            );
        }
        let kll = [2, 1, 15, 0, 200, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        assert!(of(&kll).is_some_and(|described| described.contains("fluxguard sketch --merge")));
        // Of a damaged sketch it is not said that it is text.
        for at in 0..3 {
            let mut bytes = kll;
            bytes[at] ^= 0x40;
            assert!(!is_text(&bytes), "{at}");
        }
    }

    #[test]
    fn a_file_of_the_kind_may_be_damaged() {
        let whole = b"{\"format\":\"fluxguard\",\"kind\":\"detector\",\"version\":1}\n";
        for at in 0..30 {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 0x10;
            let found = other(Path::new("x"), &bytes, "detector");
            // In the name of the kind it is another kind's name.
            assert!(found.is_none(), "{at}: {found:?}");
            assert!(other(Path::new("x"), &whole[..at], "detector").is_none(), "{at} bytes");
        }
    }
}
