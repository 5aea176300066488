//! What has a file form: its kind, its version, and how it is written and read.

use std::path::Path;

use serde::Serialize;

use super::sectioned::{self, Map};
use super::{cbor, envelope};
use crate::drift::online::Stream;
use crate::drift::reference::Reference;
use crate::error::{Error, Result};
use crate::outlier::Fitted;
use crate::outlier::neighbours::NeighbourStore;
use crate::outlier::threshold::live::LiveThreshold;
use crate::performance::{Estimator, LateLabels};
use crate::profile::Profile;
use crate::sequence::SequenceDetector;
use crate::tensor::{Elements, Tensor};

/// What can be saved and loaded.
pub trait Stored: Sized {
    /// What a file of it calls itself.
    const KIND: &'static str;
    /// The format's version.
    const VERSION: u32;

    /// See [`save`].
    ///
    /// # Errors
    /// [`Error::PathUnusable`].
    fn write(&self, path: &Path) -> Result<()>;

    /// See [`load`].
    ///
    /// # Errors
    /// [`Error::PathUnusable`], [`Error::FileDamaged`], [`Error::FileVersion`], [`Error::FileKind`].
    fn read(path: &Path) -> Result<Self>;
}

/// What can be used from a file that is mapped into memory.
pub trait Mapped: Stored {
    /// See [`load_mapped`].
    ///
    /// # Errors
    /// As [`Stored::read`]; [`Error::PathUnusable`] if the file cannot be mapped.
    fn read_mapped(path: &Path, map: Map) -> Result<Self>;
}

/// Saves a value; what was at `path` stays until the new file is whole and on the disk.
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save<T: Stored>(value: &T, path: &Path) -> Result<()> {
    value.write(path)
}

/// Loads what [`save`] saved: it goes on, scores and compares to the bit as before.
///
/// # Errors
/// [`Error::PathUnusable`], [`Error::FileDamaged`], [`Error::FileVersion`], [`Error::FileKind`].
pub fn load<T: Stored>(path: &Path) -> Result<T> {
    T::read(path)
}

/// [`load`] with the points of exact neighbor searches (of a store; of the detectors `knn`, `lof`, `deep-knn`, `kde`, `ocsvm`,
/// `ensemble`) left in the file, which is mapped: they take no memory of this process's own, and processes share what the system keeps of the
/// file. The whole file is read once and checked, as always; what is found is the same to the bit.
///
/// The file must stay as it is while the value lives: it may be replaced ([`save`] does), not shortened or written to. See
/// [`crate::store::map::read_only`].
///
/// # Errors
/// As [`load`]; [`Error::PathUnusable`] if the file cannot be mapped.
pub fn load_mapped<T: Mapped>(path: &Path, map: Map) -> Result<T> {
    T::read_mapped(path, map)
}

/// Bytes of a detector in a file, without the header.
///
/// # Errors
/// [`Error::InvalidArgument`] if it has no file form.
pub fn size_of_detector(detector: &impl Serialize) -> Result<u64> {
    sectioned::size(detector)
}

/// Types whose file is CBOR of what serde says.
macro_rules! as_cbor {
    ($($type:ty = $kind:literal, $version:literal;)*) => {$(
        impl Stored for $type {
            const KIND: &'static str = $kind;
            const VERSION: u32 = $version;

            fn write(&self, path: &Path) -> Result<()> {
                write_cbor(self, path, Self::KIND, Self::VERSION)
            }

            fn read(path: &Path) -> Result<Self> {
                cbor(path, &envelope::read(path, Self::KIND, Self::VERSION)?)
            }
        }
    )*};
}

as_cbor! {
    Profile = "profile", 1;
    Stream = "stream", 1;
    SequenceDetector = "sequence", 1;
    LiveThreshold = "threshold", 1;
    Estimator = "estimator", 1;
    LateLabels = "late-labels", 1;
}

fn write_cbor(value: &impl Serialize, path: &Path, kind: &'static str, version: u32) -> Result<()> {
    let mut payload = Vec::new();
    ciborium::into_writer(value, &mut payload)
        .map_err(|e| Error::invalid("value", e, "one that can be written as CBOR"))?;
    envelope::write(path, kind, version, &payload)
}

/// Types with large arrays: [`sectioned`].
macro_rules! in_sections {
    ($($type:ty = $kind:literal, |$value:ident, $file:ident| $mapped:expr;)*) => {$(
        impl Stored for $type {
            const KIND: &'static str = $kind;
            const VERSION: u32 = sectioned::VERSION;

            fn write(&self, path: &Path) -> Result<()> {
                sectioned::save(self, path, Self::KIND)
            }

            fn read(path: &Path) -> Result<Self> {
                sectioned::load(path, Self::KIND)
            }
        }

        impl Mapped for $type {
            fn read_mapped(path: &Path, map: Map) -> Result<Self> {
                let ($value, $file) = sectioned::load_mapped::<$type>(path, Self::KIND, map)?;
                Ok($mapped)
            }
        }
    )*};
}

in_sections! {
    Fitted = "detector", |detector, file| detector.in_file(file);
    NeighbourStore = "neighbours", |store, _file| store;
}

/// Nine bytes a number; sorted again when it is loaded.
impl Stored for Reference {
    const KIND: &'static str = "reference";
    const VERSION: u32 = 1;

    fn write(&self, path: &Path) -> Result<()> {
        write_cbor(&(self.observations(), self.rows()), path, Self::KIND, Self::VERSION)
    }

    fn read(path: &Path) -> Result<Self> {
        let damaged = |reason: String| Error::FileDamaged { path: path.display().to_string(), reason };
        let payload = envelope::read(path, Self::KIND, Self::VERSION)?;
        let (observations, rows): (usize, Vec<f64>) =
            ciborium::from_reader(payload.as_slice()).map_err(|e| damaged(e.to_string()))?;
        let rows = Tensor::new(Elements::F64(&rows), observations);
        rows.and_then(|rows| Reference::new(&rows)).map_err(|e| damaged(e.to_string()))
    }
}

#[cfg(test)]
mod tests;
