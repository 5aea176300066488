//! The summary of a stretch of observations: all that the tests need of it, and it adds up.

use std::time::Instant;

use crate::profile::Baseline;
use crate::sketch::{CellCounts, Frequencies, Moments};

/// A mergeable summary. Memory: 16 bytes an edge of the baseline's cells (at most 2 MiB), whatever the number of
/// observations.
#[derive(Debug, Clone)]
pub struct Pane {
    /// Observations summarised.
    pub observations: u64,
    /// Of the features.
    pub moments: Moments,
    /// One a column of the baseline.
    pub cells: Vec<CellCounts>,
    /// Predicted classes.
    pub classes: Frequencies,
    /// Observations flagged by the detectors, those not finite included.
    pub anomalous: u64,
    /// Observations with NaN or Inf.
    pub non_finite: u64,
    /// Arrival of the first and the last.
    pub time: Option<(Instant, Instant)>,
}

impl Pane {
    /// Of no observations.
    #[must_use]
    pub fn new(baseline: &Baseline) -> Self {
        Pane {
            observations: 0,
            moments: Moments::new(baseline.center.clone()),
            cells: baseline.cells.iter().map(|c| c.empty_counts()).collect(),
            classes: Frequencies::new(baseline.classes.counts().len()),
            anomalous: 0,
            non_finite: 0,
            time: None,
        }
    }

    /// Forgets all and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.observations = 0;
        self.moments.clear();
        self.cells.iter_mut().for_each(CellCounts::clear);
        self.classes.clear();
        (self.anomalous, self.non_finite, self.time) = (0, 0, None);
    }

    pub(super) fn extend(&mut self, observations: u64, started: Instant, ended: Instant) {
        self.observations += observations;
        let (first, last) = self.time.unwrap_or((started, ended));
        self.time = Some((first.min(started), last.max(ended)));
    }

    /// Adds what `other`, of the same baseline, has seen.
    pub fn merge(&mut self, other: &Pane) {
        self.moments.merge(&other.moments);
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            mine.merge(theirs);
        }
        self.classes.merge(&other.classes);
        self.anomalous += other.anomalous;
        self.non_finite += other.non_finite;
        if let Some((started, ended)) = other.time {
            self.extend(other.observations, started, ended);
        }
    }

    /// Seconds from the first to the last arrival.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.time.map_or(0.0, |(first, last)| last.duration_since(first).as_secs_f64())
    }
}
