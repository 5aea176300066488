//! What a call leaves behind for the worker: owned rows with their scores, cut anywhere between two observations.

use std::time::Instant;

use crate::profile::{Baseline, Scores};
use crate::simd::Real;
use crate::tensor::{Elements, Tensor};

use super::pane::Pane;

/// Observations in a chunk at which it is sent on; fewer are fetched by the worker's next round.
const FULL_OBSERVATIONS: usize = 4096;
/// Elements in a chunk at which it is sent on. Many observations at once are summarised column by column out of the cache.
const FULL_ELEMENTS: usize = 1 << 16;

/// Output values in single precision until a double-precision batch comes.
#[derive(Debug)]
enum Rows {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// Observations in order of arrival, with what was computed of each.
#[derive(Debug)]
pub(super) struct Chunk {
    rows: Rows,
    scores: Vec<Vec<f32>>,
    predicted: Vec<u32>,
    anomalous: Vec<bool>,
    finite: Vec<bool>,
    observations: usize,
    pub started: Instant,
    pub ended: Instant,
}

impl Chunk {
    pub fn new(baseline: &Baseline) -> Self {
        let now = Instant::now();
        Chunk {
            rows: Rows::F32(Vec::new()),
            scores: vec![Vec::new(); baseline.scorer.detectors().len()],
            predicted: Vec::new(),
            anomalous: Vec::new(),
            finite: Vec::new(),
            observations: 0,
            started: now,
            ended: now,
        }
    }

    pub fn observations(&self) -> usize {
        self.observations
    }

    pub fn is_full(&self) -> bool {
        let elements = match &self.rows {
            Rows::F32(x) => x.len(),
            Rows::F64(x) => x.len(),
        };
        self.observations >= FULL_OBSERVATIONS || elements >= FULL_ELEMENTS
    }

    /// Copies a scored batch to the end.
    pub fn push(&mut self, batch: &Tensor<'_>, scores: &Scores, anomalous: &[bool], now: Instant) {
        if self.observations == 0 {
            self.started = now;
        }
        self.ended = now;
        if let (Elements::F64(_), Rows::F32(rows)) = (batch.elements(), &self.rows) {
            self.rows = Rows::F64(rows.iter().map(|x| f64::from(*x)).collect());
        }
        match (&mut self.rows, batch.elements()) {
            (Rows::F32(rows), Elements::F16(x)) => rows.extend(x.iter().map(|x| x.to_f32())),
            (Rows::F32(rows), Elements::F32(x)) => rows.extend_from_slice(x),
            (Rows::F32(_), Elements::F64(_)) => {} // turned into F64 above
            (Rows::F64(rows), Elements::F16(x)) => rows.extend(x.iter().map(|x| x.to_f64())),
            (Rows::F64(rows), Elements::F32(x)) => rows.extend(x.iter().map(|x| f64::from(*x))),
            (Rows::F64(rows), Elements::F64(x)) => rows.extend_from_slice(x),
        }
        for (mine, new) in self.scores.iter_mut().zip(&scores.columns) {
            mine.extend_from_slice(new);
        }
        self.predicted.extend_from_slice(&scores.predicted);
        self.anomalous.extend_from_slice(anomalous);
        self.finite.extend_from_slice(&scores.finite);
        self.observations += batch.observations();
    }

    /// Forgets the observations and keeps the buffers.
    pub fn clear(&mut self) {
        match &mut self.rows {
            Rows::F32(rows) => rows.clear(),
            Rows::F64(_) => self.rows = Rows::F32(Vec::new()),
        }
        self.scores.iter_mut().for_each(Vec::clear);
        self.predicted.clear();
        self.anomalous.clear();
        self.finite.clear();
        self.observations = 0;
    }

    /// Adds the observations `range` to the summary `pane`. Cost: about ten nanoseconds a value on a 2-core machine (see `make bench`).
    pub fn reduce(&self, range: std::ops::Range<usize>, baseline: &Baseline, pane: &mut Pane) {
        let p = baseline.features();
        let elements = range.start * p..range.end * p;
        match &self.rows {
            Rows::F32(rows) => reduce_rows(&rows[elements], baseline, pane),
            Rows::F64(rows) => reduce_rows(&rows[elements], baseline, pane),
        }
        for (d, column) in self.scores.iter().enumerate() {
            pane.cells[p + d].update(&baseline.cells[p + d], &column[range.clone()]);
        }
        if !self.predicted.is_empty() {
            self.predicted[range.clone()].iter().for_each(|class| pane.classes.update(*class));
        }
        let count = |flags: &[bool], wanted| flags[range.clone()].iter().filter(|f| **f == wanted).count() as u64;
        pane.anomalous += count(&self.anomalous, true);
        pane.non_finite += count(&self.finite, false);
        pane.extend(range.len() as u64, self.started, self.ended);
    }

    /// The scores of detector `index` of the finite observations in `range`, in order.
    pub fn scores(&self, index: usize, range: std::ops::Range<usize>) -> impl Iterator<Item = f32> {
        self.scores[index][range].iter().copied().filter(|s| !s.is_nan())
    }
}

/// Features that are brought into columns at a time: as many single-precision values as a cache line holds.
const COLUMNS: usize = 16;

fn reduce_rows<T: Real>(rows: &[T], baseline: &Baseline, pane: &mut Pane) {
    pane.moments.update(rows);
    let p = baseline.features();
    let n = rows.len() / p;
    let mut columns = vec![T::ZERO; n * COLUMNS.min(p)];
    for first in (0..p).step_by(COLUMNS) {
        let width = COLUMNS.min(p - first);
        for (j, row) in rows.chunks_exact(p).enumerate() {
            for (k, x) in row[first..first + width].iter().enumerate() {
                columns[k * n + j] = *x;
            }
        }
        for (k, column) in columns.chunks_exact(n).take(width).enumerate() {
            pane.cells[first + k].update(&baseline.cells[first + k], column);
        }
    }
}
