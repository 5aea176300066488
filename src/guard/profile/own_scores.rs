//! What scores of new observations are compared with: the reference's own, each by what the scorer
//! knows of all others.

use super::columns::{self, Column};
use super::dependent::first_epoch;
use super::held_out::{self, Learned};
use super::reference::{OwnScores, Reference};
use super::{OwnScore, Scorer, Scores};
use crate::error::Result;
use crate::stats::copies;

impl OwnScores {
    /// `chance`: of finding dependence where there is none, in each column.
    ///
    /// # Errors
    /// As [`Scorer::new`].
    pub fn new(reference: Reference<'_>, detectors: &[OwnScore], chance: f64) -> Result<Self> {
        let Reference { output, moments, rows, series, is_whole } = reference;
        let p = moments.features();
        let scorer = Scorer::new(output, detectors, moments, rows)?;
        let mut known = Scores::default();
        scorer.score_rows(rows, &mut known);
        let known = known.columns;
        let sorted = columns::of(&[], 0, &known, None);
        let again = Again::of(rows, p, &sorted[0]);
        let unseen = scorer.left_out(rows, moments.observations(), &known);
        let scores = again.with_their_scores(&unseen, &known);
        let series =
            if is_whole { series.map(|rows| first_epoch(rows, p, again.copies)) } else { series };
        let is_whole = is_whole && series.is_some_and(|series| series.len() == rows.len());
        let reference = Reference { series, is_whole, ..reference };
        let mut columns = columns::of(rows, p, &scores, is_whole.then_some(chance));
        let learned = Learned {
            reference,
            detectors,
            copies: again.copies,
            known: (&known, &sorted),
            left_out: (&scores, &columns),
        };
        let mut own = if learned.is_too_much() {
            columns.truncate(p);
            held_out::score(reference, detectors, columns, again.copies, chance)?
        } else {
            OwnScores { scorer, columns, unseen, copies: again.copies, held_out: None }
        };
        if let Some(series) = series.filter(|_| !is_whole) {
            own.depend_as(series, chance);
        }
        Ok(own)
    }

    /// Measures dependence on a series that is not the rows: the first observations of more than
    /// are kept.
    fn depend_as(&mut self, series: &[f64], chance: f64) {
        let p = self.scorer.features();
        let mut scored = Scores::default();
        self.scorer.score_rows(series, &mut scored);
        let measured = columns::of(series, p, &scored.columns, Some(chance));
        for (column, measured) in self.columns.iter_mut().zip(measured) {
            column.dependence = measured.dependence;
        }
    }
}

/// Observations that are there more than once.
struct Again {
    rows: Vec<u32>,
    copies: f64,
}

impl Again {
    /// Equal rows have equal scores: only of such is it looked whether they are.
    fn of(rows: &[f64], p: usize, scores: &Column) -> Self {
        let tied: Vec<u32> =
            scores.ties().filter(|tied| tied.len() > 1).flatten().copied().collect();
        let alike: Vec<f64> =
            tied.iter().flat_map(|i| &rows[*i as usize * p..][..p]).copied().collect();
        let times = copies::times_of_rows(&alike, p);
        let copies = if tied.len() * p == rows.len() { copies::on_average(&times) } else { 1.0 };
        Again {
            rows: tied
                .into_iter()
                .zip(times)
                .filter(|(_, times)| *times > 1)
                .map(|(i, _)| i)
                .collect(),
            copies,
        }
    }

    /// Where distributions are compared, such a row keeps the score that a new one like it has,
    /// which is as well known. Thresholds are set without: a value that the reference had once is
    /// to be as rare as one that it had twice.
    fn with_their_scores(&self, unseen: &[Vec<f32>], known: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let mut scores = unseen.to_vec();
        for (scores, known) in scores.iter_mut().zip(known) {
            self.rows.iter().for_each(|i| scores[*i as usize] = known[*i as usize]);
        }
        scores
    }
}
