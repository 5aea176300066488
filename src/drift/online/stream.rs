//! Any online detector by its name, over a stream that comes in batches.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::adwin::Adwin;
use super::cusum::Cusum;
use super::ddm::Ddm;
use super::eddm::Eddm;
use super::gma::Gma;
use super::hddm_a::HddmA;
use super::hddm_w::HddmW;
use super::kswin::Kswin;
use super::mmd::Mmd;
use super::p_values::PValues;
use super::page_hinkley::PageHinkley;
use super::{Domain, Online, State, StreamName, Takes};
use crate::drift::anytime::betting::Betting;
use crate::drift::anytime::martingale::Martingale;
use crate::drift::anytime::two_sample::TwoSample;
use crate::sound::{Sound, can_grow};
use crate::stats::online_fdr::{Lord, Saffron};
use crate::{Error, Result};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Detector {
    Adwin(Adwin),
    PageHinkley(PageHinkley),
    Ddm(Ddm),
    Eddm(Eddm),
    HddmA(HddmA),
    HddmW(HddmW),
    Kswin(Kswin),
    Cusum(Cusum),
    Gma(Gma),
    Mmd(Box<Mmd>),
    Martingale(Box<Martingale>),
    Betting(Betting),
    TwoSample(TwoSample),
    Lord(PValues<Lord>),
    Saffron(PValues<Saffron>),
}

/// The same for each kind of detector, compiled for each.
macro_rules! each {
    ($detector:expr, $d:ident => $what:expr) => {
        match $detector {
            Detector::Adwin($d) => $what,
            Detector::PageHinkley($d) => $what,
            Detector::Ddm($d) => $what,
            Detector::Eddm($d) => $what,
            Detector::HddmA($d) => $what,
            Detector::HddmW($d) => $what,
            Detector::Kswin($d) => $what,
            Detector::Cusum($d) => $what,
            Detector::Gma($d) => $what,
            Detector::Mmd($d) => $what,
            Detector::Martingale($d) => $what,
            Detector::Betting($d) => $what,
            Detector::TwoSample($d) => $what,
            Detector::Lord($d) => $what,
            Detector::Saffron($d) => $what,
        }
    };
}

/// What a [`Stream`] has to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// Which detector.
    pub detector: StreamName,
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
pub struct Stream {
    name: StreamName,
    detector: Detector,
    state: State,
    observations: u64,
    detections: u64,
}

impl Stream {
    /// The detector `name` with `options` by the names of its options' struct, as JSON; `null` or `{}` for the defaults.
    ///
    /// # Errors
    /// `InvalidArgument` naming `options` where they are not those of this detector, or the option that is out of range.
    pub fn new(name: StreamName, options: Value) -> Result<Self> {
        let detector = match name {
            StreamName::Adwin => Detector::Adwin(Adwin::new(read(options)?)?),
            StreamName::PageHinkley => Detector::PageHinkley(PageHinkley::new(read(options)?)?),
            StreamName::Ddm => Detector::Ddm(Ddm::new(read(options)?)?),
            StreamName::Eddm => Detector::Eddm(Eddm::new(read(options)?)?),
            StreamName::HddmA => Detector::HddmA(HddmA::new(read(options)?)?),
            StreamName::HddmW => Detector::HddmW(HddmW::new(read(options)?)?),
            StreamName::Kswin => Detector::Kswin(Kswin::new(read(options)?)?),
            StreamName::Cusum => Detector::Cusum(Cusum::new(read(options)?)?),
            StreamName::Gma => Detector::Gma(Gma::new(read(options)?)?),
            StreamName::Mmd => Detector::Mmd(Box::new(Mmd::new(read(options)?)?)),
            StreamName::Martingale => Detector::Martingale(Box::new(Martingale::new(read(options)?)?)),
            StreamName::Betting => Detector::Betting(Betting::new(read(options)?)?),
            StreamName::TwoSample => Detector::TwoSample(TwoSample::new(read(options)?)?),
            StreamName::Lord => Detector::Lord(PValues::<Lord>::new(read(options)?)?),
            StreamName::Saffron => Detector::Saffron(PValues::<Saffron>::new(read(options)?)?),
        };
        Ok(Stream { name, detector, state: State::Stable, observations: 0, detections: 0 })
    }

