//! Any online detector by its name, over a stream that comes in batches.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::registry::Detector;
use super::{Domain, OnlineName, State, Takes};
use crate::sound::{Sound, can_grow};
use crate::{Error, Result};

/// What an [`OnlineDetector`] has to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnlineDescription {
    /// Which detector.
    pub detector: OnlineName,
    /// After the last observation.
    pub state: State,
    /// What the detector compares with its threshold, as of the last observation.
    pub statistic: f64,
    /// Observations so far.
    pub observations: u64,
    /// How often it fired.
    pub detections: u64,
}

/// A detector and how far its stream has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnlineDetector {
    name: OnlineName,
    detector: Detector,
    state: State,
    observations: u64,
    detections: u64,
}

impl OnlineDetector {
    /// The detector `name` with `options` by the names of its options' struct, as JSON; `null` or
    /// `{}` for the defaults.
    ///
    /// # Errors
    /// `InvalidArgument` naming `options` where they are not those of this detector, or the option
    /// that is out of range.
    pub fn new(name: OnlineName, options: Value) -> Result<Self> {
        let detector = Detector::new(name, options)?;
        Ok(OnlineDetector { name, detector, state: State::Stable, observations: 0, detections: 0 })
    }

    /// Takes in the next observations, in order, and gives the indices (from 0, over the whole
    /// stream) of those at which the detector fired. All or none: a batch with a bad value is
    /// refused whole. An observation of `two-sample` is two numbers, x and y, one after the other.
    ///
    /// # Errors
    /// `InvalidArgument` naming `values` and the index (in the batch) of the first that the
    /// detector cannot take: NaN or Inf, not 0 or 1 (ddm, eddm), not in [0, 1] (hddm-a, hddm-w,
    /// lord, saffron) or not within the bounds (betting); half of a pair (two-sample).
    pub fn update<T: Into<f64> + Copy>(&mut self, values: &[T]) -> Result<Vec<u64>> {
        let width = self.width();
        if !values.len().is_multiple_of(width) {
            let was = format!("{} numbers", values.len());
            return Err(Error::invalid(
                "values",
                was,
                "pairs: two numbers per observation, x and y in turn",
            ));
        }
        self.domain().check("values", values.iter().map(|x| (*x).into()))?;
        let mut fired = Vec::new();
        let mut state = self.state;
        let before = self.observations;
        self.detector.update(values.iter().map(|x| (*x).into()), |i, now| {
            state = now;
            if now == State::Drift {
                fired.push(before + (i / width) as u64);
            }
        });
        self.state = state;
        self.observations += (values.len() / width) as u64;
        self.detections += fired.len() as u64;
        Ok(fired)
    }

    /// Whether so many more numbers may take longer than a person notices.
    pub fn takes_long(&self, numbers: usize) -> bool {
        numbers >= 1 << 12
            || matches!(&self.detector, Detector::Mmd(mmd) if mmd.prepares_within(numbers))
    }

    /// Forgets all observations, their number included; the options stay.
    pub fn reset(&mut self) {
        self.detector.reset();
        (self.state, self.observations, self.detections) = (State::Stable, 0, 0);
    }

    /// Which detector it is, how far it has come, and what it thinks.
    #[must_use]
    pub fn describe(&self) -> OnlineDescription {
        OnlineDescription {
            detector: self.name,
            state: self.state,
            statistic: self.detector.statistic(),
            observations: self.observations,
            detections: self.detections,
        }
    }

    /// Observations from a fresh start before the detector can fire.
    #[must_use]
    pub fn needs(&self) -> u64 {
        self.detector.needs()
    }

    /// Numbers that make one observation: two of a pair, else one.
    #[must_use]
    pub fn width(&self) -> usize {
        if self.name.takes() == Takes::Pairs { 2 } else { 1 }
    }

    /// What the detector can take.
    #[must_use]
    pub fn domain(&self) -> Domain {
        self.detector.domain()
    }
}

impl Sound for OnlineDetector {
    fn is_sound(&self) -> bool {
        self.name == self.detector.name()
            && can_grow([self.observations, self.detections])
            && self.detector.is_sound()
    }
}

crate::store::stored_as_cbor!(OnlineDetector = "stream", 1);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
