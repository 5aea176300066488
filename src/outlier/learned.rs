//! What was learned from a reference: a detector, and how the reference's observations score where
//! it has not seen them. [`super::Fitted`] is it for hosts; an ensemble's members are it, too.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::calibration::{Calibrated, Calibration};
use super::explain::explain;
use super::spec::Spec;
use super::standardized::Standardized;
use super::support::{columns::quantile, packed, rows::LARGEST};
use super::{Detector, Rows};
use crate::sound::Sound;

/// A detector that was fitted and calibrated; as it is here, it stands in files.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Learned<D> {
    pub name: String,
    /// JSON of the detector's options.
    options: String,
    pub calibration: Calibration,
    pub features: usize,
    pub observations: usize,
    /// The median of each feature of the reference.
    #[serde(with = "packed")]
    typical: Vec<f64>,
    pub stage: Standardized<D>,
    /// Scores of unseen reference observations; empty for [`Calibration::None`].
    pub calibrated: Calibrated,
    /// The features' names, where they were told; files of before have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

impl<D: Detector> Learned<D> {
    /// Of its parts: the detector's name and options, what it was fitted by, the detector fitted on
    /// all of the reference, and scores of unseen observations.
    pub fn new(
        name: &str,
        options: &Value,
        spec: &Spec<D::Options>,
        reference: &Rows<'_>,
        stage: Standardized<D>,
        scores: Vec<f64>,
    ) -> Self {
        let typical =
            reference.sorted_columns().iter().map(|column| quantile(column, 0.5)).collect();
        Learned {
            name: name.into(),
            options: options.to_string(),
            calibration: spec.calibration,
            features: reference.features(),
            observations: reference.len(),
            typical,
            stage,
            calibrated: Calibrated::new(scores),
            names: spec.names.clone(),
        }
    }

    /// The detector's options.
    pub fn options(&self) -> Value {
        serde_json::from_str(&self.options).unwrap_or_default()
    }

    /// One score per row: NaN for a row that is not finite, and for no other.
    pub fn score(&self, rows: Cow<'_, [f64]>, scores: &mut [f64]) {
        // False for NaN, too.
        if rows.iter().all(|x| x.abs() <= LARGEST) {
            self.stage.score(&rows, scores);
            return;
        }
        let mut fixed = rows.into_owned();
        let mut bad = Vec::new();
        for (i, row) in fixed.chunks_exact_mut(self.features).enumerate() {
            if row.iter().all(|x| x.is_finite()) {
                row.iter_mut().for_each(|x| *x = x.clamp(-LARGEST, LARGEST));
            } else {
                row.copy_from_slice(&self.typical);
                bad.push(i);
            }
        }
        self.stage.score(&fixed, scores);
        bad.iter().for_each(|i| scores[*i] = f64::NAN);
    }

    /// What each feature adds to the score, a row after the other: NaN for a row that is not
    /// finite.
    pub fn explain(&self, rows: &[f64], parts: &mut [f64]) {
        let typical = self.stage.seen(&self.typical);
        for (row, parts) in
            rows.chunks_exact(self.features).zip(parts.chunks_exact_mut(self.features))
        {
            if row.iter().all(|x| x.is_finite()) {
                let row: Vec<f64> = row.iter().map(|x| x.clamp(-LARGEST, LARGEST)).collect();
                explain(&self.stage.model, &self.stage.seen(&row), &typical, parts);
                // As scores: beyond the largest double is the largest.
                parts.iter_mut().filter(|part| !part.is_finite()).for_each(|part| *part = f64::MAX);
            } else {
                parts.fill(f64::NAN);
            }
        }
    }
}

impl<D: Detector> Sound for Learned<D> {
    fn is_sound(&self) -> bool {
        let p = self.features;
        self.stage.is_sound()
            && (self.stage.model.features(), self.typical.len()) == (p, p)
            && self.calibrated.is_sound()
            && (self.names.is_empty() || self.names.len() == p)
    }
}
