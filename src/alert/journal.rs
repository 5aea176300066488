//! Alerts as JSON Lines in a file.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use super::Alert;
use crate::error::{Error, Result};

/// Appends one alert a line. A line is written by one call and reaches the disk before the alert counts as raised, so a
/// killed process leaves whole lines; a torn last line, after a power cut, is passed over by [`read_journal`].
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Opens `path` for appending; it is made if there is none.
    ///
    /// # Errors
    /// [`Error::PathUnusable`] naming the argument `journal`.
    pub fn open(path: &Path) -> Result<Self> {
        let mut file =
            OpenOptions::new().create(true).append(true).read(true).open(path).map_err(|e| unusable(path, &e))?;
        if ends_mid_line(path) {
            file.write_all(b"\n").map_err(|e| unusable(path, &e))?;
        }
        Ok(Journal { file, path: path.to_path_buf() })
    }

    /// Writes one alert.
    ///
    /// # Errors
    /// [`Error::PathUnusable`], for instance when the disk is full.
    pub fn append(&mut self, alert: &Alert) -> Result<()> {
        let mut line =
            serde_json::to_vec(alert).map_err(|e| Error::invalid("alert", e, "numbers and text that JSON can hold"))?;
        line.push(b'\n');
        self.file.write_all(&line).and_then(|()| self.file.sync_data()).map_err(|e| unusable(&self.path, &e))
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> Error {
    let (path, reason) = (path.display().to_string(), error.to_string());
    Error::PathUnusable { argument: "journal", path, purpose: "appended to", reason }
}

/// Whether a power cut left the last line without its end: the next alert must not be glued to it.
fn ends_mid_line(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.last().is_some_and(|b| *b != b'\n'))
}

/// The alerts in a journal, and how many lines could not be read.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Kind, Severity, Span};

    fn alert(id: u64) -> Alert {
        Alert {
            id,
            time: "2026-01-01T00:00:00.000Z".into(),
            guard: "g\n\"quoted\"".into(),
            model: String::new(),
            kind: Kind::Drift,
            severity: Severity::Warning,
            feature: Some("y1".into()),
            class: None,
            test: "ks".into(),
            statistic: 0.5,
            p_value: 1e-9,
            adjusted_p_value: 1e-8,
            effect: 0.5,
            threshold: 1e-6,
            false_alarm_rate: 1e-6,
            false_alarms: "1 per week".into(),
            window: Span::default(),
            message: String::new(),
            found: 0,
            features: Vec::new(),
        }
    }

    #[test]
    fn a_torn_line_costs_only_itself() {
        let path = std::env::temp_dir().join(format!("fluxguard-journal-{}.jsonl", std::process::id()));
        let _ = std::fs::remove_file(&path);
        Journal::open(&path).and_then(|mut j| j.append(&alert(1))).expect("writable");
        let mut torn = OpenOptions::new().append(true).open(&path).expect("there");
        torn.write_all(b"{\"id\":2,\"ti").expect("writable");
        Journal::open(&path).and_then(|mut j| j.append(&alert(3))).expect("writable");
        let (alerts, damaged) = read_journal(&path).expect("readable");
        assert_eq!((alerts, damaged), (vec![alert(1), alert(3)], 1));
        std::fs::remove_file(&path).expect("there");
    }

    #[test]
    fn an_unusable_path_is_said() {
        let error = Journal::open(Path::new("/nonexistent/folder/alerts.jsonl")).expect_err("no folder");
        assert_eq!(error.code(), 400);
    }
}
