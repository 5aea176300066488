//! Fitted detectors, of observations and of sequences, and neighbour stores in files.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::envelope;
use crate::error::{Error, Result};
use crate::outlier::Fitted;
use crate::outlier::neighbours::NeighbourStore;
use crate::sequence::SequenceDetector;

/// Format version of a saved detector and of a saved neighbour store.
const VERSION: u32 = 1;

fn payload(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut payload = Vec::new();
    ciborium::into_writer(value, &mut payload)
        .map_err(|e| Error::invalid("detector", e, "a detector that can be written as CBOR"))?;
    Ok(payload)
}

fn load<T: DeserializeOwned>(path: &Path, kind: &str) -> Result<T> {
    let payload = envelope::read(path, kind, VERSION)?;
    ciborium::from_reader(payload.as_slice())
        .map_err(|e| Error::FileDamaged { path: path.display().to_string(), reason: e.to_string() })
}

/// Bytes of a detector in a file, without the header.
///
/// # Errors
/// [`Error::InvalidArgument`] where it has no file form.
pub fn size_of_detector(detector: &impl Serialize) -> Result<u64> {
    payload(detector).map(|payload| payload.len() as u64)
}

/// Saves a detector; what was at `path` stays until the new file is whole and on the disk.
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_detector(detector: &Fitted, path: &Path) -> Result<()> {
    envelope::write(path, "detector", VERSION, &payload(detector)?)
}

/// Loads what [`save_detector`] saved: it scores to the bit as before.
///
/// # Errors
/// [`Error::PathUnusable`], [`Error::FileDamaged`], [`Error::FileVersion`].
pub fn load_detector(path: &Path) -> Result<Fitted> {
    load(path, "detector")
}

/// Saves a detector of sequences, as [`save_detector`].
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_sequence_detector(detector: &SequenceDetector, path: &Path) -> Result<()> {
    envelope::write(path, "sequence", VERSION, &payload(detector)?)
}

/// Loads what [`save_sequence_detector`] saved.
///
/// # Errors
/// As [`load_detector`].
pub fn load_sequence_detector(path: &Path) -> Result<SequenceDetector> {
    load(path, "sequence")
}

/// Saves a neighbour store, as [`save_detector`].
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_neighbours(store: &NeighbourStore, path: &Path) -> Result<()> {
    envelope::write(path, "neighbours", VERSION, &payload(store)?)
}

/// Loads what [`save_neighbours`] saved.
///
/// # Errors
/// As [`load_detector`].
pub fn load_neighbours(path: &Path) -> Result<NeighbourStore> {
    load(path, "neighbours")
}
