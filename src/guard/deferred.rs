//! Observations on their way to fitted detectors that score on the worker.
//!
//! A share keeps only so many of them. A full share is scored before more is added:
//! the worker, or, while it is far behind, the caller. So each observation is scored by every
//! detector exactly once, in the order of its share, and memory is bounded.

use std::ops::Range;

use super::pane::Pane;
use super::waiting::Deferred;
use crate::error::Result;
use crate::profile::{Baseline, Scores};
use crate::tensor::{Elements, Tensor};

impl Pane {
    /// Keeps the observations `range` of a batch, which the call has scored and flagged, for the
    /// fitted detectors. What finds no room has those before it scored here; returns how many more
    /// are anomalous.
    ///
    /// # Errors
    /// As [`Baseline::score_attached`].
    pub(super) fn defer(
        &mut self,
        baseline: &Baseline,
        (batch, range): (&Tensor<'_>, Range<usize>),
        (scores, anomalous): (&Scores, &[bool]),
    ) -> Result<u64> {
        let p = baseline.feature_count();
        let (mut at, mut more) = (range.start, 0);
        while at < range.end {
            if self.deferred.room(p) == 0 {
                more += self.score_deferred(baseline)?;
            }
            let end = range.end.min(at + self.deferred.room(p));
            match scores.elements(batch) {
                Elements::F16(_) => {} // brought to single precision when it was scored
                Elements::F32(x) => {
                    self.deferred.rows.extend(x[at * p..end * p].iter().map(|x| f64::from(*x)))
                }
                Elements::F64(x) => self.deferred.rows.extend_from_slice(&x[at * p..end * p]),
            }
            self.deferred.flagged.extend_from_slice(&anomalous[at..end]);
            at = end;
        }
        Ok(more)
    }

    /// [`Pane::merge`] with what came after this one. Where both together keep more than there is
    /// room for, or the other's first are scored already, those of this one are scored here;
    /// returns how many more are anomalous.
    ///
    /// # Errors
    /// As [`Baseline::score_attached`].
    pub(super) fn merge_next(&mut self, baseline: &Baseline, next: &Pane) -> Result<u64> {
        let full = next.deferred.flagged.len() > self.deferred.room(baseline.feature_count());
        let more =
            if full || next.deferred.scored > 0 { self.score_deferred(baseline) } else { Ok(0) };
        self.merge(next);
        more
    }

    /// Scores what was kept, counts it as the call would have, and returns how many more are
    /// anomalous.
    ///
    /// # Errors
    /// As [`Baseline::score_attached`].
    pub(super) fn score_deferred(&mut self, baseline: &Baseline) -> Result<u64> {
        let mut deferred = std::mem::take(&mut self.deferred);
        if deferred.flagged.is_empty() {
            self.deferred = deferred;
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
        let scored = deferred.scored + deferred.flagged.len() as u64;
        deferred.clear();
        self.deferred = Deferred { scored, ..deferred };
        Ok(more)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::super::waiting::ROOM;
    use super::*;
    use crate::outlier::{Fitted, Spec};
    use crate::profile::{OutputKind, Profile, ProfileOptions};
    use crate::testing::Random;
    use crate::{Guard, GuardOptions, Length, ScoreOn, verdict};

    const P: usize = 3;

    fn tensor(rows: &[f64]) -> Tensor<'_> {
        Tensor::new(Elements::F64(rows), rows.len() / P).unwrap()
    }

    fn profile(reference: &[f64]) -> Profile {
        let options = ProfileOptions { output: OutputKind::Values, ..Default::default() };
        let mut profile = Profile::new(options).unwrap();
        profile.fit(&tensor(reference)).unwrap();
        profile
    }

    fn detectors(reference: &[f64]) -> Vec<Arc<Fitted>> {
        let options = || serde_json::json!({"calibration": "holdout"}).as_object().unwrap().clone();
        let fit = |name| {
            Arc::new(Fitted::fit(&Spec::new(name, options()).unwrap(), &tensor(reference)).unwrap())
        };
        vec![fit("mahalanobis"), fit("hbos")]
    }

    fn guard(reference: &[f64], window: u64, score_on: ScoreOn) -> Guard {
        let (anomaly_rate, window) = (Some(0.05), Length::Observations(window));
        let charts = vec![crate::drift::charts::ChartName::Ewma];
        let options = GuardOptions { anomaly_rate, window, score_on, charts, ..Default::default() };
        Guard::with_detectors(&profile(reference), options, &detectors(reference)).unwrap()
    }

    #[test]
    fn shares_that_are_full_are_scored_whole_and_once_and_in_order() {
        let mut random = Random(3);
        let reference = random.normals(P * 900);
        let guard = guard(&reference, 100, ScoreOn::Worker);
        let baseline = &guard.state.baseline;
        let own = baseline.scorer.detectors().len();
        // From less than a share keeps to three times as much, at once and in parts, merged or not.
        for batches in [
            &[10usize, 20, 30][..],
            &[ROOM],
            &[100, ROOM / P, 1, 150, 60],
            &[1, 169, 1, 170, 170, 171],
        ] {
            let rows: Vec<Vec<f64>> = batches.iter().map(|n| random.normals(P * n)).collect();
            let mut shares: Vec<Pane> = Vec::new();
            let mut more = 0;
            for (k, rows) in rows.iter().enumerate() {
                let (mut scores, mut anomalous) = (Scores::default(), Vec::new());
                baseline.score(&tensor(rows), &mut scores).unwrap();
                verdict::flag(baseline, &scores, &mut anomalous);
                if k % 2 == 0 {
                    shares.push(Pane::new(baseline, true));
                }
                let (share, n) = (shares.last_mut().unwrap(), rows.len() / P);
                share.update(
                    baseline,
                    (&tensor(rows), 0..n),
                    (&scores, &anomalous),
                    Instant::now(),
                );
                more +=
                    share.defer(baseline, (&tensor(rows), 0..n), (&scores, &anomalous)).unwrap();
                assert!(share.deferred.rows.len() <= ROOM);
            }
            let mut whole = shares.remove(0);
            for share in &shares {
                more += whole.merge_next(baseline, share).unwrap();
                assert!(whole.deferred.rows.len() <= ROOM);
            }
            more += whole.score_deferred(baseline).unwrap();
            let all = rows.concat();
            let mut scores = Scores::default();
            baseline.scorer.score(&tensor(&all), &mut scores);
            baseline.score_attached(&tensor(&all), &mut scores).unwrap();
            let total = batches.iter().sum::<usize>() as u64;
            assert_eq!((whole.deferred.scored, whole.observations), (total, total));
            for d in own..own + 2 {
                assert_eq!(whole.groups(baseline, P + d).total(), total);
                assert_eq!(whole.series[d], scores.columns[d], "{batches:?}");
            }
            let mut flags = Vec::new();
            verdict::flag(baseline, &scores, &mut flags);
            assert_eq!(whole.anomalous, flags.iter().filter(|flag| **flag).count() as u64);
            assert!(more <= whole.anomalous);
        }
    }

    #[test]
    fn a_guard_that_is_far_behind_scores_every_observation_by_every_detector() {
        let mut random = Random(4);
        let reference = random.normals(P * 900);
        // Far from the reference, so that there are alerts; and of very different sizes.
        let sizes = (0..200).map(|i| [1usize, 40, 300, ROOM][i % 4]);
        let batches: Vec<Vec<f64>> =
            sizes.map(|n| random.normals(P * n).iter().map(|x| 1.3 * x + 2.0).collect()).collect();
        let total = batches.iter().map(|rows| rows.len() / P).sum::<usize>() as u64;
        let found = [ScoreOn::Call, ScoreOn::Worker].map(|score_on| {
            let guard = guard(&reference, 100, score_on);
            // A wake-up that blocks stops the worker at the first alert: the channel fills, and
            // callers merge.
            let (hold, held) = std::sync::mpsc::sync_channel::<()>(0);
            guard.on_wake(Some(Box::new(move || _ = held.recv()))).expect("not from the worker");
            for rows in &batches {
                guard.observe(&tensor(rows), 0, false).unwrap();
            }
            let merged = guard.counters().merged;
            drop(hold);
            guard.close().unwrap();
            let counters = guard.counters();
            assert_eq!((counters.observed, counters.tested), (total, total));
            let windows = guard.windows(0);
            assert_eq!(windows.len() as u64, counters.windows, "all are kept");
            for detector in ["mahalanobis", "hbos"] {
                let tests =
                    windows.iter().map(|w| w.tests.iter().find(|t| t.name == detector).unwrap());
                assert_eq!(
                    tests.map(|t| t.test.result.current_size).sum::<u64>(),
                    total,
                    "{detector} {score_on:?}"
                );
            }
            (counters.anomalous, merged)
        });
        assert_eq!(found[0].0, found[1].0);
        assert!(found[1].0 > 0 && found[1].1 > 0, "{found:?}");
    }
}
