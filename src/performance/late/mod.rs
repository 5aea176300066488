//! Labels that come late: joined with their predictions by id, in bounded memory, and the outcomes
//! watched.
//!
//! A prediction waits for its label. It stops waiting when the label comes, when it is older than
//! `timeout`, or when more than `capacity` wait and it is the oldest. What became of each
//! prediction and of each label is counted; see [`Counts`].

mod options;
mod pending;

use serde::{Deserialize, Serialize};

use crate::drift::online::{OnlineDescription, OnlineDetector, Takes};
use crate::sound::{Sound, can_grow};
use crate::{Error, Result};
pub use options::{LateOptions, Order, Outcome};
use pending::{Pending, Released};

/// Which prediction: any integer of 64 bits, with a sign or without.
pub type Id = i128;

/// What became of predictions and labels. `predictions = joined + expired + evicted + waiting`, and
/// `labels = joined + duplicate + late + unknown`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Predictions taken in.
    pub predictions: u64,
    /// Predictions not taken in: one with this id was there already. The first stands.
    pub repeated: u64,
    /// Labels taken in.
    pub labels: u64,
    /// Labels that found their prediction.
    pub joined: u64,
    /// Labels whose prediction had one already. The first stands.
    pub duplicate: u64,
    /// Labels whose prediction had stopped waiting.
    pub late: u64,
    /// Labels of ids that were not predicted, or so long ago that they are forgotten.
    pub unknown: u64,
    /// Predictions that waited longer than the timeout.
    pub expired: u64,
    /// Predictions that had to make room.
    pub evicted: u64,
    /// Predictions that wait for their label now.
    pub waiting: u64,
    /// Outcomes that wait for those before them now (`order = prediction`).
    pub held: u64,
}

/// Realized performance over one chunk of outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RealizedChunk {
    /// From 0.
    pub chunk: u64,
    /// Mean outcome: the error rate, or the mean absolute or squared error.
    pub mean: f64,
    /// Its standard error: the standard deviation (divisor n - 1) over the root of n.
    pub standard_error: f64,
}

/// Where the detector fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detection {
    /// Which outcome, from 0.
    pub outcome: u64,
    /// The id of its prediction.
    pub id: Id,
}

/// How things stand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LateDescription {
    /// As made.
    pub options: LateOptions,
    /// What became of predictions and labels.
    pub counts: Counts,
    /// Of the detector.
    pub detector: OnlineDescription,
    /// Whole chunks so far: the newest, at most [`KEPT_CHUNKS`].
    pub chunks: Vec<RealizedChunk>,
}

/// Chunks that are kept.
pub const KEPT_CHUNKS: usize = 1000;

/// Joins predictions with labels that come later, and watches the outcomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LateLabels {
    options: LateOptions,
    pending: Pending,
    detector: OnlineDetector,
    counts: Counts,
    /// Negative infinity before the first time.
    now: f64,
    /// Number, mean and sum of squared deviations of the chunk that is not whole.
    open: (u64, f64, f64),
    chunks: std::collections::VecDeque<RealizedChunk>,
    whole_chunks: u64,
}

impl LateLabels {
    /// Nothing seen yet.
    ///
    /// # Errors
    /// `InvalidArgument` naming the option that is out of range, or an option that the detector has
    /// not.
    pub fn new(options: LateOptions) -> Result<Self> {
        if options.capacity == 0 || options.capacity > 1 << 30 {
            return Err(Error::invalid(
                "capacity",
                options.capacity,
                "a number of predictions from 1 to 2^30",
            ));
        }
        if options.timeout.is_some_and(|t| !(t.is_finite() && t > 0.0)) {
            let was = options.timeout.unwrap_or(f64::NAN);
            return Err(Error::invalid("timeout", was, "a positive number, or none"));
        }
        if options.chunk_size < 2 {
            return Err(Error::invalid("chunk_size", options.chunk_size, "at least 2 outcomes"));
        }
        if !matches!(options.detector.takes(), Takes::Values | Takes::Outcomes) {
            let expected = "a detector of single observations; late labels give it one outcome, a loss or right or wrong, at a time";
            return Err(Error::invalid("detector", options.detector, expected));
        }
        let detector = OnlineDetector::new(options.detector, options.detector_options.clone())?;
        Ok(LateLabels {
            pending: Pending::new(options.capacity, options.order == Order::Prediction),
            options,
            detector,
            counts: Counts::default(),
            now: f64::NEG_INFINITY,
            open: (0, 0.0, 0.0),
            chunks: std::collections::VecDeque::new(),
            whole_chunks: 0,
        })
    }

    /// Takes in predictions, in order, all made at `time` (how many there were before, where none
    /// is given). Amortized O(1) each. Gives the detections that followed: one that stops waiting
    /// may let others through.
    ///
    /// # Errors
    /// `InvalidArgument` for lengths that differ, predictions that are not finite, a time that runs
    /// backwards; then nothing was taken in.
    pub fn record(
        &mut self,
        ids: &[Id],
        predictions: &[f64],
        time: Option<f64>,
    ) -> Result<Vec<Detection>> {
        check("predictions", ids, predictions)?;
        self.advance(time)?;
        for (&id, &prediction) in ids.iter().zip(predictions) {
            if time.is_none() {
                self.now = self.counts.predictions as f64;
            }
            if self.pending.record(id, prediction, self.now) {
                self.counts.predictions += 1;
            } else {
                self.counts.repeated += 1;
            }
        }
        self.release()
    }

