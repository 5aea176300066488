//! Live thresholds, saved between two batches.

use std::path::Path;

use super::{cbor, envelope};
use crate::error::{Error, Result};
use crate::outlier::threshold::live::LiveThreshold;

/// Format version of a saved threshold.
const VERSION: u32 = 1;

/// Saves a threshold with all it has learnt; what was at `path` stays until the new file is whole and on the disk.
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_threshold(threshold: &LiveThreshold, path: &Path) -> Result<()> {
    let mut payload = Vec::new();
    ciborium::into_writer(threshold, &mut payload)
        .map_err(|e| Error::invalid("threshold", e, "a threshold that can be written as CBOR"))?;
    envelope::write(path, "threshold", VERSION, &payload)
}

/// Loads what [`save_threshold`] saved: it goes on as if it had never stopped.
///
/// # Errors
/// [`Error::PathUnusable`], [`Error::FileDamaged`], [`Error::FileVersion`], [`Error::FileKind`].
pub fn load_threshold(path: &Path) -> Result<LiveThreshold> {
    cbor(path, &envelope::read(path, "threshold", VERSION)?)
}
