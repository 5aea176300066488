//! Detections as a table for people.

use super::super::text_table::{Align, number, render as render_table};
use super::Detections;
use fluxguard::outlier::fitted::Description;

/// Rows that are shown: the highest scores.
const MOST: usize = 20;

/// A line for the verdict and a row for each of the highest scores.
pub fn render(found: &Detections) -> String {
    let n = found.scores.len();
    let count = match found.anomalies.len() {
        0 => format!("No anomalies in {n} observations"),
        k => format!("{k} of {n} observations are anomalous"),
    };
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| found.scores[*b].total_cmp(&found.scores[*a]).then(a.cmp(b)));
    order.truncate(MOST.max(found.anomalies.len().min(10 * MOST)));
    let mut header = vec![
        ("observation", Align::Right),
        ("score", Align::Right),
        ("p-value", Align::Right),
        ("anomaly", Align::Left),
    ];
    if found.explanations.is_some() {
        header.push(("most due to", Align::Left));
    }
    let rows: Vec<Vec<String>> = order
        .iter()
        .map(|i| {
            let anomaly = found.anomalies.binary_search(i).ok();
            let verdict = if anomaly.is_some() { "ANOMALY" } else { "no" };
            let mut row = vec![i.to_string(), number(found.scores[*i]), number(found.p_values[*i]), verdict.to_owned()];
            if let Some(explanations) = &found.explanations {
                row.push(anomaly.map_or_else(String::new, |k| most(&explanations[k], &found.features)));
            }
            row
        })
        .collect();
    let shown =
        if rows.len() < n { format!("The {} highest scores; all are in --json\n", rows.len()) } else { String::new() };
    let verdict = format!(
        "{count} (detector {}, threshold {}, anomaly rate {})",
        found.detector,
        number(found.threshold),
        number(found.anomaly_rate)
    );
    format!("{verdict}\n{shown}\n{}", render_table(&header, &rows))
}

/// The three features with the largest parts.
fn most(parts: &[f64], features: &[String]) -> String {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| parts[*b].total_cmp(&parts[*a]));
    let named =
        order.iter().take(3).filter(|k| parts[**k] > 0.0).map(|k| format!("{} ({})", features[*k], number(parts[*k])));
    named.collect::<Vec<_>>().join(", ")
}

/// A detector that was only fitted.
pub fn saved(description: &Description) -> String {
    format!(
        "Detector {}: {} features, {} observations, calibrated by {}\n",
        description.detector, description.features, description.observations, description.calibration_size
    )
}