    /// Takes in the next observations, in order, and gives the indices (from 0, over the whole stream) of those at which the
    /// detector fired. All or none: a batch with a bad value is refused whole. An observation of `two-sample` is two numbers, x and y,
    /// one after the other.
    ///
    /// # Errors
    /// `InvalidArgument` naming `values` and the index (in the batch) of the first that the detector cannot take: NaN or Inf, not 0 or
    /// 1 (ddm, eddm), not in [0, 1] (hddm-a, hddm-w, lord, saffron) or not within the bounds (betting); half of a pair
    /// (two-sample).
    pub fn update<T: Into<f64> + Copy>(&mut self, values: &[T]) -> Result<Vec<u64>> {
        let width = self.width();
        if !values.len().is_multiple_of(width) {
            let was = format!("{} numbers", values.len());
            return Err(Error::invalid("values", was, "pairs: two numbers an observation, x and y in turn"));
        }
        self.domain().check("values", values.iter().map(|x| (*x).into()))?;
        let mut fired = Vec::new();
        let mut state = self.state;
        each!(&mut self.detector, d => {
            for (i, x) in values.iter().enumerate() {
                state = d.update((*x).into());
                if state == State::Drift {
                    fired.push(self.observations + (i / width) as u64);
                }
            }
        });
        self.state = state;
        self.observations += (values.len() / width) as u64;
        self.detections += fired.len() as u64;
        Ok(fired)
    }

    /// Whether so many more numbers may take longer than a person notices.
    pub(crate) fn takes_long(&self, numbers: usize) -> bool {
        numbers >= 1 << 12 || matches!(&self.detector, Detector::Mmd(mmd) if mmd.prepares_within(numbers))
    }

    /// Forgets all observations, their number included; the options stay.
    pub fn reset(&mut self) {
        each!(&mut self.detector, d => d.reset());
        (self.state, self.observations, self.detections) = (State::Stable, 0, 0);
    }

    /// Which detector it is, how far it has come, and what it thinks.
    #[must_use]
    pub fn describe(&self) -> Description {
        Description {
            detector: self.name,
            state: self.state,
            statistic: each!(&self.detector, d => d.statistic()),
            observations: self.observations,
            detections: self.detections,
        }
    }

    /// Observations from a fresh start before the detector can fire.
    #[must_use]
    pub fn needs(&self) -> u64 {
        each!(&self.detector, d => d.needs())
    }

    /// Numbers that make one observation: two of a pair, else one.
    #[must_use]
    pub fn width(&self) -> usize {
        if self.name.takes() == Takes::Pairs { 2 } else { 1 }
    }

    /// What the detector can take.
    #[must_use]
    pub fn domain(&self) -> Domain {
        each!(&self.detector, d => d.domain())
    }
}

fn read<T: DeserializeOwned + Default>(options: Value) -> Result<T> {
    if options.is_null() {
        return Ok(T::default());
    }
    crate::options::from_value(options)
}

impl Sound for Stream {
    fn is_sound(&self) -> bool {
        use StreamName as N;
        let named = matches!(
            (self.name, &self.detector),
            (N::Adwin, Detector::Adwin(_))
                | (N::PageHinkley, Detector::PageHinkley(_))
                | (N::Ddm, Detector::Ddm(_))
                | (N::Eddm, Detector::Eddm(_))
                | (N::HddmA, Detector::HddmA(_))
                | (N::HddmW, Detector::HddmW(_))
                | (N::Kswin, Detector::Kswin(_))
                | (N::Cusum, Detector::Cusum(_))
                | (N::Gma, Detector::Gma(_))
                | (N::Mmd, Detector::Mmd(_))
                | (N::Martingale, Detector::Martingale(_))
                | (N::Betting, Detector::Betting(_))
                | (N::TwoSample, Detector::TwoSample(_))
                | (N::Lord, Detector::Lord(_))
                | (N::Saffron, Detector::Saffron(_))
        );
        named && can_grow([self.observations, self.detections]) && each!(&self.detector, d => d.is_sound())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
