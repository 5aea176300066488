//! A journal, read.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::Alert;
use crate::error::{Error, Result};
use crate::kinds;

/// The alerts in a journal, and how many lines could not be read: such as a power cut left torn.
///
/// # Errors
/// [`Error::PathUnusable`]; [`Error::FileKind`] where no line is an alert and the file does not
/// begin like one.
pub fn read_journal(path: &Path) -> Result<(Vec<Alert>, usize)> {
    let reading = |e: std::io::Error| {
        let (path, reason) = (path.display().to_string(), e.to_string());
        Error::PathUnusable { argument: "journal", path, purpose: "read", reason }
    };
    let (mut alerts, mut damaged) = (Vec::new(), 0);
    let mut lines = BufReader::new(File::open(path).map_err(reading)?);
    let begin = lines.fill_buf().map_err(reading)?.to_vec();
    for line in lines.split(b'\n') {
        let line = line.map_err(reading)?;
        match serde_json::from_slice(&line) {
            Ok(alert) => alerts.push(alert),
            Err(_) if line.is_empty() => {}
            Err(_) => damaged += 1,
        }
    }
    match kinds::other(path, &begin, "journal") {
        Some(other) if alerts.is_empty() && damaged > 0 => Err(other),
        _ => Ok((alerts, damaged)),
    }
}
