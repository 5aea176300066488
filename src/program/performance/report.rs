//! What is said of how well a model does.

use serde::Serialize;

use crate::failure::quoted;
use crate::sample::{Missing, counted};
use crate::text_table::{Align, number, render};
use fluxguard::performance::{Bound, Chunk, Problem};

/// The JSON.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub problem: Problem,
    /// Names of classes 0, 1, ..., where they are text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// Which score is of which class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ScoreOf>,
    pub calibrated: Vec<bool>,
    pub bounds: Vec<Bound>,
    /// Observations are lines of CURRENT.
    pub chunks: Vec<Chunk>,
    pub drift: bool,
    /// Columns with cells that have no value; what needs them is left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

/// A column of scores is the probability of this class.
#[derive(Debug, Serialize)]
pub(super) struct ScoreOf {
    pub column: String,
    pub class: String,
}

/// For people.
pub(super) fn table(report: &Report) -> String {
    let alerts = report.chunks.iter().filter(|chunk| chunk.alert).count();
    let calibrated = report.calibrated.iter().filter(|c| **c).count();
    let calibration = match report.calibrated.len() {
        0 => String::new(),
        n => format!("; {calibrated} of {n} scores calibrated"),
    };
    let mut text = format!("{alerts} alerts in {} estimates{calibration}\n", report.chunks.len());
    for ScoreOf { column, class } in report.scores.iter().take(20) {
        text += &format!("{} is the probability of class {}\n", quoted(column), quoted(class));
    }
    text.push('\n');
    let or_none = |x: f64| if x.is_nan() { "-".to_owned() } else { number(x) };
    let row = |c: &Chunk| {
        vec![
            c.metric.to_string(),
            c.chunk.to_string(),
            format!("{}-{}", c.start, c.end - 1),
            or_none(c.estimate),
            or_none(c.sampling_error),
            or_none(c.realized.unwrap_or(f64::NAN)),
            or_none(c.lower),
            or_none(c.upper),
            if c.alert { "ALERT".into() } else { String::new() },
        ]
    };
    let header = [
        ("metric", Align::Left),
        ("chunk", Align::Right),
        ("observations", Align::Right),
        ("estimate", Align::Right),
        ("sampling error", Align::Right),
        ("realized", Align::Right),
        ("lower", Align::Right),
        ("upper", Align::Right),
        ("", Align::Left),
    ];
    text += &render(&header, &report.chunks.iter().map(row).collect::<Vec<_>>());
    text + &counted(&report.missing, "what needs them is left out")
}
