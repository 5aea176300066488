//! Values with large arrays: length of the CBOR in 8 bytes, the CBOR, and from the next multiple of
//! 64 bytes on the sections that it points to ([`super::sections`]). A mapped file's sections are
//! used where they lie.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cells::Mapping;
use super::envelope::{self, Whole};
use super::sections;
use crate::error::{Error, Result};
use crate::sound::Sound;

/// The format's version; version 1 was CBOR alone, and is still read.
pub const VERSION: u32 = 2;

/// Maps a file that was found whole: [`crate::store::map::read_only`].
pub type Map = fn(File, &Path) -> Result<Arc<dyn Mapping>>;

/// The CBOR with its length and filling, and the sections.
fn parts(value: &impl Serialize) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut head = vec![0; 8];
    let (written, sections) = sections::collect(|| ciborium::into_writer(value, &mut head));
    written.map_err(|e| Error::invalid("detector", e, "a detector that can be written as CBOR"))?;
    let length = head.len() as u64 - 8;
    head[..8].copy_from_slice(&length.to_le_bytes());
    head.resize(head.len().next_multiple_of(sections::ALIGN), 0);
    Ok((head, sections))
}

/// Bytes in a file, without the header.
pub fn size(value: &impl Serialize) -> Result<u64> {
    parts(value).map(|(head, sections)| (head.len() + sections.len()) as u64)
}

/// Writes a value.
///
/// # Errors
/// As [`super::save`].
pub fn save(value: &impl Serialize, path: &Path, kind: &str) -> Result<()> {
    let (head, sections) = parts(value)?;
    envelope::write_parts(path, kind, VERSION, &[&head, &sections])
}

/// Reads what [`save`] wrote.
///
/// # Errors
/// As [`super::load`].
pub fn load<T: DeserializeOwned + Sound>(path: &Path, kind: &str) -> Result<T> {
    let mut payload = Vec::new();
    let (_, whole) = envelope::open(path, kind, VERSION, &mut payload)?;
    read(path, &whole, Arc::new(payload), 0, false)
}

/// With its sections where they lie in the mapped file, and the map.
pub fn load_mapped<T: DeserializeOwned + Sound>(
    path: &Path,
    kind: &str,
    map: Map,
) -> Result<(T, Arc<dyn Mapping>)> {
    let (file, whole) = envelope::open(path, kind, VERSION, &mut std::io::sink())?;
    let file = map(file, path)?;
    Ok((read(path, &whole, file.clone(), whole.start, true)?, file))
}

/// `start`: of the payload in `file`.
fn read<T: DeserializeOwned + Sound>(
    path: &Path,
    whole: &Whole,
    file: Arc<dyn Mapping>,
    start: usize,
    in_place: bool,
) -> Result<T> {
    let damaged = |reason: String| Error::FileDamaged { path: path.display().to_string(), reason };
    let payload = file.bytes().get(start..).unwrap_or_default();
    if payload.len() != whole.bytes {
        return Err(damaged(format!("it has {} bytes of {}", payload.len(), whole.bytes)));
    }
    if whole.version == 1 {
        return super::cbor(path, payload);
    }
    let (length, rest) =
        payload.split_first_chunk().ok_or_else(|| damaged("it is too short".into()))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok();
    let cbor = length
        .and_then(|n| rest.get(..n))
        .ok_or_else(|| damaged("its first part is cut short".into()))?;
    let beside = start + (8 + cbor.len()).next_multiple_of(sections::ALIGN);
    let read = || {
        sections::provide(&file, beside, in_place, || ciborium::from_reader(cbor))
            .map_err(|e| e.to_string())
    };
    super::sound(path, read)
}
