//! Observations on their way to fitted detectors that score on the worker.

use super::pane::Pane;
use crate::error::Result;
use crate::profile::{Baseline, Scores};
use crate::tensor::{Elements, Tensor};

/// Numbers that a share keeps: 32 MB. Only a worker that is far behind lets them grow so large; what comes then is not scored by
/// these detectors, and is in all else.
const ROOM: usize = 1 << 22;

/// Rows, feature fastest, and whether the call has flagged them already.
#[derive(Debug, Clone, Default)]
pub struct Deferred {
    rows: Vec<f64>,
    flagged: Vec<bool>,
}

impl Deferred {
    /// Takes in observations of `features` numbers each, while there is room.
    pub fn push(&mut self, rows: impl Iterator<Item = f64>, flagged: &[bool], features: usize) {
        let room = (ROOM.saturating_sub(self.rows.len()) / features).min(flagged.len());
        self.rows.extend(rows.take(room * features));
        self.flagged.extend_from_slice(&flagged[..room]);
    }

    /// Adds what `other` keeps.
    pub fn merge(&mut self, other: &Deferred) {
        if let Some(features) = other.rows.len().checked_div(other.flagged.len()) {
            self.push(other.rows.iter().copied(), &other.flagged, features);
        }
    }

    /// Forgets all and keeps the memory.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.flagged.clear();
    }
}

impl Pane {
    /// Scores what was kept, counts it as the call would have, and returns how many more are anomalous.
    ///
    /// # Errors
    /// As [`Baseline::score`].
    pub(super) fn score_deferred(&mut self, baseline: &Baseline) -> Result<u64> {
        let mut deferred = std::mem::take(&mut self.deferred);
        if deferred.flagged.is_empty() {
            return Ok(0);
        }
        let batch = Tensor::new(Elements::F64(&deferred.rows), deferred.flagged.len())?;
        let (own, mut scores) = (baseline.scorer.detectors().len(), Scores::default());
        baseline.score_attached(&batch, &mut scores)?;
        let mut more = 0;
        for (d, column) in scores.columns.iter().enumerate().skip(own) {
            self.count_scores(baseline, d, column, column.iter().all(|score| !score.is_nan()));
            for (flag, score) in deferred.flagged.iter_mut().zip(column) {
                let anomalous = baseline.calibration.beyond(d, *score);
                more += u64::from(anomalous && !*flag);
                *flag |= anomalous;
            }
        }
        self.anomalous += more;
        deferred.clear();
        self.deferred = deferred;
        Ok(more)
    }
}
