//! Files. What FluxGuard saves is written whole or not at all.

use std::path::PathBuf;

use serde::Deserialize;

use super::Operation;
use crate::error::Result;
use crate::ffi::call::{Answer, Call};
use crate::{files, store};

/// Where something is saved, or loaded from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    path: PathBuf,
}

/// A file whose content is the host's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    path: PathBuf,
    kind: String,
    version: u32,
}

/// The path that a call names.
pub(super) fn path(call: &Call<'_>) -> Result<PathBuf> {
    call.options::<Place>().map(|place| place.path)
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("file.replace", |call| {
        let bytes = call.read::<u8>("bytes")?;
        Ok(files::replace("path", &path(call)?, &[bytes])?.into())
    })
    .of(&["bytes"]),
    Operation::new("file.save", |call| {
        let Kind { path, kind, version } = call.options()?;
        Ok(store::save_bytes(&path, &kind, version, call.read("bytes")?)?.into())
    })
    .of(&["bytes"]),
    Operation::new("file.load", |call| {
        let Kind { path, kind, version } = call.options()?;
        store::load_bytes(&path, &kind, version).map(Answer::Bytes)
    }),
];
