//! What is said of predictions, labels and their outcomes.

use serde::Serialize;

use super::ids::Name;
use crate::sample::{Missing, counted};
use crate::text_table::{Align, number, render};
use fluxguard::drift::online::OnlineName;
use fluxguard::performance::late::{Counts, RealizedChunk};

/// The JSON.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub detector: OnlineName,
    pub counts: Counts,
    pub chunks: Vec<RealizedChunk>,
    pub detections: Vec<Found>,
    pub drift: bool,
    /// Cells without a value in the file of the predictions; their lines are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_predictions: Vec<Missing>,
    /// The same in the file of the labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_labels: Vec<Missing>,
}

/// Where the detector fired.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    pub outcome: u64,
    pub id: Name,
}

/// For people.
pub(super) fn table(report: &Report) -> String {
    let c = &report.counts;
    let mut text = format!(
        "{} fired {} times in {} outcomes\n\n",
        report.detector,
        report.detections.len(),
        c.joined - c.held
    );
    let counts = [
        ("predictions", c.predictions),
        ("  joined", c.joined),
        ("    of these held", c.held),
        ("  expired", c.expired),
        ("  evicted", c.evicted),
        ("  waiting", c.waiting),
        ("labels", c.labels),
        ("  duplicate", c.duplicate),
        ("  late", c.late),
        ("  unknown", c.unknown),
        ("repeated predictions", c.repeated),
    ];
    let rows: Vec<Vec<String>> =
        counts.iter().map(|(name, n)| vec![(*name).into(), n.to_string()]).collect();
    text += &render(&[("count", Align::Left), ("", Align::Right)], &rows);
    if !report.chunks.is_empty() {
        let row =
            |c: &RealizedChunk| vec![c.chunk.to_string(), number(c.mean), number(c.standard_error)];
        let rows: Vec<Vec<String>> = report.chunks.iter().map(row).collect();
        let header = [
            ("chunk", Align::Right),
            ("mean outcome", Align::Right),
            ("standard error", Align::Right),
        ];
        text += &format!("\n{}", render(&header, &rows));
    }
    if !report.detections.is_empty() {
        let row = |d: &Found| vec![d.outcome.to_string(), d.id.to_string()];
        let rows: Vec<Vec<String>> = report.detections.iter().map(row).collect();
        text += &format!(
            "\n{}",
            render(&[("outcome from 0", Align::Right), ("id", Align::Right)], &rows)
        );
    }
    text += &counted(
        &report.missing_predictions,
        "their lines in the file of predictions are left out",
    );
    text + &counted(&report.missing_labels, "their lines in the file of labels are left out")
}
