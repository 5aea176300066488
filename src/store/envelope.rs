//! One line of JSON that says what follows, then the payload.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    kind: String,
    version: u32,
    bytes: u64,
    crc32: u32,
}

const FORMAT: &str = "fluxguard";

/// Writes beside `path`, syncs, and renames: at any moment `path` is the old file or the new one, whole.
pub(super) fn write(path: &Path, kind: &str, version: u32, payload: &[u8]) -> Result<()> {
    let header = Header {
        format: FORMAT.into(),
        kind: kind.into(),
        version,
        bytes: payload.len() as u64,
        crc32: crc32fast::hash(payload),
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let save = || -> std::io::Result<()> {
        let mut file = File::create(&beside)?;
        serde_json::to_writer(&mut file, &header)?;
        file.write_all(b"\n")?;
        file.write_all(payload)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    save().map_err(|e| {
        let _ = fs::remove_file(&beside);
        let (path, reason) = (path.display().to_string(), e.to_string());
        Error::PathUnusable { argument: "path", path, purpose: "written", reason }
    })
}

/// The payload of a file of this kind and version.
pub(super) fn read(path: &Path, kind: &str, version: u32) -> Result<Vec<u8>> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|e| Error::PathUnusable {
        argument: "path",
        path: name.clone(),
        purpose: "read",
        reason: e.to_string(),
    })?;
    let damaged = |reason: String| Error::FileDamaged { path: name.clone(), reason };
    let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(|| damaged("it has no header line".into()))?;
    let header: Header =
        serde_json::from_slice(&bytes[..end]).map_err(|e| damaged(format!("its header cannot be read: {e}")))?;
    if header.format != FORMAT || header.kind != kind {
        return Err(damaged(format!(
            "it holds a {:?} {:?}, expected a {FORMAT:?} {kind:?}",
            header.format, header.kind
        )));
    }
    if header.version != version {
        return Err(Error::FileVersion { path: name, was: header.version, expected: version });
    }
    let payload = &bytes[end + 1..];
    if payload.len() as u64 != header.bytes {
        return Err(damaged(format!("it has {} bytes of {}", payload.len(), header.bytes)));
    }
    if crc32fast::hash(payload) != header.crc32 {
        return Err(damaged("its checksum is wrong".into()));
    }
    Ok(payload.to_vec())
}
