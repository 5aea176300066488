//! Files that are whole or refused: written beside and renamed, versioned and checksummed.

pub mod cells;
mod envelope;
pub mod map;
pub mod memory;
pub mod sectioned;
pub mod sections;
mod stored;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::de::DeserializeOwned;

pub use cells::Mapping;
pub use sectioned::{Map, VERSION as SECTIONED};
pub use stored::{
    Mapped, Stored, load, load_mapped, read_cbor, save, size_of_detector, stored_as_cbor,
    stored_in_sections, write_cbor,
};

use crate::error::{Error, Result, panic_message};
use crate::sound::Sound;

/// Saves bytes of a `kind` and format version that the caller names; what was at `path` stays until
/// the new file is whole and on the disk.
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_bytes(path: &Path, kind: &str, version: u32, bytes: &[u8]) -> Result<()> {
    envelope::write(path, kind, version, bytes)
}

/// Loads what [`save_bytes`] saved.
///
/// # Errors
/// [`Error::PathUnusable`], [`Error::FileDamaged`], [`Error::FileKind`] for another `kind`,
/// [`Error::FileVersion`] for another version.
pub fn load_bytes(path: &Path, kind: &str, version: u32) -> Result<Vec<u8>> {
    envelope::read(path, kind, version)
}

/// A value of CBOR, whose parts go together.
fn cbor<T: DeserializeOwned + Sound>(path: &Path, payload: &[u8]) -> Result<T> {
    sound(path, || ciborium::from_reader(payload).map_err(|e| e.to_string()))
}

/// A value that was read, if its parts go together: a file whose checksum is right may hold
/// anything.
fn sound<T: Sound>(
    path: &Path,
    read: impl FnOnce() -> std::result::Result<T, String>,
) -> Result<T> {
    let whole = |value: T| {
        if value.is_sound() { Ok(value) } else { Err("its content contradicts itself".to_owned()) }
    };
    // What is read may be too absurd for the check itself.
    let read = catch_unwind(AssertUnwindSafe(|| read().and_then(whole)));
    read.unwrap_or_else(|panic| Err(panic_message(panic.as_ref())))
        .map_err(|reason| Error::FileDamaged { path: path.display().to_string(), reason })
}
