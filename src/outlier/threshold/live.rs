//! A threshold that moves while scores come: by its name, over scores that come in batches.

use serde::{Deserialize, Serialize};

use super::super::calibration::Calibrated;
use super::feedback::Feedback;
use super::pot;
use super::spot::{Spot, Verdict};
use crate::error::{Error, Result};
use crate::sound::{Sound, can_grow};

/// The names of all live thresholds.
pub const NAMES: &[&str] = &["spot", "feedback"];

/// Which one, and its options.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
pub enum LiveOptions {
    /// [`Spot`]; DSPOT with a `depth` above 0.
    Spot {
        /// The probability of an alarm.
        #[serde(default = "default_spot_rate")]
        rate: f64,
        /// The quantile from which on the tail is modeled.
        #[serde(default = "pot::default_level")]
        level: f64,
        /// How many of the last scores are averaged and taken off; 0 for a stream that stays.
        #[serde(default)]
        depth: usize,
    },
    /// [`Feedback`].
    Feedback {
        /// The most of usual scores that may lie above it, on average.
        #[serde(default = "default_feedback_rate")]
        rate: f64,
    },
}

/// As the paper's experiments have it.
fn default_spot_rate() -> f64 {
    1e-3
}

fn default_feedback_rate() -> f64 {
    0.01
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Spot(Spot),
    Feedback(Feedback),
}

/// [`Spot`] or [`Feedback`], with counts of what came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveThreshold {
    options: LiveOptions,
    kind: Kind,
    scores: u64,
    alarms: u64,
    dismissed: u64,
    confirmed: u64,
}

/// What a [`LiveThreshold`] has to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThresholdDescription {
    /// Which one, and its options.
    #[serde(flatten)]
    pub options: LiveOptions,
    /// What the next score is compared with.
    pub threshold: f64,
    /// Scores that came in by [`LiveThreshold::update`].
    pub scores: u64,
    /// How many of them were above the threshold of their time.
    pub alarms: u64,
    /// Alarms that turned out to be none.
    pub dismissed: u64,
    /// Alarms that turned out to be right.
    pub confirmed: u64,
    /// Confirmed of judged alarms; `None` before the first.
    pub precision: Option<f64>,
}

/// What a person says of alarms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Judgments {
    /// Alarms at these scores were none.
    Dismiss(Vec<f64>),
    /// So many were right.
    Confirm(u64),
}

impl LiveThreshold {
    /// From scores of usual observations: of a stream the first ones, or a detector's calibration.
    ///
    /// # Errors
    /// As [`Spot::drifting`] and [`Feedback::new`].
    pub fn new(options: LiveOptions, usual: &[f64]) -> Result<Self> {
        if usual.iter().any(|score| score.is_nan()) {
            return Err(Error::invalid("scores", "NaN", "numbers"));
        }
        let kind = match options {
            LiveOptions::Spot { rate, level, depth } => {
                Kind::Spot(Spot::drifting(usual, rate, level, depth)?)
            }
            LiveOptions::Feedback { rate } => {
                Kind::Feedback(Feedback::new(Calibrated::new(usual.to_vec()), rate)?)
            }
        };
        Ok(LiveThreshold { options, kind, scores: 0, alarms: 0, dismissed: 0, confirmed: 0 })
    }

    /// Takes in the next score. What is not an alarm is learned from; NaN is an alarm.
    pub fn update(&mut self, score: f64) -> Verdict {
        let verdict = match &mut self.kind {
            Kind::Spot(spot) => spot.update(score),
            Kind::Feedback(feedback) => feedback.update(score),
        };
        self.scores += 1;
        self.alarms += u64::from(verdict == Verdict::Alarm);
        verdict
    }

    /// Takes in what a person says.
    ///
    /// # Errors
    /// As [`LiveThreshold::dismiss`].
    pub fn judge(&mut self, judgments: Judgments) -> Result<()> {
        match judgments {
            Judgments::Dismiss(scores) => {
                scores.into_iter().try_for_each(|score| self.dismiss(score))
            }
            Judgments::Confirm(alarms) => {
                self.confirm(alarms);
                Ok(())
            }
        }
    }

    /// Takes in a score that was an alarm and turned out to be usual.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for NaN, and of [`Spot`] for Inf.
    pub fn dismiss(&mut self, score: f64) -> Result<()> {
        match &mut self.kind {
            Kind::Spot(spot) => spot.dismiss(score)?,
            Kind::Feedback(feedback) => feedback.dismiss(score)?,
        }
        self.dismissed += 1;
        Ok(())
    }

