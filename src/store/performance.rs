//! Estimators of performance and joins of late labels, saved between two batches.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{cbor, envelope};
use crate::error::{Error, Result};
use crate::performance::{Estimator, LateLabels};
use crate::sound::Sound;

/// Format version of both.
const VERSION: u32 = 1;

fn save(value: &impl Serialize, path: &Path, kind: &'static str) -> Result<()> {
    let mut payload = Vec::new();
    ciborium::into_writer(value, &mut payload)
        .map_err(|e| Error::invalid("estimator", e, "a state that can be written as CBOR"))?;
    envelope::write(path, kind, VERSION, &payload)
}

fn load<T: DeserializeOwned + Sound>(path: &Path, kind: &'static str) -> Result<T> {
    cbor(path, &envelope::read(path, kind, VERSION)?)
}

/// Saves an estimator; what was at `path` stays until the new file is whole and on the disk.
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_estimator(estimator: &Estimator, path: &Path) -> Result<()> {
    save(estimator, path, "estimator")
}

/// Loads what [`save_estimator`] saved.
///
/// # Errors
/// [`Error::PathUnusable`], [`Error::FileDamaged`], [`Error::FileVersion`], [`Error::FileKind`].
pub fn load_estimator(path: &Path) -> Result<Estimator> {
    load(path, "estimator")
}

/// Saves a join with all that waits, as [`save_estimator`].
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_late_labels(late: &LateLabels, path: &Path) -> Result<()> {
    save(late, path, "late-labels")
}

/// Loads what [`save_late_labels`] saved: it goes on as if it had never stopped.
///
/// # Errors
/// As [`load_estimator`].
pub fn load_late_labels(path: &Path) -> Result<LateLabels> {
    load(path, "late-labels")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::performance::LateOptions;

    #[test]
    fn it_comes_back_and_damage_is_refused() {
        let path = std::env::temp_dir().join(format!("fluxguard-late-{}.fg", std::process::id()));
        let mut late = LateLabels::new(LateOptions::default()).unwrap();
        late.record(&[1, 2, 3], &[0.0; 3], None).unwrap();
        late.label(&[2], &[1.0], None).unwrap();
        save_late_labels(&late, &path).unwrap();
        let mut back = load_late_labels(&path).unwrap();
        assert_eq!(back, late);
        assert_eq!(back.label(&[1], &[0.0], None).unwrap(), late.label(&[1], &[0.0], None).unwrap());
        assert_eq!(load_estimator(&path).unwrap_err().code(), 403);
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(load_late_labels(&path).unwrap_err().code(), 401);
        std::fs::remove_file(&path).unwrap();
    }
}
