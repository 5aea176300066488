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
    let expected = "options of this detector, by the documented names and values";
    serde_json::from_value(options).map_err(|e| Error::invalid("options", e, expected))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::stats::online_fdr::OnlineFdr;
    use crate::testing::Random;
    use serde_json::json;

    /// A stream that every detector can take, with a change in the middle.
    fn outcomes() -> Vec<f64> {
        let mut random = Random(11);
        (0..3000).map(|i| f64::from(u8::from(random.uniform() < if i < 1500 { 0.05 } else { 0.6 }))).collect()
    }

    /// Of pairs, the second alone changes; of p-values, many are tiny after the change.
    fn stream_of(name: StreamName) -> Vec<f64> {
        match name.takes() {
            Takes::Pairs => {
                let mut random = Random(12);
                let mut still = || f64::from(u8::from(random.uniform() < 0.05));
                outcomes().into_iter().flat_map(|x| [still(), x]).collect()
            }
            Takes::PValues => outcomes().into_iter().map(|x| if x == 1.0 { 1e-9 } else { 0.6 }).collect(),
            _ => outcomes(),
        }
    }

    /// Defaults that can fire on outcomes, and short simulations.
    fn options(name: StreamName) -> Value {
        match name {
            StreamName::Gma => json!({ "threshold": 0.2 }),
            StreamName::Mmd => json!({ "reference_size": 200, "expected_run_time": 300, "bandwidth": 1.0 }),
            _ => Value::Null,
        }
    }

    #[test]
    fn every_detector_finds_a_change_and_is_the_same_in_batches_and_saved() {
        for name in StreamName::ALL {
            let x = stream_of(name);
            let mut whole = Stream::new(name, options(name)).unwrap();
            let fired = whole.update(&x).unwrap();
            assert!(fired.iter().any(|i| (1500..1800).contains(i)), "{name}: {fired:?}");
            assert_eq!(whole.describe().detections, fired.len() as u64);
            let mut parts = Stream::new(name, options(name)).unwrap();
            let mut by_parts = Vec::new();
            for batch in x.chunks(138) {
                by_parts.extend(parts.update(batch).unwrap());
                let mut cbor = Vec::new();
                ciborium::into_writer(&parts, &mut cbor).unwrap();
                let json = serde_json::to_string(&parts).unwrap();
                let back: Stream = serde_json::from_str(&json).unwrap();
                assert_eq!(back, parts, "{name}");
                parts = ciborium::from_reader(cbor.as_slice()).unwrap();
            }
            assert_eq!(by_parts, fired, "{name}");
            assert_eq!(parts.describe(), whole.describe());
            parts.reset();
            assert_eq!((parts.describe().observations, parts.describe().state), (0, State::Stable));
            if name != StreamName::Mmd && name != StreamName::Martingale {
                assert_eq!(parts.update(&x).unwrap(), fired, "{name} after a reset");
            }
        }
    }

    #[test]
    fn nothing_fires_on_a_constant() {
        for name in StreamName::ALL {
            let mut stream = Stream::new(name, options(name)).unwrap();
            // The smallest value that is no discovery.
            let value = if name.takes() == Takes::PValues { 1.0f32 } else { 0.0 };
            assert!(stream.update(&[value; 5000]).unwrap().is_empty(), "{name}");
            assert_eq!(stream.describe().state, State::Stable);
        }
    }

    #[test]
    fn pairs_and_p_values_are_those_of_the_methods_themselves() {
        let x = stream_of(StreamName::TwoSample);
        let mut test = TwoSample::new(Default::default()).unwrap();
        let mut fired = Vec::new();
        for (i, pair) in x.chunks_exact(2).enumerate() {
            if test.update_pair(pair[0], pair[1]).unwrap() == State::Drift {
                fired.push(i as u64);
            }
        }
        let mut stream = Stream::new(StreamName::TwoSample, Value::Null).unwrap();
        assert_eq!(stream.update(&x).unwrap(), fired);
        assert_eq!((stream.describe().observations, stream.describe().statistic), (3000, test.evidence()));
        let mut random = Random(13);
        let p: Vec<f64> = (0..500).map(|i| random.uniform() * if i % 3 == 0 { 1e-3 } else { 1.0 }).collect();
        let mut lord = Lord::new(0.1, Some(0.02)).unwrap();
        let mut saffron = Saffron::new(0.1, Some(0.02), 0.3).unwrap();
        let mut rejected = [Vec::new(), Vec::new()];
        for (i, p) in p.iter().enumerate() {
            let now = [lord.test(*p).unwrap(), saffron.test(*p).unwrap()];
            rejected.iter_mut().zip(now).filter(|(_, now)| *now).for_each(|(all, _)| all.push(i as u64));
        }
        let levels = [lord.level(), saffron.level()];
        let options = json!({ "alpha": 0.1, "initial_wealth": 0.02 });
        let more = json!({ "alpha": 0.1, "initial_wealth": 0.02, "lambda": 0.3 });
        for (k, (name, options)) in [(StreamName::Lord, options), (StreamName::Saffron, more)].into_iter().enumerate() {
            let mut stream = Stream::new(name, options).unwrap();
            assert_eq!(stream.update(&p).unwrap(), rejected[k], "{name}");
            assert!(rejected[k].len() > 50 && stream.describe().statistic == levels[k], "{name}");
        }
    }

    #[test]
    fn bad_values_are_refused_whole() {
        for name in StreamName::ALL {
            let mut stream = Stream::new(name, options(name)).unwrap();
            for bad in [f64::NAN, f64::INFINITY] {
                let error = stream.update(&[0.0, 1.0, bad, 1.0]).unwrap_err();
                assert!(error.to_string().starts_with(&format!("values: got {bad} at index 2")), "{name}: {error}");
            }
            assert_eq!(stream.describe().observations, 0);
            assert!(stream.update::<f64>(&[]).unwrap().is_empty());
        }
        let refused = |name: StreamName, x: f64| Stream::new(name, Value::Null).unwrap().update(&[x]).is_err();
        assert!(refused(StreamName::Lord, 1.5) && refused(StreamName::Saffron, -0.1));
        let half = Stream::new(StreamName::TwoSample, Value::Null).unwrap().update(&[1.0, 2.0, 3.0]).unwrap_err();
        assert!(half.to_string().starts_with("values: got 3 numbers, expected pairs"), "{half}");
        assert!(refused(StreamName::Ddm, 0.5) && refused(StreamName::HddmA, 1.5) && refused(StreamName::Betting, -0.1));
    }

    #[test]
    fn bad_options_are_named() {
        for (name, options, words) in [
            (StreamName::Adwin, json!({ "delta": 0 }), "delta: got 0, expected a probability"),
            (StreamName::Adwin, json!({ "deltas": 0 }), "deltas"),
            (StreamName::Adwin, json!({ "max_buckets": 1 }), "max_buckets: got 1"),
            (StreamName::PageHinkley, json!({ "threshold": -1 }), "threshold: got -1"),
            (StreamName::PageHinkley, json!({ "mode": "sideways" }), "sideways"),
            (StreamName::Ddm, json!({ "drift_threshold": 1 }), "drift_threshold: got 1, expected at least"),
            (StreamName::Eddm, json!({ "beta": 0.99 }), "beta: got 0.99, expected a ratio"),
            (StreamName::HddmA, json!({ "drift_confidence": 0.01 }), "warning_confidence: got 0.005"),
            (StreamName::HddmW, json!({ "lambda_val": 1 }), "lambda_val: got 1"),
            (StreamName::Kswin, json!({ "window_size": 40 }), "window_size: got 40, expected at least twice"),
            (StreamName::Kswin, json!({ "alpha": 1e-40 }), "alpha: got"),
            (StreamName::Cusum, json!({ "delta": -1 }), "delta: got -1"),
            (StreamName::Gma, json!({ "alpha": 1 }), "alpha: got 1"),
            (StreamName::Mmd, json!({ "reference_size": 10 }), "reference_size: got 10"),
            (StreamName::Mmd, json!({ "expected_run_time": 5 }), "expected_run_time: got 5"),
            (StreamName::Mmd, json!({ "reference": vec![1.0; 30] }), "reference: got 30 observations"),
            (StreamName::Martingale, json!({ "alpha": 1 }), "alpha: got 1"),
            (StreamName::Martingale, json!({ "reference": [1, 2, 3] }), "reference: got 3 observations"),
            (StreamName::Martingale, json!({ "bets": "mixture", "calibration": "inductive" }), "bets: got Mixture"),
            (StreamName::Betting, json!({ "upper": 0 }), "upper: got 0"),
            (StreamName::Betting, json!({ "mean": 2 }), "mean: got 2"),
            (StreamName::TwoSample, json!({ "warm_up": 2 }), "warm_up: got 2"),
            (StreamName::TwoSample, json!({ "delta": 2 }), "expected `alpha` or `warm_up`"),
            (StreamName::Lord, json!({ "alpha": 1 }), "alpha: got 1"),
            (StreamName::Lord, json!({ "initial_wealth": 0.1 }), "initial_wealth: got 0.1"),
            (StreamName::Saffron, json!({ "lambda": 0 }), "lambda: got 0"),
        ] {
            let error = Stream::new(name, options.clone()).unwrap_err().to_string();
            assert!(error.contains(words), "{name} {options}: {error}");
        }
    }
}
