//! Detections as a table for people.

use super::super::failure::quoted;
use super::super::sample::counted;
use super::super::text_table::{Align, number, numbers, render as render_table};
use super::Detections;
use super::found::SequenceDetections;
use fluxguard::outlier::ensemble::MemberWeight;
use fluxguard::outlier::fitted::DetectorDescription;
use fluxguard::sequence;

/// Rows that are shown: the highest scores.
const MAX: usize = 20;

/// A line for the verdict and a row for each of the highest scores.
pub fn render(found: &Detections) -> String {
    let n = found.scores.len();
    let count = match found.anomalies.len() {
        0 => format!("No anomalies in {n} observations"),
        k => format!("{k} of {n} observations are anomalous"),
    };
    let mut order: Vec<usize> = (0..n).filter(|i| !found.scores[*i].is_nan()).collect();
    order.sort_by(|a, b| found.scores[*b].total_cmp(&found.scores[*a]).then(a.cmp(b)));
    let scored = order.len();
    order.truncate(MAX.max(found.anomalies.len().min(10 * MAX)));
    let mut header = vec![
        ("observation", Align::Right),
        ("score", Align::Right),
        ("p-value", Align::Right),
        ("anomaly", Align::Left),
    ];
    if found.explanations.is_some() {
        header.push(("most due to", Align::Left));
    }
    // The threshold with them: what is above it must look so.
    let shown: Vec<f64> = order.iter().map(|i| found.scores[*i]).chain([found.threshold]).collect();
    let (mut scores, p_values) =
        (numbers(&shown), order.iter().map(|i| found.p_values[*i]).collect::<Vec<_>>());
    let (threshold, p_values) = (scores.pop().unwrap_or_default(), numbers(&p_values));
    let rows: Vec<Vec<String>> = order
        .iter()
        .zip(scores.into_iter().zip(p_values))
        .map(|(i, (score, p_value))| {
            let anomaly = found.anomalies.binary_search(i).ok();
            let verdict = if anomaly.is_some() { "ANOMALY" } else { "no" };
            let mut row = vec![i.to_string(), score, p_value, verdict.to_owned()];
            if let Some(explanations) = &found.explanations {
                row.push(
                    anomaly.map_or_else(String::new, |k| most(&explanations[k], &found.features)),
                );
            }
            row
        })
        .collect();
    let shown = if rows.len() < scored {
        format!("The {} highest scores; all are in --json\n", rows.len())
    } else {
        String::new()
    };
    let verdict = format!(
        "{count} (detector {}, threshold {}, anomaly rate {})",
        found.detector,
        threshold,
        number(found.anomaly_rate)
    );
    let missing = counted(&found.missing, "their lines have no score");
    format!("{verdict}\n{shown}\n{}{missing}", render_table(&header, &rows))
}

/// A name that leaves room for others.
fn cut(name: &str) -> String {
    if name.chars().count() <= 20 {
        name.to_owned()
    } else {
        name.chars().take(20).chain("...".chars()).collect()
    }
}

/// The three features with the largest parts.
fn most(parts: &[f64], features: &[String]) -> String {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| parts[*b].total_cmp(&parts[*a]));
    let named = order
        .iter()
        .take(3)
        .filter(|k| parts[**k] > 0.0)
        .map(|k| format!("{} ({})", cut(&features[*k]), number(parts[*k])));
    named.collect::<Vec<_>>().join(", ")
}

/// A detector that was only fitted.
pub fn saved(description: &DetectorDescription) -> String {
    let mut text = format!(
        "Detector {}: {} features, {} observations, calibrated by {}\n",
        description.detector,
        description.features,
        description.observations,
        description.calibration_size
    );
    for MemberWeight { detector, options, weight } in &description.members {
        text += &format!("  {:>3.0} %  {detector} {options}\n", 100.0 * weight);
    }
    text
}

/// A detector of sequences that was only fitted.
pub fn saved_sequences(description: &sequence::SequenceDescription) -> String {
    format!(
        "Detector {}: {} sequences, {} symbols, calibrated by {}\n",
        description.detector,
        description.sequences,
        description.symbols,
        description.calibration_size
    )
}

/// A line for the verdict, a row for each of the highest scores, and what became of the categories.
pub fn render_sequences(found: &SequenceDetections) -> String {
    let n = found.scores.len();
    let count = match found.anomalies.len() {
        0 => format!("No anomalies in {n} sequences"),
        k => format!("{k} of {n} sequences are anomalous"),
    };
    let mut order: Vec<usize> = (0..n).filter(|i| !found.scores[*i].is_nan()).collect();
    order.sort_by(|a, b| found.scores[*b].total_cmp(&found.scores[*a]).then(a.cmp(b)));
    order.truncate(MAX.max(found.anomalies.len().min(10 * MAX)));
    let mut header = vec![
        ("sequence", Align::Right),
        ("score", Align::Right),
        ("perplexity", Align::Right),
        ("p-value", Align::Right),
        ("anomaly", Align::Left),
    ];
    if found.explanations.is_some() {
        header.push(("most surprising", Align::Left));
    }
    let row = |i: &usize| {
        let anomaly = found.anomalies.binary_search(i).ok();
        let name = found.names.as_ref().map_or_else(|| i.to_string(), |names| names[*i].clone());
        let verdict = if anomaly.is_some() { "ANOMALY" } else { "no" };
        let mut row = vec![name];
        row.extend([found.scores[*i], found.perplexities[*i], found.p_values[*i]].map(number));
        row.push(verdict.to_owned());
        if let Some(explanations) = &found.explanations {
            row.push(anomaly.map_or_else(String::new, |k| surprising(&explanations[k])));
        }
        row
    };
    let rows: Vec<Vec<String>> = order.iter().map(row).collect();
    let verdict = format!(
        "{count} (detector {}, threshold {}, anomaly rate {})",
        found.detector,
        number(found.threshold),
        number(found.anomaly_rate)
    );
    let categories = found.categories.as_ref().map_or_else(String::new, |report| {
        let list = |list: &[sequence::categories::OneSided]| match list {
            [] => "none".to_owned(),
            _ => list
                .iter()
                .take(10)
                .map(|c| format!("{} ({})", quoted(&c.category), c.count))
                .collect::<Vec<_>>()
                .join(", "),
        };
        format!(
            "\nunseen: {}\nvanished: {}\nchi2 p = {}, g p = {}; {} of the sample is unseen, {} was expected\n",
            list(&report.unseen),
            list(&report.vanished),
            number(report.chi2.p_value),
            number(report.g.p_value),
            number(report.unseen_share),
            number(report.expected_unseen_share)
        )
    });
    let missing = counted(&found.missing, "they have no score");
    format!("{verdict}\n\n{}{categories}{missing}", render_table(&header, &rows))
}

/// The three symbols with the largest surprisal.
fn surprising(symbols: &[sequence::Surprisal]) -> String {
    let mut order: Vec<&sequence::Surprisal> = symbols.iter().collect();
    order.sort_by(|a, b| b.surprisal.total_cmp(&a.surprisal));
    let name = |s: &sequence::Surprisal| {
        let symbol = s.symbol.as_deref().map_or_else(|| "the end".to_owned(), quoted);
        format!("{symbol} ({}{})", number(s.surprisal), if s.seen { "" } else { ", unseen" })
    };
    order.into_iter().take(3).map(name).collect::<Vec<_>>().join(", ")
}
