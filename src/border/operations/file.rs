//! Files. What FluxGuard saves is written whole or not at all.

use std::path::PathBuf;

use super::prelude::*;
use crate::{files, store};

operations! {
    "file.replace" options (path: PathBuf) arrays (bytes: &[u8]) -> nothing {
        files::replace("path", &path, &[bytes])?
    }
    "file.save" options (path: PathBuf, kind: String, version: u32) arrays (bytes: &[u8])
    -> nothing {
        store::save_bytes(&path, &kind, version, bytes)?
    }
    "file.load" options (path: PathBuf, kind: String, version: u32) -> bytes {
        store::load_bytes(&path, &kind, version)?
    }
}
