//! What a batch looked like, at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::profile::{Baseline, Scores};

/// Scores and flags of one batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Observations in the batch.
    pub observations: usize,
    /// How many are anomalous: a score beyond its threshold, or a NaN or Inf.
    pub anomalous: usize,
    /// Which, from 0.
    pub indices: Vec<usize>,
    /// The detectors, in the order of what follows.
    pub detectors: Vec<String>,
    /// The threshold of each: what scores above is anomalous.
    pub thresholds: Vec<f32>,
    /// For each detector one score per observation; NaN (`null` in JSON) where the observation is
    /// not finite.
    pub scores: Vec<Vec<f32>>,
    /// For each fitted detector one p-value per observation, by its name: see
    /// [`crate::outlier::Fitted::p_values`].
    pub p_values: BTreeMap<String, Vec<f64>>,
    /// The predicted class of each observation, from 0; `None` where not finite; no list for
    /// values.
    pub predicted: Option<Vec<Option<u32>>>,
    /// Observations with NaN or Inf.
    pub non_finite: usize,
}

/// Flags the anomalous observations of a scored batch; returns how many.
pub(super) fn flag(baseline: &Baseline, scores: &Scores, anomalous: &mut Vec<bool>) -> usize {
    anomalous.clear();
    anomalous.extend(scores.finite.iter().map(|finite| !finite));
    for (d, column) in scores.columns.iter().enumerate() {
        for (flag, score) in anomalous.iter_mut().zip(column) {
            *flag |= baseline.calibration.beyond(d, *score);
        }
    }
    anomalous.iter().filter(|a| **a).count()
}

impl Verdict {
    pub(super) fn new(baseline: &Baseline, scores: &Scores, anomalous: &[bool]) -> Self {
        let indices: Vec<usize> = (0..anomalous.len()).filter(|i| anomalous[*i]).collect();
        let predicted = baseline.scorer.output().has_classes().then(|| {
            let known = baseline.classes.counts().len();
            scores
                .predicted
                .iter()
                .map(|c| (*c as usize) < known)
                .zip(&scores.predicted)
                .map(|(k, c)| k.then_some(*c))
                .collect()
        });
        // Those that score on the worker have not yet.
        let shown = scores.columns.len();
        let own = baseline.scorer.detectors().len();
        let p_values = baseline.attached.iter().zip(scores.columns.iter().skip(own)).map(
            |(attached, column)| {
                (
                    attached.name.clone(),
                    column.iter().map(|score| attached.p_value(*score)).collect(),
                )
            },
        );
        Verdict {
            p_values: p_values.collect(),
            observations: anomalous.len(),
            anomalous: indices.len(),
            indices,
            detectors: baseline.detectors()[..shown].to_vec(),
            thresholds: baseline.calibration.thresholds[..shown].to_vec(),
            scores: scores.columns.clone(),
            predicted,
            non_finite: scores.finite.iter().filter(|f| !**f).count(),
        }
    }

    /// The verdict without its scores and p-values, which are written to these arrays where they
    /// are given: detectors x observations, column by column, at the beginning of what there is
    /// room for.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no room.
    pub fn numbers_into(
        mut self,
        scores: Option<&mut [f32]>,
        p_values: Option<&mut [f64]>,
    ) -> Result<Self> {
        if let Some(out) = scores {
            interleave("scores", out, self.scores.iter())?;
            self.scores.clear();
        }
        if let Some(out) = p_values {
            interleave("p_values", out, self.p_values.values())?;
            self.p_values.values_mut().for_each(Vec::clear);
        }
        Ok(self)
    }
}

/// Writes rows of equal length to `out`, column by column.
fn interleave<'r, T: Copy + 'r>(
    argument: &'static str,
    out: &mut [T],
    rows: impl ExactSizeIterator<Item = &'r Vec<T>>,
) -> Result<()> {
    let (height, room) = (rows.len(), out.len());
    for (i, row) in rows.enumerate() {
        if height * row.len() > room {
            let expected = format!("room for {height} x {} numbers", row.len());
            return Err(Error::invalid(argument, format!("{room} elements"), expected));
        }
        row.iter().enumerate().for_each(|(j, x)| out[j * height + i] = *x);
    }
    Ok(())
}
