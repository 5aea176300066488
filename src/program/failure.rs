//! Why a command could not be done.

use std::fmt;
use std::io;

/// Why a command could not be done: the text is all that is said about it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The engine says no, or an argument is wrong.
    #[error(transparent)]
    Engine(#[from] fluxguard::Error),
    /// A CSV file cannot be used as it is.
    #[error(transparent)]
    Csv(#[from] BadCsv),
    /// The answer could not be written.
    #[error("standard output: {0}; expected a place that can be written")]
    Output(io::Error),
}

/// What is wrong in a CSV file, where, and how it is fixed.
#[derive(Debug, PartialEq)]
pub struct BadCsv {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: Option<u64>,
    /// The column's name.
    pub column: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to change.
    pub fix: String,
}

impl fmt::Display for BadCsv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        let line = self.line.map(|line| format!("line {line}"));
        let column = self.column.as_ref().map(|name| format!("column {}", quoted(name)));
        match (line, column) {
            (Some(line), Some(column)) => write!(f, "{line}, {column}: ")?,
            (Some(place), None) | (None, Some(place)) => write!(f, "{place}: ")?,
            (None, None) => {}
        }
        write!(f, "{}; {}", self.problem, self.fix)
    }
}

impl std::error::Error for BadCsv {}

/// A file's text in quotes, with control characters escaped and no longer than a line of an error
/// should be.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    if text.chars().count() <= LONGEST {
        return format!("{text:?}");
    }
    format!("{:?}...", text.chars().take(LONGEST).collect::<String>())
}

/// Names in quotes, the first few.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MAX: usize = 8;
    let names: Vec<&str> = names.into_iter().collect();
    let mut list = names.iter().take(MAX).map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    if names.len() > MAX {
        list += &format!(" and {} more", names.len() - MAX);
    }
    list
}
