//! Files mapped into memory.

#![allow(unsafe_code)]

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use memmap2::{Mmap, MmapOptions};

use super::Mapping;
use crate::error::{Error, Result};

/// A file that was mapped, and is kept open.
#[derive(Debug)]
struct Mapped {
    map: Mmap,
    file: File,
    path: String,
}

/// Maps a file read-only: [`crate::store::Map`].
///
/// A mapped file that another process cuts short ends this one, with SIGBUS, where the missing part
/// is read. Against that: FluxGuard writes beside and renames, so its own files are replaced and
/// never cut; a shared lock is held, which keeps out who asks for an exclusive one; and each search
/// first asks the system for the file's length, which leaves only what is cut during a search. Who
/// writes into the file or cuts it by other means while it is mapped must not; nor should it be on
/// a network drive that can go away.
///
/// # Errors
/// [`Error::PathUnusable`] where the system refuses, or somebody has an exclusive lock.
pub fn read_only(file: File, path: &Path) -> Result<Arc<dyn Mapping>> {
    let path = path.display().to_string();
    let unusable = |reason: String| Error::PathUnusable {
        argument: "path",
        path: path.clone(),
        purpose: "mapped",
        reason,
    };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            return Err(unusable("another process has locked it".into()));
        }
        // A file system without locks: nobody else can have one, either.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    // SAFETY: the bytes are only read, and as numbers, of which every pattern is one. That no one
    // changes or cuts the file is what the text above asks for: files of this format are only ever
    // replaced.
    let map = unsafe { MmapOptions::new().map(&file) }.map_err(|e| unusable(e.to_string()))?;
    Ok(Arc::new(Mapped { map, file, path }))
}

impl Mapping for Mapped {
    fn bytes(&self) -> &[u8] {
        &self.map
    }

    fn check(&self) -> Result<()> {
        let damaged = |reason| Error::FileDamaged { path: self.path.clone(), reason };
        let now = self.file.metadata().map_err(|e| damaged(e.to_string()))?.len();
        if now >= self.map.len() as u64 {
            return Ok(());
        }
        Err(damaged(format!(
            "it was cut from {} to {now} bytes while it was mapped",
            self.map.len()
        )))
    }
}
