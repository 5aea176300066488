//! Which observations a detector finds anomalous.

use serde::Serialize;

use super::{Detect, Ready, Rows};
use crate::Failure;
use crate::sample::{Missing, Sample};
use fluxguard::Error;
use fluxguard::sequence::Surprisal;
use fluxguard::sequence::categories::CategoryReport;
use fluxguard::tensor::{Elements, Tensor};

/// What the program says.
#[derive(Debug, Serialize)]
pub(super) struct Detections {
    pub detector: String,
    pub features: Vec<String>,
    pub threshold: f64,
    pub anomaly_rate: f64,
    /// One per observation; `null` for one that lacks a value.
    pub scores: Vec<f64>,
    pub p_values: Vec<f64>,
    /// From 0.
    pub anomalies: Vec<usize>,
    /// Of each anomaly, one number per feature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanations: Option<Vec<Vec<f64>>>,
    /// Columns with cells that have no value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

impl Detect {
    /// What was asked for, or 1 %, or the lowest that so many scores support.
    pub(super) fn anomaly_rate(&self, calibrated: usize) -> f64 {
        self.anomaly_rate.unwrap_or((1.0 / (calibrated + 1) as f64).max(0.01)).min(0.999)
    }

    pub(super) fn detect(&self, ready: &Ready, current: &Sample) -> Result<Detections, Failure> {
        let Ready { detector, reference } = ready;
        // A detector that was told no names takes columns by their places.
        let in_file = || {
            reference
                .as_ref()
                .unwrap_or(current)
                .columns
                .iter()
                .map(|column| column.name.clone())
                .collect()
        };
        let features: Vec<String> =
            if detector.names().is_empty() { in_file() } else { detector.names().to_vec() };
        let names: Vec<&str> = features.iter().map(String::as_str).collect();
        let missing = match reference {
            Some(reference) => Missing::since(reference, current, &names)?,
            None => Missing::of(current, &names),
        };
        let rows = Rows::complete("--score", current, &features)?;
        let scores = rows.spread(&detector.score(&rows.tensor()?)?);
        let p_value = |score: &f64| {
            if score.is_nan() { f64::NAN } else { detector.calibrated().p_value(*score) }
        };
        let p_values = scores.iter().map(p_value).collect();
        let anomaly_rate = self.anomaly_rate(detector.calibrated().len());
        let threshold = detector.threshold(anomaly_rate)?;
        let anomalies: Vec<usize> = (0..scores.len()).filter(|i| scores[*i] > threshold).collect();
        let explain = |i: &usize| -> Result<Vec<f64>, Error> {
            detector.explain(&Tensor::new(Elements::F64(rows.of(*i).unwrap_or_default()), 1)?)
        };
        let explanations =
            self.explain.then(|| anomalies.iter().map(explain).collect::<Result<Vec<_>, _>>());
        let explanations = explanations.transpose()?;
        let detector = detector.name().to_owned();
        let report = Detections {
            detector,
            features,
            threshold,
            anomaly_rate,
            scores,
            p_values,
            anomalies,
            explanations,
            missing,
        };
        Ok(report)
    }
}

/// What the program says of sequences.
#[derive(Debug, Serialize)]
pub struct SequenceDetections {
    pub detector: String,
    pub threshold: f64,
    pub anomaly_rate: f64,
    /// What `--by` calls each sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// One per sequence: its mean surprisal, in nats; `null` for one without symbols.
    pub scores: Vec<f64>,
    /// Exponentials of the scores.
    pub perplexities: Vec<f64>,
    pub p_values: Vec<f64>,
    /// From 0.
    pub anomalies: Vec<usize>,
    /// Of each anomaly, each symbol's surprisal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanations: Option<Vec<Vec<Surprisal>>>,
    /// How the categories of both files differ; of `frequency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<CategoryReport>,
    /// Columns with cells that have no value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}
