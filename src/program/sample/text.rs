//! A file's text, or standard input's.

use std::io::Read;
use std::path::Path;

use super::super::failure::{BadCsv, Failure};
use fluxguard::{Error, kinds};

/// Whether `path` stands for standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Whether two paths lead to one file.
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| std::fs::canonicalize(path).ok();
    !is_standard_input(a) && place(a).is_some_and(|a| place(b) == Some(a))
}

/// What messages call the file, and its text without a byte order mark. UTF-8, or UTF-16 with its
/// mark.
///
/// # Errors
/// [`Error::PathUnusable`]; [`Error::FileKind`] for a file of another kind; [`BadCsv`] with the
/// line and the character where the text is neither.
pub fn read(argument: &'static str, path: &Path) -> Result<(String, String), Failure> {
    let mut bytes = Vec::new();
    let (file, done) = if is_standard_input(path) {
        ("standard input".to_owned(), std::io::stdin().lock().read_to_end(&mut bytes))
    } else {
        let open = std::fs::File::open(path);
        (path.display().to_string(), open.and_then(|mut file| file.read_to_end(&mut bytes)))
    };
    if let Err(e) = done {
        return Err(Error::PathUnusable {
            argument,
            path: file,
            purpose: "read",
            reason: e.to_string(),
        }
        .into());
    }
    if let Some(e) = kinds::no_text(&file, &bytes) {
        return Err(e.into());
    }
    let text = decode(&file, bytes)?;
    Ok((file, text))
}

fn decode(file: &str, bytes: Vec<u8>) -> Result<String, BadCsv> {
    let bytes = match &bytes[..] {
        [0xff, 0xfe, rest @ ..] => return utf16(file, rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf16(file, rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => rest.to_vec(),
        [0, _, 0, ..] | [_, 0, _, 0, ..] => {
            return Err(bad(
                file,
                "",
                "this is UTF-16 without a byte order mark",
                "save the file as UTF-8",
            ));
        }
        _ => bytes,
    };
    String::from_utf8(bytes).map_err(|e| {
        let before =
            String::from_utf8_lossy(&e.as_bytes()[..e.utf8_error().valid_up_to()]).into_owned();
        bad(file, &before, "the text is not UTF-8", "save the file as UTF-8")
    })
}

fn utf16(file: &str, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, BadCsv> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok(c) => text.push(c),
            Err(_) => {
                return Err(bad(
                    file,
                    &text,
                    "the text is not UTF-16, as its mark says",
                    "save it as UTF-8",
                ));
            }
        }
    }
    if rest.is_empty() {
        return Ok(text);
    }
    Err(bad(
        file,
        &text,
        "the UTF-16 text ends within a character",
        "copy the file again, or save it as UTF-8",
    ))
}

/// What is wrong behind the text `before`.
fn bad(file: &str, before: &str, problem: &str, fix: &str) -> BadCsv {
    let line = 1 + before.matches('\n').count() as u64;
    let character = 1 + before.rsplit('\n').next().map_or(0, |rest| rest.chars().count());
    let problem = format!("character {character}: {problem}");
    BadCsv { file: file.to_owned(), line: Some(line), column: None, problem, fix: fix.to_owned() }
}
