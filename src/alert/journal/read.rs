//! A journal, read.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::Alert;
use crate::error::{Error, Result};

/// The alerts in a journal, and how many lines could not be read: such as a power cut left torn.
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn read_journal(path: &Path) -> Result<(Vec<Alert>, usize)> {
    let reading = |e: std::io::Error| {
        let (path, reason) = (path.display().to_string(), e.to_string());
        Error::PathUnusable { argument: "journal", path, purpose: "read", reason }
    };
    let (mut alerts, mut damaged) = (Vec::new(), 0);
    for line in BufReader::new(File::open(path).map_err(reading)?).split(b'\n') {
        let line = line.map_err(reading)?;
        match serde_json::from_slice(&line) {
            Ok(alert) => alerts.push(alert),
            Err(_) if line.is_empty() => {}
            Err(_) => damaged += 1,
        }
    }
    Ok((alerts, damaged))
}
