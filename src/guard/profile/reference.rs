//! A reference as a guard is made of it, and its own scores.

use super::columns::Column;
use super::{OutputKind, Scorer};
use crate::sketch::Moments;

/// A reference as a guard is made of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference<'a> {
    pub output: OutputKind,
    /// Of all that was fitted.
    pub moments: &'a Moments,
    /// The observations kept, feature fastest.
    pub rows: &'a [f64],
    /// Observations in an order that has a meaning, if there are any: all that were kept, or the
    /// first of more.
    pub series: Option<&'a [f64]>,
    /// Whether the series is `rows`, all that were seen.
    pub is_whole: bool,
}

/// The scorer, and the reference's features and scores.
pub(super) struct OwnScores {
    pub scorer: Scorer,
    /// Features, then scores: those that distributions are compared with.
    pub columns: Vec<Column>,
    /// Scores that thresholds are set by, one column per detector.
    pub unseen: Vec<Vec<f32>>,
    /// How often each observation is there: more than once after several epochs.
    pub copies: f64,
    /// Observations whose scores these are, where the scorer was fitted on the others alone.
    pub held_out: Option<usize>,
}
