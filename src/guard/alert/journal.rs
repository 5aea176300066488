//! Alerts as JSON Lines in a file, which several guards and processes may share.

mod end;
mod read;
#[cfg(all(test, unix))]
mod tests;

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Alert;
use crate::error::{Error, Result};
use crate::files;

pub use read::read_journal;

/// How long another may be in the middle of a line.
const PATIENCE: Duration = Duration::from_secs(1);

/// Appends one alert a line, each whole and on the disk before the alert counts as written.
///
/// Writers take turns by a lock on the file (`flock`), held for one line and, in
/// [`Journal::append_next`], for the look at the numbers before it. A line that could not be
/// written to its end is taken back; one that a killed process or a power cut left torn is ended by
/// whoever writes next, and costs only itself. A file that is renamed or removed is followed by a
/// new one of its name, so that it may be rotated either way.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// The file's length when `highest` was looked up.
    seen: u64,
    highest: u64,
}

impl Journal {
    /// Opens `path` for appending, and reads its end; it is made, for its owner alone to read (mode
    /// 0600), if there is none.
    ///
    /// # Errors
    /// [`Error::PathUnusable`] naming the argument `journal`, also for what is no file: a device, a
    /// pipe, a folder.
    pub fn open(path: &Path) -> Result<Self> {
        let file = open(path).map_err(|e| unusable(path, &e))?;
        let mut journal = Journal { path: path.to_path_buf(), file, seen: 0, highest: 0 };
        journal.look().map_err(|e| unusable(path, &e))?;
        Ok(journal)
    }

    /// The highest number of an alert near the file's end. Another may give out those above it at
    /// any time, until [`Journal::append_next`] has one in the file.
    pub fn highest(&mut self) -> u64 {
        // What cannot be read now will not be written to, either, and that is reported.
        let _ = self.look();
        self.highest
    }

    /// Writes one alert. Where this fails, nothing of it stays in the file, but that it may come
    /// twice where only the disk's acknowledgment failed.
    ///
    /// # Errors
    /// [`Error::PathUnusable`], for instance when the disk is full. The next call may succeed.
    pub fn append(&mut self, alert: &Alert) -> Result<()> {
        self.write(|_| line(alert)).map_err(|e| unusable(&self.path, &e))?;
        self.highest = self.highest.max(alert.id);
        Ok(())
    }

    /// [`Journal::append`] under a number that nobody gave out: that of `alert`, or the next one of
    /// the file where another was quicker. The file is locked from the look at its numbers until
    /// the line is in it. Where this fails, `alert` keeps its number.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn append_next(&mut self, alert: &mut Alert) -> Result<()> {
        let reported = alert.id;
        let mut numbered = |highest: u64| {
            alert.id = reported.max(highest.saturating_add(1));
            line(alert)
        };
        let written = self.write(&mut numbered);
        if let Err(e) = written {
            alert.id = reported;
            return Err(unusable(&self.path, &e));
        }
        self.highest = self.highest.max(alert.id);
        Ok(())
    }

    fn look(&mut self) -> io::Result<()> {
        self.follow()?;
        self.look_at_numbers()
    }

    fn look_at_numbers(&mut self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length != self.seen {
            self.highest = self.highest.max(end::highest(&mut self.file, length)?);
            self.seen = length;
        }
        Ok(())
    }

    /// Opens the path anew where it names another file by now, or none.
    fn follow(&mut self) -> io::Result<()> {
        if !fs::metadata(&self.path).is_ok_and(|there| names(&there, &self.file)) {
            // Others may have written to the old one since the last look; numbers go on from there.
            let _ = self.look_at_numbers();
            self.file = open(&self.path)?;
            self.seen = 0;
        }
        Ok(())
    }

    /// Writes what `line` makes of the highest number in the file, alone with it.
    fn write(&mut self, mut line: impl FnMut(u64) -> io::Result<Vec<u8>>) -> io::Result<()> {
        loop {
            self.follow()?;
            let locked = lock(&self.file)?;
            let looked = self.look_at_numbers().and_then(|()| line(self.highest));
            let written = looked.and_then(|line| append(&mut self.file, &line, locked));
            if locked {
                self.file.unlock()?;
            }
            let (before, after) = written?;
            if before == self.seen {
                // Nobody else wrote since the last look.
                self.seen = after;
            }
            sync(&self.file)?;
            // Removed before the line was in it: once more, into the next one. A file that was
            // renamed has the line.
            if !is_removed(&self.file)? {
                return Ok(());
            }
        }
    }
}

/// An alert's line.
fn line(alert: &Alert) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(alert)?;
    line.push(b'\n');
    Ok(line)
}

/// Whether the lock is held: not every file system has locks.
fn lock(file: &File) -> io::Result<bool> {
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(_)) => return Ok(false),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(1))
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "another process holds its lock",
                ));
            }
        }
    }
}

/// Ends what somebody left torn, and writes `line`; the file's length before and after. Alone with
/// the file, takes back what it could not finish.
fn append(file: &mut File, line: &[u8], alone: bool) -> io::Result<(u64, u64)> {
    let before = file.metadata()?.len();
    let end: &[u8] = if end::is_torn(file, before)? { b"\n" } else { b"" };
    let bytes = [end, line].concat();
    match file.write_all(&bytes) {
        Ok(()) => Ok((before, before + bytes.len() as u64)),
        Err(e) => {
            if alone {
                // Should that fail, too, whoever writes next ends the line.
                let _ = file.set_len(before);
            }
            Err(e)
        }
    }
}

fn sync(file: &File) -> io::Result<()> {
    match file.sync_data() {
        // Some network file systems cannot.
        Err(e) if !matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Err(e)
        }
        _ => Ok(()),
    }
}

fn open(path: &Path) -> io::Result<File> {
    let is_file = |there: &Metadata| match there.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("it is no regular file")),
    };
    // Looked at before it is opened: to open a device may do something, and to open a pipe may take
    // for ever.
    let is_new = match fs::metadata(path) {
        Ok(there) => is_file(&there).map(|()| false)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => true,
        Err(e) => return Err(e),
    };
    let mut options = OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    is_file(&file.metadata()?)?;
    if is_new {
        files::sync_folder(files::folder(path))?;
    }
    Ok(file)
}

#[cfg(unix)]
fn names(there: &Metadata, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|ours| (ours.dev(), ours.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn names(_: &Metadata, _: &File) -> bool {
    true
}

#[cfg(unix)]
fn is_removed(file: &File) -> io::Result<bool> {
    Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) == 0)
}

#[cfg(not(unix))]
fn is_removed(_: &File) -> io::Result<bool> {
    Ok(false)
}

fn unusable(path: &Path, error: &io::Error) -> Error {
    let (path, reason) = (path.display().to_string(), error.to_string());
    Error::PathUnusable { argument: "journal", path, purpose: "appended to", reason }
}