    /// Takes in labels, in the order of their arrival, at `time` (the last time known, where none
    /// is given).
    ///
    /// # Errors
    /// As [`LateLabels::record`]; and an outcome that the detector cannot take (`betting` wants the
    /// bounds of the losses).
    pub fn label(
        &mut self,
        ids: &[Id],
        labels: &[f64],
        time: Option<f64>,
    ) -> Result<Vec<Detection>> {
        check("labels", ids, labels)?;
        for (&id, &label) in ids.iter().zip(labels) {
            if let Some(prediction) = self.pending.waiting_prediction(id) {
                let outcome = self.outcome(prediction, label);
                self.detector.domain().check("outcome", std::iter::once(outcome))?;
            }
        }
        self.advance(time)?;
        let mut detections = self.release()?;
        for (&id, &label) in ids.iter().zip(labels) {
            self.counts.labels += 1;
            let (outcome, counts) = (self.options.outcome, &mut self.counts);
            match self.pending.label(id, |prediction| outcome.of(prediction, label)) {
                pending::Labeled::Joined => counts.joined += 1,
                pending::Labeled::Duplicate => counts.duplicate += 1,
                pending::Labeled::Late => counts.late += 1,
                pending::Labeled::Unknown => counts.unknown += 1,
            }
        }
        detections.extend(self.release()?);
        Ok(detections)
    }

    fn outcome(&self, prediction: f64, label: f64) -> f64 {
        self.options.outcome.of(prediction, label)
    }

    fn advance(&mut self, time: Option<f64>) -> Result<()> {
        let Some(time) = time else { return Ok(()) };
        if !(time.is_finite() && time >= self.now) {
            return Err(Error::invalid("time", time, format!("a time from {} on", self.now)));
        }
        self.now = time;
        Ok(())
    }

    /// Lets out what need not wait any more.
    fn release(&mut self) -> Result<Vec<Detection>> {
        let oldest = self.options.timeout.map_or(f64::NEG_INFINITY, |timeout| self.now - timeout);
        let Released { outcomes, expired, evicted } = self.pending.release(oldest);
        self.counts.expired += expired;
        self.counts.evicted += evicted;
        let before = self.detector.describe().observations;
        let values: Vec<f64> = outcomes.iter().map(|(_, outcome)| *outcome).collect();
        let fired = self.detector.update(&values)?;
        values.iter().for_each(|outcome| self.add(*outcome));
        Ok(fired
            .iter()
            .map(|&at| Detection { outcome: at, id: outcomes[(at - before) as usize].0 })
            .collect())
    }

    fn add(&mut self, outcome: f64) {
        let (n, mean, squares) = self.open;
        let n = n + 1;
        let step = outcome - mean;
        let mean = mean + step / n as f64;
        self.open = (n, mean, squares + step * (outcome - mean));
        if n < self.options.chunk_size as u64 {
            return;
        }
        let standard_error = (self.open.2 / (n - 1) as f64 / n as f64).sqrt();
        self.chunks.push_back(RealizedChunk { chunk: self.whole_chunks, mean, standard_error });
        self.whole_chunks += 1;
        if self.chunks.len() > KEPT_CHUNKS {
            self.chunks.pop_front();
        }
        self.open = (0, 0.0, 0.0);
    }

    /// How things stand.
    #[must_use]
    pub fn describe(&self) -> LateDescription {
        LateDescription {
            options: self.options.clone(),
            counts: self.counts(),
            detector: self.detector.describe(),
            chunks: self.chunks.iter().copied().collect(),
        }
    }

    /// What became of predictions and labels.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (waiting, held) = self.pending.sizes();
        Counts { waiting, held, ..self.counts }
    }
}

fn check(argument: &'static str, ids: &[Id], values: &[f64]) -> Result<()> {
    if ids.len() != values.len() {
        return Err(Error::invalid(
            argument,
            format!("{} values", values.len()),
            format!("{}, one an id", ids.len()),
        ));
    }
    match values.iter().position(|x| !x.is_finite()) {
        Some(i) => Err(Error::invalid(
            argument,
            format!("{} at index {i} (from 0)", values[i]),
            "finite numbers",
        )),
        None => Ok(()),
    }
}

impl Sound for LateLabels {
    fn is_sound(&self) -> bool {
        let options = &self.options;
        let Counts {
            predictions,
            repeated,
            labels,
            joined,
            duplicate,
            late,
            unknown,
            expired,
            evicted,
            waiting,
            held,
        } = self.counts;
        let counts = [
            predictions,
            repeated,
            labels,
            joined,
            duplicate,
            late,
            unknown,
            expired,
            evicted,
            waiting,
            held,
        ];
        LateLabels::new(options.clone()).is_ok()
            && self.pending.is_sound(options.capacity, options.order == Order::Prediction)
            && self.detector.is_sound()
            && self.detector.describe().detector == options.detector
            && can_grow(counts)
            && can_grow([self.whole_chunks])
            && self.now < f64::INFINITY
            && self.open.0 < options.chunk_size as u64
            && self.chunks.len() <= KEPT_CHUNKS
    }
}

crate::store::stored_as_cbor!(LateLabels = "late-labels", 1);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
