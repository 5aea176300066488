//! Files. What FluxGuard saves is written whole or not at all.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::call::{Answer, Operation, named_options};
use crate::error::Result;
use crate::handle::{Held, lock};
use crate::store::map::read_only;
use crate::store::{Mapped, Stored};
use crate::{files, store};

/// A handle whose value has a file form.
pub(super) trait Kept: Held + Sized {
    /// What is in the file.
    type Value: Stored;
    /// Saves it.
    fn save(&self, path: &Path) -> Result<()>;
    /// A handle of what was loaded.
    fn loaded(value: Self::Value) -> Self;
}

impl<T: Stored> Kept for Arc<T>
where
    Self: Held,
{
    type Value = T;

    fn save(&self, path: &Path) -> Result<()> {
        store::save(&**self, path)
    }

    fn loaded(value: T) -> Self {
        Arc::new(value)
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

    fn loaded(value: T) -> Self {
        Mutex::new(value)
    }
}

/// Saves what a handle holds.
pub(super) const fn saves<T: Kept>(name: &'static str, on: &'static [&'static str]) -> Operation {
    Operation::new(name, |call| {
        let path = named_options!(call, path: PathBuf)?;
        call.only_handle::<T>()?.save(&path).map(Answer::from)
    })
    .on(on)
}

/// Makes a handle of what is loaded.
pub(super) const fn loads<T: Kept>(name: &'static str) -> Operation {
    Operation::new(name, |call| {
        let path = named_options!(call, path: PathBuf)?;
        store::load::<T::Value>(&path).map(|value| Answer::made(T::loaded(value)))
    })
}

/// [`loads`], with large arrays left in the file if `mapped` says so.
pub(super) const fn maps<T: Kept>(name: &'static str) -> Operation
where
    T::Value: Mapped,
{
    Operation::new(name, |call| {
        let (path, mapped) = named_options!(call, path: PathBuf, mapped: Option<bool>)?;
        let value: T::Value = if mapped == Some(true) {
            store::load_mapped(&path, read_only)?
        } else {
            store::load(&path)?
        };
        Ok(Answer::made(T::loaded(value)))
    })
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("file.replace", |call| {
        let bytes = call.read::<u8>("bytes")?;
        let path = named_options!(call, path: PathBuf)?;
        Ok(files::replace("path", &path, &[bytes])?.into())
    })
    .of(&["bytes"]),
    Operation::new("file.save", |call| {
        let (path, kind, version) =
            named_options!(call, path: PathBuf, kind: String, version: u32)?;
        Ok(store::save_bytes(&path, &kind, version, call.read("bytes")?)?.into())
    })
    .of(&["bytes"]),
    Operation::new("file.load", |call| {
        let (path, kind, version) =
            named_options!(call, path: PathBuf, kind: String, version: u32)?;
        store::load_bytes(&path, &kind, version).map(Answer::Bytes)
    }),
];
