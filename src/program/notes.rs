//! What is said beside an answer: warnings that what was asked for may not be what was meant, and
//! hints.

use serde::Serialize;

/// Beside an answer. In JSON the keys `warnings` and `hints`, where there are some.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Notes {
    /// The answer may not be what was meant: told first, in capitals.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What may be of use: told last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

/// An answer's JSON with its notes.
#[derive(Debug, Serialize)]
pub struct Noted<'a, T> {
    #[serde(flatten)]
    value: &'a T,
    #[serde(flatten)]
    notes: &'a Notes,
}

impl Notes {
    /// Hints alone.
    pub fn hinting(hints: Vec<String>) -> Self {
        Notes { warnings: Vec::new(), hints }
    }

    /// For JSON.
    pub fn beside<'a, T: Serialize>(&'a self, value: &'a T) -> Noted<'a, T> {
        Noted { value, notes: self }
    }

    /// For people.
    pub fn around(&self, text: &str) -> String {
        let warnings: String =
            self.warnings.iter().map(|warning| format!("WARNING: {warning}\n")).collect();
        let hints: String = self.hints.iter().map(|hint| format!("Hint: {hint}\n")).collect();
        let gap = |lines: &str| if lines.is_empty() { "" } else { "\n" };
        format!("{warnings}{}{text}{}{hints}", gap(&warnings), gap(&hints))
    }
}
