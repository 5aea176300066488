//! One line of JSON that says what follows, then the payload, which starts at a multiple of 64
//! bytes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::sections::ALIGN;
use crate::error::{Error, Result};
use crate::files;
use crate::kinds::{self, FORMAT};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    kind: String,
    version: u32,
    bytes: u64,
    crc32: u32,
}

/// Bytes of a header line, at most: what is longer is none.
const HEADER: u64 = 4096;

/// Replaces the file at `path`: [`files::replace`].
pub(super) fn write(path: &Path, kind: &str, version: u32, payload: &[u8]) -> Result<()> {
    write_parts(path, kind, version, &[payload])
}

/// [`write()`] of a payload in parts.
pub(super) fn write_parts(path: &Path, kind: &str, version: u32, parts: &[&[u8]]) -> Result<()> {
    let mut crc32 = crc32fast::Hasher::new();
    parts.iter().for_each(|part| crc32.update(part));
    let header = Header {
        format: FORMAT.into(),
        kind: kind.into(),
        version,
        bytes: parts.iter().map(|part| part.len() as u64).sum(),
        crc32: crc32.finalize(),
    };
    let mut line = serde_json::to_vec(&header)
        .map_err(|e| Error::invalid("kind", e, "a name that JSON can hold"))?;
    line.resize((line.len() + 1).next_multiple_of(ALIGN) - 1, b' ');
    line.push(b'\n');
    let parts: Vec<&[u8]> = std::iter::once(line.as_slice()).chain(parts.iter().copied()).collect();
    files::replace("path", path, &parts)
}

/// The payload of a file of this kind and version.
pub(super) fn read(path: &Path, kind: &str, version: u32) -> Result<Vec<u8>> {
    let mut payload = Vec::new();
    let (_, whole) = open(path, kind, version, &mut payload)?;
    if whole.version == version {
        Ok(payload)
    } else {
        Err(other_version(path, whole.version, version))
    }
}

/// What was found in a whole file.
#[derive(Debug)]
pub(super) struct Whole {
    pub version: u32,
    /// The payload's first byte.
    pub start: usize,
    /// Its length.
    pub bytes: usize,
}

/// Checks a file of this kind, of version 1 to `newest`, from its first to its last byte, through a
/// small buffer: what is read goes to `payload`, which may be [`std::io::sink`].
pub(super) fn open(
    path: &Path,
    kind: &str,
    newest: u32,
    payload: &mut impl Write,
) -> Result<(File, Whole)> {
    let name = path.display().to_string();
    let unusable = |e: std::io::Error| Error::PathUnusable {
        argument: "path",
        path: name.clone(),
        purpose: "read",
        reason: e.to_string(),
    };
    let damaged = |reason: String| Error::FileDamaged { path: name.clone(), reason };
    let mut input = BufReader::with_capacity(1 << 16, File::open(path).map_err(unusable)?);
    // More than the first line, which may be short where it is no header.
    let begin: Vec<u8> =
        input.fill_buf().map_err(unusable)?.iter().copied().take(HEADER as usize).collect();
    let mut line = Vec::new();
    input.by_ref().take(HEADER).read_until(b'\n', &mut line).map_err(unusable)?;
    if let Some(other) = kinds::other(path, &begin, kind) {
        return Err(other);
    }
    if line.last() != Some(&b'\n') {
        return Err(damaged("it has no header line".into()));
    }
    let header: Header = serde_json::from_slice(&line)
        .map_err(|e| damaged(format!("its header cannot be read: {e}")))?;
    if header.format != FORMAT || header.kind != kind {
        let (format, was) = (header.format, header.kind);
        return Err(damaged(format!(
            "it holds a {format:?} {was:?}, expected a {FORMAT:?} {kind:?}"
        )));
    }
    if !(1..=newest).contains(&header.version) {
        return Err(other_version(path, header.version, newest));
    }
    let (mut crc32, mut bytes) = (crc32fast::Hasher::new(), 0);
    loop {
        let read = input.fill_buf().map_err(unusable)?;
        if read.is_empty() {
            break;
        }
        crc32.update(read);
        payload.write_all(read).map_err(unusable)?;
        let n = read.len();
        bytes += n;
        input.consume(n);
    }
    if bytes as u64 != header.bytes {
        return Err(damaged(format!("it has {bytes} bytes of {}", header.bytes)));
    }
    if crc32.finalize() != header.crc32 {
        return Err(damaged("its checksum is wrong".into()));
    }
    Ok((input.into_inner(), Whole { version: header.version, start: line.len(), bytes }))
}

fn other_version(path: &Path, was: u32, expected: u32) -> Error {
    Error::FileVersion { path: path.display().to_string(), was, expected }
}
