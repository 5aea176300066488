//! What people say of alerts moves the threshold.

use serde::{Deserialize, Serialize};

use super::super::calibration::Calibrated;
use super::conformal;
use super::spot::Verdict;
use crate::error::{Error, Result};
use crate::sound::{Sound, can_grow};

/// A conformal threshold whose calibration grows by what turned out to be usual: observations that
/// were not flagged, and alerts that were dismissed. Both must be told: with the dismissed alone
/// the calibration would be a sample of high scores. An alert that was confirmed is counted and
/// changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    calibrated: Calibrated,
    rate: f64,
    dismissed: u64,
    confirmed: u64,
}

impl Feedback {
    /// From scores of usual observations, at a rate of false alarms.
    ///
    /// # Errors
    /// As [`conformal`].
    pub fn new(calibrated: Calibrated, rate: f64) -> Result<Self> {
        conformal(calibrated.scores(), rate)?;
        Ok(Feedback { calibrated, rate, dismissed: 0, confirmed: 0 })
    }

    /// Scores above it are anomalous.
    ///
    /// # Errors
    /// None after [`Feedback::new`]: the calibration only grows.
    pub fn threshold(&self) -> Result<f64> {
        conformal(self.calibrated.scores(), self.rate)
    }

    /// Takes in the next score: an alarm above the threshold or where it is NaN, else
    /// [`Feedback::accept`]ed.
    pub fn update(&mut self, score: f64) -> Verdict {
        let above = self.threshold().is_ok_and(|threshold| score > threshold);
        if above || self.accept(score).is_err() { Verdict::Alarm } else { Verdict::Usual }
    }

    /// An observation that was not flagged.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for NaN.
    pub fn accept(&mut self, score: f64) -> Result<()> {
        if score.is_nan() {
            return Err(Error::invalid("score", score, "a number"));
        }
        self.calibrated.insert(score);
        Ok(())
    }

    /// An alert that was none.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for NaN.
    pub fn dismiss(&mut self, score: f64) -> Result<()> {
        self.accept(score)?;
        self.dismissed += 1;
        Ok(())
    }

    /// An alert that was one.
    pub fn confirm(&mut self) {
        self.confirmed += 1;
    }

    /// Of the alerts that were judged, the fraction that were confirmed; NaN before the first.
    #[must_use]
    pub fn precision(&self) -> f64 {
        self.confirmed as f64 / (self.confirmed + self.dismissed) as f64
    }
}

impl Sound for Feedback {
    fn is_sound(&self) -> bool {
        self.calibrated.is_sound()
            && self.threshold().is_ok()
            && can_grow([self.dismissed, self.confirmed])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn a_stream_that_moved_alarms_at_its_rate_again() {
        let mut random = Random(31);
        let mut feedback =
            Feedback::new(Calibrated::new(random.normals(500)), 0.02).expect("enough");
        let before = feedback.threshold().expect("enough");
        for _ in 0..5000 {
            let score = 0.5 + random.normal();
            if score > feedback.threshold().expect("enough") {
                feedback.dismiss(score).expect("a number");
            } else {
                feedback.accept(score).expect("a number");
            }
        }
        let after = feedback.threshold().expect("enough");
        // The 98 % quantile of the mixture of 500 from N(0, 1) and 5000 from N(0.5, 1) is 2.52.
        assert!(before < 2.4 && (2.35..2.75).contains(&after), "{before} {after}");
        feedback.confirm();
        assert!(feedback.precision() > 0.0 && feedback.precision() < 0.1);
        assert!(feedback.accept(f64::NAN).is_err());
    }
}
