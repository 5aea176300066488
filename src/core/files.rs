//! The one way in which FluxGuard replaces a file: whole, or not at all.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// Beginning of the names of files that are being written, in the folder of the file that they will
/// replace.
pub const UNFINISHED: &str = ".fluxguard-";

/// Writes `parts`, one after the other, to a new file beside `path`, brings them to the disk and
/// renames: at any moment, also after a crash, and with however many that save at once, `path` is
/// one whole file, an old one or a new one. Who has the old one open or mapped keeps it as it was.
///
/// A new file is its owner's alone to read and write (mode 0600); one that replaces another keeps
/// that one's mode, and its owner and group where the system allows, or else is closed to the
/// group. Only files are replaced: a device, a pipe, a folder and a symbolic link are refused.
///
/// # Errors
/// [`Error::PathUnusable`] that names `argument`; nothing is left behind.
pub fn replace(argument: &'static str, path: &Path, parts: &[&[u8]]) -> Result<()> {
    let written = || -> io::Result<()> {
        let old = replaceable(path)?;
        let folder = folder(path);
        // Under a random name that was nobody's, opened so that no link is followed; removed when
        // dropped.
        let mut new = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
        parts.iter().try_for_each(|part| new.write_all(part))?;
        keep_mode(new.as_file(), old.as_ref())?;
        new.as_file().sync_all()?;
        new.persist(path).map_err(|e| e.error)?;
        // The rename is durable once the folder is.
        sync_folder(folder)
    };
    written().map_err(|e| {
        let (path, reason) = (path.display().to_string(), e.to_string());
        Error::PathUnusable { argument, path, purpose: "written", reason }
    })
}

/// The folder that a path names a file of.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// What is at `path`, if it may be replaced.
fn replaceable(path: &Path) -> io::Result<Option<Metadata>> {
    let refused = |reason: &str| Err(io::Error::other(reason.to_owned()));
    if path.file_name().is_none() {
        return refused("it names no file");
    }
    match fs::symlink_metadata(path) {
        Ok(old) if old.is_file() => Ok(Some(old)),
        Ok(old) if old.is_dir() => refused("it is a folder"),
        Ok(old) if old.is_symlink() => {
            refused("it is a symbolic link; name the file that it points to, or remove the link")
        }
        Ok(_) => refused("it is a device or a pipe, and only files are replaced"),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// The new file has mode 0600; of `old` it takes mode, owner and group, and never lets a group read
/// that could not before.
#[cfg(unix)]
fn keep_mode(new: &File, old: Option<&Metadata>) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let Some(old) = old else { return Ok(()) };
    let (mut mode, own) = (old.mode() & 0o777, new.metadata()?);
    if (own.uid(), own.gid()) != (old.uid(), old.gid())
        && fchown(new, Some(old.uid()), Some(old.gid())).is_err()
        && own.gid() != old.gid()
        && fchown(new, None, Some(old.gid())).is_err()
    {
        mode &= !0o070;
    }
    new.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep_mode(_: &File, _: Option<&Metadata>) -> io::Result<()> {
    Ok(())
}

/// Brings what was made or renamed in a folder to the disk.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // A folder that may be written to but not read cannot be synced; neither can those of some
    // network file systems.
    let Ok(opened) = File::open(folder) else { return Ok(()) };
    match opened.sync_all() {
        Err(e) if !matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Err(e)
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests;
