//! The summary of a stretch of observations: all that the tests need of it, and it adds up.

use std::ops::Range;
use std::time::Instant;

use super::waiting::Deferred;
use crate::drift::two_sample::welch::SampleMoments;
use crate::profile::{Baseline, Scores};
use crate::simd::Real;
use crate::sketch::{Frequencies, Groups, HistogramCounts, Moments, tiles};
use crate::tensor::{Elements, Tensor};

/// Scores that a pane keeps in order for the control charts; the charts pass by what comes after.
const SERIES: usize = 1 << 16;

/// A mergeable summary. Memory: about 200 bytes per column, whatever the number of observations.
#[derive(Debug, Clone)]
pub struct Pane {
    /// Observations summarized.
    pub observations: u64,
    /// Moments of each feature.
    pub moments: Moments,
    /// Histogram of each feature.
    pub features: HistogramCounts,
    /// Histogram of each detector's scores.
    pub scores: HistogramCounts,
    /// Of each detector's scores; kept for the Wasserstein test and Welch's alone.
    pub score_moments: Vec<Moments>,
    /// The scores in order, one list per detector; kept for control charts alone.
    pub series: Vec<Vec<f32>>,
    /// Observations that fitted detectors are yet to score.
    pub deferred: Deferred,
    /// Predicted classes.
    pub classes: Frequencies,
    /// Observations flagged by the detectors, those not finite included.
    pub anomalous: u64,
    /// Observations with NaN or Inf.
    pub non_finite: u64,
    /// Arrival of the first and the last.
    pub time: Option<(Instant, Instant)>,
}

/// What one slot saw of one pane.
#[derive(Debug)]
pub(super) struct PartialPane {
    /// The pane's number.
    pub of: u64,
    pub pane: Pane,
}

impl Pane {
    /// Of no observations. `series`: whether the scores are kept in order.
    #[must_use]
    pub fn new(baseline: &Baseline, series: bool) -> Self {
        let p = baseline.feature_count();
        let detectors = baseline.detectors().len();
        let centers = if baseline.moments_of_scores { &baseline.center[p..] } else { &[] };
        Pane {
            observations: 0,
            moments: Moments::new(baseline.center[..p].to_vec()),
            features: HistogramCounts::new(p),
            scores: HistogramCounts::new(detectors),
            score_moments: centers.iter().map(|center| Moments::new(vec![*center])).collect(),
            series: if series { vec![Vec::new(); detectors] } else { Vec::new() },
            deferred: Deferred::default(),
            classes: Frequencies::new(baseline.classes.counts().len()),
            anomalous: 0,
            non_finite: 0,
            time: None,
        }
    }

    /// Takes in the observations `range` of a batch that was scored and flagged. Cost: about a
    /// nanosecond a value.
    pub fn update(
        &mut self,
        baseline: &Baseline,
        (batch, range): (&Tensor<'_>, Range<usize>),
        (scores, anomalous): (&Scores, &[bool]),
        now: Instant,
    ) {
        let p = baseline.feature_count();
        let non_finite = scores.finite[range.clone()].iter().filter(|finite| !**finite).count();
        let finite = non_finite == 0;
        let elements = range.start * p..range.end * p;
        match scores.elements(batch) {
            Elements::F16(_) => {} // brought to single precision when it was scored
            Elements::F32(rows) => self.update_features(baseline, &rows[elements], finite),
            Elements::F64(rows) => self.update_features(baseline, &rows[elements], finite),
        }
        for (d, column) in scores.columns.iter().enumerate() {
            self.count_scores(baseline, d, &column[range.clone()], finite);
        }
        if !scores.predicted.is_empty() {
            scores.predicted[range.clone()].iter().for_each(|class| self.classes.update(*class));
        }
        self.anomalous += anomalous[range.clone()].iter().filter(|flag| **flag).count() as u64;
        self.non_finite += non_finite as u64;
        self.extend(range.len() as u64, now, now);
    }

    /// Takes in scores of detector `d`; `finite`: that none is NaN.
    pub(super) fn count_scores(
        &mut self,
        baseline: &Baseline,
        d: usize,
        column: &[f32],
        finite: bool,
    ) {
        self.scores.update_column(&baseline.scores, d, column, finite);
        if let Some(moments) = self.score_moments.get_mut(d) {
            moments.update(column);
        }
        if let Some(series) = self.series.get_mut(d) {
            let room = SERIES.saturating_sub(series.len());
            series.extend(column.iter().filter(|score| !score.is_nan()).take(room));
        }
    }

    fn update_features<T: Real>(&mut self, baseline: &Baseline, rows: &[T], finite: bool) {
        if finite {
            tiles::update(rows, &mut self.moments, &mut self.features, &baseline.features);
        } else {
            self.moments.update(rows);
            self.features.update(&baseline.features, rows, false);
        }
    }

    /// Forgets all and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.observations = 0;
        self.moments.clear();
        self.features.clear();
        self.scores.clear();
        self.score_moments.iter_mut().for_each(Moments::clear);
        self.series.iter_mut().for_each(Vec::clear);
        self.classes.clear();
        self.deferred.clear();
        (self.anomalous, self.non_finite, self.time) = (0, 0, None);
    }

    fn extend(&mut self, observations: u64, started: Instant, ended: Instant) {
        self.observations += observations;
        let (first, last) = self.time.unwrap_or((started, ended));
        self.time = Some((first.min(started), last.max(ended)));
    }

    /// Adds what `other`, of the same baseline, has seen.
    pub fn merge(&mut self, other: &Pane) {
        self.moments.merge(&other.moments);
        self.features.merge(&other.features);
        self.scores.merge(&other.scores);
        self.score_moments
            .iter_mut()
            .zip(&other.score_moments)
            .for_each(|(mine, theirs)| mine.merge(theirs));
        for (mine, theirs) in self.series.iter_mut().zip(&other.series) {
            let room = SERIES.saturating_sub(mine.len());
            mine.extend(theirs.iter().take(room));
        }
        self.classes.merge(&other.classes);
        self.deferred.merge(&other.deferred);
        self.anomalous += other.anomalous;
        self.non_finite += other.non_finite;
        if let Some((started, ended)) = other.time {
            self.extend(other.observations, started, ended);
        }
    }

    /// The counts of a column of `baseline`: a feature, or a detector's score.
    #[must_use]
    pub fn groups(&self, baseline: &Baseline, column: usize) -> Groups {
        let (p, histogram) = (baseline.feature_count(), baseline.histogram(column));
        if column < p {
            self.features.groups(column, histogram)
        } else {
            self.scores.groups(column - p, histogram)
        }
    }

    /// The mean of a column's finite values; `None` for a score whose moments are not kept.
    #[must_use]
    pub fn mean(&self, baseline: &Baseline, column: usize) -> Option<f64> {
        let p = baseline.feature_count();
        if column < p {
            Some(self.moments.mean(column))
        } else {
            self.score_moments.get(column - p).map(|moments| moments.mean(0))
        }
    }

    /// Size, mean and variance of a column's finite values; `None` for a score whose moments are
    /// not kept.
    #[must_use]
    pub fn sample_moments(&self, baseline: &Baseline, column: usize) -> Option<SampleMoments> {
        let p = baseline.feature_count();
        if column < p {
            Some(SampleMoments::of(&self.moments, column))
        } else {
            self.score_moments.get(column - p).map(|moments| SampleMoments::of(moments, 0))
        }
    }

    /// Seconds from the first to the last arrival.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.time.map_or(0.0, |(first, last)| last.duration_since(first).as_secs_f64())
    }
}
