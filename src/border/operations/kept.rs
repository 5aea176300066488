//! What has a file form: how a handle of it is saved and loaded.

use std::path::Path;

use serde::Serialize;

use super::prelude::*;
use crate::handle::Held;
use crate::store;
use crate::store::map::read_only;
use crate::store::{Mapped, Stored};

/// A handle whose value has a file form.
pub(crate) trait Kept: Held + From<Self::Value> {
    /// What is in the file.
    type Value: Stored;

    /// Saves it.
    fn save(&self, path: &Path) -> Result<()>;

    /// A handle of what is in the file.
    fn load(path: &Path) -> Result<Self> {
        store::load(path).map(Self::from)
    }

    /// The same, with large arrays left in the file if `mapped` says so.
    fn map(path: &Path, mapped: Option<bool>) -> Result<Self>
    where
        Self::Value: Mapped,
    {
        match mapped {
            Some(true) => store::load_mapped(path, read_only).map(Self::from),
            _ => Self::load(path),
        }
    }
}

impl<T: Stored> Kept for Arc<T>
where
    Self: Held,
{
    type Value = T;

    fn save(&self, path: &Path) -> Result<()> {
        store::save(&**self, path)
    }
}

impl<T: Stored> Kept for Mutex<T>
where
    Self: Held,
{
    type Value = T;

    fn save(&self, path: &Path) -> Result<()> {
        store::save(&*lock(self), path)
    }
}

/// What a detector tells of itself, with the bytes that a file takes.
#[derive(Serialize)]
pub(super) struct Described<D> {
    #[serde(flatten)]
    description: D,
    bytes: u64,
}

impl<D> Described<D> {
    pub fn new(description: D, detector: &impl Serialize) -> Result<Self> {
        Ok(Described { description, bytes: store::size_of_detector(detector)? })
    }
}
