//! What has a file form: its kind, its version, and how it is written and read.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sectioned::{self, Map};
use super::{cbor, envelope};
use crate::error::{Error, Result};
use crate::sound::Sound;

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
    /// [`Error::PathUnusable`], [`Error::FileDamaged`], [`Error::FileVersion`],
    /// [`Error::FileKind`].
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

/// [`load`] with the points of exact neighbor searches (of a store; of the detectors `knn`, `lof`,
/// `deep-knn`, `kde`, `ocsvm`, `ensemble`) left in the file, which is mapped: they take no memory
/// of this process's own, and processes share what the system keeps of the file. The whole file is
/// read once and checked, as always; what is found is the same to the bit.
///
/// The file must stay as it is while the value lives: it may be replaced ([`save`] does), not
/// shortened or written to. See [`crate::store::map::read_only`].
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

/// A type whose file is CBOR of what serde says.
#[doc(hidden)]
#[macro_export]
macro_rules! stored_as_cbor {
    ($type:ty = $kind:literal, $version:literal) => {
        impl $crate::store::Stored for $type {
            const KIND: &'static str = $kind;
            const VERSION: u32 = $version;

            fn write(&self, path: &std::path::Path) -> $crate::Result<()> {
                $crate::store::write_cbor(
                    self,
                    path,
                    <Self as $crate::store::Stored>::KIND,
                    <Self as $crate::store::Stored>::VERSION,
                )
            }

            fn read(path: &std::path::Path) -> $crate::Result<Self> {
                $crate::store::read_cbor(
                    path,
                    <Self as $crate::store::Stored>::KIND,
                    <Self as $crate::store::Stored>::VERSION,
                )
            }
        }
    };
}
pub use crate::stored_as_cbor;

/// Writes a value as CBOR.
///
/// # Errors
/// [`Error::PathUnusable`]; [`Error::InvalidArgument`] for a value that has no CBOR.
pub fn write_cbor(
    value: &impl Serialize,
    path: &Path,
    kind: &'static str,
    version: u32,
) -> Result<()> {
    let mut payload = Vec::new();
    ciborium::into_writer(value, &mut payload)
        .map_err(|e| Error::invalid("value", e, "one that can be written as CBOR"))?;
    envelope::write(path, kind, version, &payload)
}

/// Reads a value that [`write_cbor`] wrote, if its parts go together.
///
/// # Errors
/// As [`Stored::read`].
pub fn read_cbor<T: DeserializeOwned + Sound>(
    path: &Path,
    kind: &'static str,
    version: u32,
) -> Result<T> {
    cbor(path, &envelope::read(path, kind, version)?)
}

/// A type with large arrays, which stand beside the CBOR: [`sections`](super::sections). `$mapped`
/// is what a mapped `$value` becomes.
#[doc(hidden)]
#[macro_export]
macro_rules! stored_in_sections {
    ($type:ty = $kind:literal, |$value:ident, $file:ident| $mapped:expr) => {
        impl $crate::store::Stored for $type {
            const KIND: &'static str = $kind;
            const VERSION: u32 = $crate::store::SECTIONED;

            fn write(&self, path: &std::path::Path) -> $crate::Result<()> {
                $crate::store::sectioned::save(self, path, <Self as $crate::store::Stored>::KIND)
            }

            fn read(path: &std::path::Path) -> $crate::Result<Self> {
                $crate::store::sectioned::load(path, <Self as $crate::store::Stored>::KIND)
            }
        }

        impl $crate::store::Mapped for $type {
            fn read_mapped(
                path: &std::path::Path,
                map: $crate::store::Map,
            ) -> $crate::Result<Self> {
                let ($value, $file) = $crate::store::sectioned::load_mapped::<$type>(
                    path,
                    <Self as $crate::store::Stored>::KIND,
                    map,
                )?;
                Ok($mapped)
            }
        }
    };
}
pub use crate::stored_in_sections;
