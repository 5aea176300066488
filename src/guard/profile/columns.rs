//! The reference by columns, features and scores alike: each is sorted once, for its histogram and
//! for how its observations depend on each other.

use crate::parallel;
use crate::stats::dependence::{Dependence, in_order};

/// One column of the reference.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// Its values, in rising order.
    pub sorted: Vec<f64>,
    /// The observations that they are of.
    pub order: Vec<u32>,
    /// How values that follow each other depend on each other.
    pub dependence: Dependence,
}

impl Column {
    /// Of values in the order of their observations; their dependence is measured where that order
    /// has a meaning, as [`Dependence::of_values`] does by `chance`.
    pub fn new(values: &[f64], chance: Option<f64>) -> Self {
        let order = in_order(values);
        let sorted = order.iter().map(|i| values[*i as usize]).collect();
        let dependence =
            chance.map(|chance| Dependence::of_sorted(values, &order, chance)).unwrap_or_default();
        Column { sorted, order, dependence }
    }

    /// Observations that have a value in common, for each value.
    pub fn ties(&self) -> impl Iterator<Item = &[u32]> {
        let mut rest = &self.order[..];
        self.sorted.chunk_by(|a, b| a == b).map(move |same| {
            let (ties, after) = rest.split_at(same.len());
            rest = after;
            ties
        })
    }
}

/// The `features` of `rows`, then `scores` of them, on all threads.
pub(super) fn of(
    rows: &[f64],
    features: usize,
    scores: &[Vec<f32>],
    chance: Option<f64>,
) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    columns.resize_with(features + scores.len(), Column::default);
    let n = scores.first().map_or(rows.len() / features.max(1), Vec::len);
    // A sort, and two passes for each length of stretches: some fifty steps a number.
    parallel::for_pieces(&mut columns, 1, 50 * n, |first, columns| {
        let mut values = Vec::new();
        for (k, column) in (first..).zip(columns) {
            values.clear();
            match k.checked_sub(features) {
                Some(score) => values.extend(scores[score].iter().map(|s| f64::from(*s))),
                None => values.extend(rows.iter().skip(k).step_by(features)),
            }
            *column = Column::new(&values, chance);
            if k < features {
                column.order = Vec::new(); // of scores alone it is asked for
            }
        }
    });
    columns
}
