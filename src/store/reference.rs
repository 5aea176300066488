//! References of many columns, saved for comparisons to come.

use std::path::Path;

use super::envelope;
use crate::drift::reference::Reference;
use crate::error::{Error, Result};
use crate::tensor::{Elements, Tensor};

/// Format version of a saved reference.
const VERSION: u32 = 1;

/// Saves `reference` to `path`; what was there stays until the new file is whole and on the disk. Nine bytes a number.
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_reference(reference: &Reference, path: &Path) -> Result<()> {
    let mut payload = Vec::new();
    ciborium::into_writer(&(reference.observations(), reference.rows()), &mut payload)
        .map_err(|e| Error::invalid("reference", e, "a reference that can be written as CBOR"))?;
    envelope::write(path, "reference", VERSION, &payload)
}

/// Loads what [`save_reference`] saved, and sorts it again.
///
/// # Errors
/// [`Error::PathUnusable`], [`Error::FileDamaged`], [`Error::FileVersion`], [`Error::FileKind`].
pub fn load_reference(path: &Path) -> Result<Reference> {
    let damaged = |reason: String| Error::FileDamaged { path: path.display().to_string(), reason };
    let payload = envelope::read(path, "reference", VERSION)?;
    let (observations, rows): (usize, Vec<f64>) =
        ciborium::from_reader(payload.as_slice()).map_err(|e| damaged(e.to_string()))?;
    let rows = Tensor::new(Elements::F64(&rows), observations);
    rows.and_then(|rows| Reference::new(&rows)).map_err(|e| damaged(e.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn what_is_saved_comes_back_to_the_bit_and_damage_is_refused() {
        let path = std::env::temp_dir().join(format!("fluxguard-reference-{}.fg", std::process::id()));
        let rows = Random(3).normals(300);
        let reference = Reference::new(&Tensor::new(Elements::F64(&rows), 100).unwrap()).unwrap();
        save_reference(&reference, &path).unwrap();
        let back = load_reference(&path).unwrap();
        assert_eq!((back.rows(), back.features(), back.observations()), (&rows[..], 3, 100));
        let mut payload = Vec::new();
        ciborium::into_writer(&(7usize, &rows), &mut payload).unwrap();
        envelope::write(&path, "reference", VERSION, &payload).unwrap();
        assert_eq!(load_reference(&path).unwrap_err().code(), 401);
        std::fs::write(&path, b"{}").unwrap();
        assert_eq!(load_reference(&path).unwrap_err().code(), 401);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(load_reference(&path).unwrap_err().code(), 400);
    }
}