    /// Counts alarms that were right.
    pub fn confirm(&mut self, alarms: u64) {
        self.confirmed += alarms;
    }

    /// What the next score is compared with.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        match &self.kind {
            Kind::Spot(spot) => spot.threshold(),
            // It has no errors once it is made.
            Kind::Feedback(feedback) => feedback.threshold().unwrap_or(f64::INFINITY),
        }
    }

    /// Which one it is and how far it has come.
    #[must_use]
    pub fn describe(&self) -> ThresholdDescription {
        let judged = self.confirmed + self.dismissed;
        ThresholdDescription {
            options: self.options,
            threshold: self.threshold(),
            scores: self.scores,
            alarms: self.alarms,
            dismissed: self.dismissed,
            confirmed: self.confirmed,
            precision: (judged > 0).then(|| self.confirmed as f64 / judged as f64),
        }
    }
}

impl Sound for LiveThreshold {
    fn is_sound(&self) -> bool {
        let kind = match (&self.options, &self.kind) {
            (LiveOptions::Spot { .. }, Kind::Spot(spot)) => spot.is_sound(),
            (LiveOptions::Feedback { .. }, Kind::Feedback(feedback)) => feedback.is_sound(),
            _ => false,
        };
        kind && can_grow([self.scores, self.alarms, self.dismissed, self.confirmed])
    }
}

crate::store::stored_as_cbor!(LiveThreshold = "threshold", 1);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    fn options(json: &str) -> LiveOptions {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn it_is_what_is_inside_and_counts() {
        let mut random = Random(31);
        let usual = random.normals(1000);
        for (json, rate) in [
            (r#"{"method":"spot","rate":0.01}"#, 0.01),
            (r#"{"method":"spot","rate":0.01,"level":0.95,"depth":20}"#, 0.01),
            (r#"{"method":"feedback","rate":0.02}"#, 0.02),
        ] {
            let mut live = LiveThreshold::new(options(json), &usual).unwrap();
            let mut alarms = 0;
            for _ in 0..5000 {
                let (before, score) = (live.threshold(), random.normal());
                let verdict = live.update(score);
                assert_eq!(verdict == Verdict::Alarm, score > before, "{json}");
                if verdict == Verdict::Alarm {
                    alarms += 1;
                    live.dismiss(score).unwrap();
                }
            }
            // The threshold is an estimate from 1000 scores; 5000 draws: well within a factor of
            // two and a half.
            let expected = 5000.0 * rate;
            assert!(
                (0.4 * expected..2.5 * expected).contains(&f64::from(alarms)),
                "{json}: {alarms}"
            );
            assert_eq!(live.update(1e6), Verdict::Alarm);
            assert_eq!(live.update(f64::NAN), Verdict::Alarm);
            live.confirm(2);
            let described = live.describe();
            assert_eq!(
                (described.scores, described.alarms, described.dismissed),
                (5002, alarms as u64 + 2, alarms as u64)
            );
            assert_eq!(described.precision, Some(2.0 / (2.0 + f64::from(alarms))));
            let mut file = Vec::new();
            ciborium::into_writer(&live, &mut file).unwrap();
            let again: LiveThreshold = ciborium::from_reader(file.as_slice()).unwrap();
            assert_eq!(again, live);
            assert_eq!(live.dismiss(f64::NAN).map_err(|e| e.code()), Err(100));
        }
    }

    #[test]
    fn names_and_bad_options() {
        for name in NAMES {
            let options = options(&format!("{{\"method\":\"{name}\"}}"));
            assert!(LiveThreshold::new(options, &Random(1).normals(2000)).is_ok());
            assert_eq!(
                LiveThreshold::new(options, &[1.0, f64::NAN]).map_err(|e| e.code()),
                Err(100)
            );
            assert_eq!(
                LiveThreshold::new(options, &[1.0, 2.0]).map_err(|e| e.code()),
                Err(203),
                "{name}"
            );
        }
        for bad in [r#"{"method":"spot","rates":1}"#, r#"{"method":"cusum"}"#, "{}"] {
            assert!(serde_json::from_str::<LiveOptions>(bad).is_err(), "{bad}");
        }
        for rate in [0.0, 1.0] {
            assert_eq!(
                LiveThreshold::new(LiveOptions::Feedback { rate }, &[1.0; 500])
                    .map_err(|e| e.code()),
                Err(100)
            );
        }
    }
}
