//! Fitted detectors beside the scorer's own: their scores are thresholds', windows' and charts'
//! like any other.

use std::sync::Arc;

use super::{Baseline, Profile, Scores};
use crate::error::{Error, Result};
use crate::outlier::calibration::{Calibrated, Calibration};
use crate::outlier::support::rows::widened;
use crate::outlier::{Fitted, Spec};
use crate::tensor::{Elements, Tensor};

/// A detector that scores each batch of a guard, and the scores of unseen reference observations
/// that it is judged by.
#[derive(Debug, Clone)]
pub struct Attached {
    /// Its name, with a number where that is taken.
    pub name: String,
    detector: Arc<Fitted>,
    /// In single precision, as all scores of a guard.
    calibrated: Arc<Calibrated>,
}

/// Finite in single precision, in the same order.
fn single(score: f64) -> f32 {
    (score as f32).clamp(f32::MIN, f32::MAX)
}

impl Attached {
    /// `detector` for outputs of so many features.
    ///
    /// # Errors
    /// [`Error::FeatureMismatch`]; [`Error::Incompatible`] for another calibration than by a
    /// holdout: folds have detectors of their own, whose scores are not drawn as the whole one's
    /// are.
    pub fn new(detector: Arc<Fitted>, features: usize, taken: &[String]) -> Result<Self> {
        let (was, expected) = (detector.features(), features);
        if was != expected {
            return Err(Error::FeatureMismatch { argument: "detectors", was, expected });
        }
        if !matches!(detector.describe().calibration, Calibration::Holdout(_)) {
            let was = format!("{} whose calibration is not a holdout", detector.name());
            let expected =
                "one fitted with calibration = \"holdout\", whose p-values hold in finite samples, or one that is not \
                            fitted: the guard fits it on the profile's sample"
                    .into();
            return Err(Error::Incompatible { argument: "detectors", was, expected });
        }
        let name = |k: usize| {
            if k == 1 { detector.name().to_owned() } else { format!("{}-{k}", detector.name()) }
        };
        let name = (1..).map(name).find(|name| !taken.contains(name)).unwrap_or_default();
        let scores =
            detector.calibrated().scores().iter().map(|score| f64::from(single(*score))).collect();
        Ok(Attached { name, calibrated: Arc::new(Calibrated::new(scores)), detector })
    }

    /// Scores of unseen reference observations, in rising order.
    #[must_use]
    pub fn reference(&self) -> &[f64] {
        self.calibrated.scores()
    }

    /// The rank of a score among those: see [`Calibrated::p_value`].
    #[must_use]
    pub fn p_value(&self, score: f32) -> f64 {
        self.calibrated.p_value(f64::from(score))
    }

    fn score(&self, batch: &Tensor<'_>, wide: &mut Vec<f64>, column: &mut Vec<f32>) -> Result<()> {
        wide.resize(batch.observations(), 0.0);
        self.detector.score_into(batch, wide)?;
        column.clear();
        column.extend(
            wide.iter().map(|score| if score.is_nan() { f32::NAN } else { single(*score) }),
        );
        Ok(())
    }
}

impl Profile {
    /// A detector for a guard of this profile, fitted on three quarters of the sample of reference
    /// outputs that the profile keeps ([`super::ProfileOptions::capacity`]) and calibrated by the
    /// others, or by the part that `spec` holds out: since the sample is uniform and no observation
    /// is in both parts, p-values and flags hold as for [`Calibration::Holdout`].
    ///
    /// # Errors
    /// As [`Fitted::fit`]; [`Error::BaselineTooSmall`] for a profile without observations;
    /// [`Error::Incompatible`] where `spec` asks for no calibration.
    pub fn fit_detector(&self, spec: &Spec) -> Result<Fitted> {
        let Some(fitted) = &self.fitted else {
            let reason = "fit it on reference outputs first".into();
            return Err(Error::BaselineTooSmall {
                argument: "profile",
                was: 0,
                expected: 2,
                reason,
            });
        };
        let calibration = match spec.calibration {
            Calibration::Holdout(fraction) => Calibration::Holdout(fraction),
            Calibration::Cross(_) => Calibration::Holdout(0.25),
            Calibration::None => {
                let was = format!("{} with calibration = \"none\"", spec.family.name());
                let expected = "one that is calibrated, by which the guard flags and tests".into();
                return Err(Error::Incompatible { argument: "detectors", was, expected });
            }
        };
        let rows = fitted.sample.rows();
        let sample = Tensor::new(Elements::F64(rows), rows.len() / fitted.moments.features())?;
        Fitted::fit(&Spec { calibration, ..spec.clone() }, &sample)
    }
}

impl Baseline {
    /// Scores a batch that has the right number of features.
    ///
    /// # Errors
    /// As [`super::Scorer::expect_contents`] and [`Baseline::score_attached`].
    pub fn score(&self, batch: &Tensor<'_>, scores: &mut Scores) -> Result<()> {
        self.scorer.expect_contents(batch)?;
        self.scorer.score(batch, scores);
        if self.deferred { Ok(()) } else { self.score_attached(batch, scores) }
    }

    /// Scores by the attached detectors alone.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where a copy that one needs does not fit into memory.
    pub fn score_attached(&self, batch: &Tensor<'_>, scores: &mut Scores) -> Result<()> {
        let own = self.scorer.detectors().len();
        scores.columns.resize_with(own + self.attached.len(), Vec::new);
        if self.attached.is_empty() {
            return Ok(());
        }
        // Detectors work in double precision: brought to it once, however many there are.
        let values = widened("output", batch)?;
        let batch = Tensor::new(Elements::F64(&values), batch.observations())?;
        for (attached, column) in self.attached.iter().zip(&mut scores.columns[own..]) {
            attached.score(&batch, &mut scores.wide, column)?;
        }
        Ok(())
    }

    /// The names of all detectors, in the order of the columns of [`Scores`].
    #[must_use]
    pub fn detectors(&self) -> &[String] {
        &self.names[self.feature_count()..]
    }

    /// The anomalous side and the threshold of each attached detector at `rate`, or at the lowest
    /// rate above 1/1000 that its calibration supports; and the rate of all together, by the union
    /// bound.
    pub(super) fn calibrate_attached(&mut self, rate: Option<f64>) -> Result<()> {
        let mut total = self.calibration.rate();
        let mut least = self.calibration.reference_size;
        for attached in &self.attached {
            let scores = attached.reference();
            let lowest = 1.0 / (scores.len() + 1) as f64;
            let rate = rate.unwrap_or_else(|| lowest.max(1e-3));
            self.calibration
                .thresholds
                .push(crate::outlier::threshold::conformal(scores, rate)? as f32);
            total += rate;
            least = least.min(scores.len() as u64);
        }
        if !self.attached.is_empty() {
            // As of the smallest of the references: the count of flags then spreads at least as
            // much as it does.
            self.calibration.reference_size = least;
            self.calibration.exceedances =
                ((total * (least + 1) as f64).ceil() as u64).clamp(1, least);
        }
        Ok(())
    }
}
