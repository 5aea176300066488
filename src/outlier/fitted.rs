//! A detector that hosts use: by name, with p-values, an explanation and a file form.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::calibration::{self, Calibrated, Calibration};
use super::ensemble::{Ensemble, MemberWeight};
use super::fold::{expect_classifier, fold};
use super::learned::Learned;
use super::model::{Family, Model};
use super::ood::Head;
use super::standardized::Standardized;
use super::support::{LONG, rows::widened};
use super::threshold::{self, Method, Threshold};
use super::within::out_of_fold;
use super::{Detector, Mapping, Rows, Spec};
use crate::error::{Error, Result};
use crate::sound::Sound;
use crate::tensor::Tensor;

/// What [`Fitted::describe`] tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // the names say it
pub struct DetectorDescription {
    pub detector: String,
    pub options: Value,
    pub standardize: bool,
    pub calibration: Calibration,
    pub features: usize,
    /// The features' names, where they were told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    pub observations: usize,
    /// Scores that p-values are ranks among.
    pub calibration_size: usize,
    /// Of an ensemble: its members, and what they weigh.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberWeight>,
}

/// A fitted detector: see the module.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fitted {
    learned: Learned<Model>,
    /// The mapped file that points are searched in.
    #[serde(skip)]
    file: Option<Arc<dyn Mapping>>,
}

impl Fitted {
    /// Learns the reference, `features x observations`.
    ///
    /// # Errors
    /// [`Error::NonFiniteBaseline`], [`Error::BaselineTooSmall`], [`Error::ConstantFeature`],
    /// [`Error::InvalidArgument`], as each detector says.
    pub fn fit(spec: &Spec, reference: &Tensor<'_>) -> Result<Self> {
        Self::fit_rows(spec, &Rows::reference(reference)?)
    }

    /// [`Fitted::fit`] of a classifier: with the class of each reference observation, from 0, and
    /// the layer that makes logits of the features.
    ///
    /// # Errors
    /// As [`Fitted::fit`]; [`Error::InvalidArgument`] for labels or a head that do not go with the
    /// reference, or for a detector that has no use for them.
    pub fn fit_classifier(
        spec: &Spec,
        reference: &Tensor<'_>,
        labels: Option<&[u32]>,
        head: Option<&Head>,
    ) -> Result<Self> {
        expect_classifier(spec, labels, head)?;
        Self::fit_rows(spec, &Rows::reference(reference)?.of_classifier(labels, head)?)
    }

    pub(super) fn fit_rows(spec: &Spec, reference: &Rows<'_>) -> Result<Self> {
        expect_names(&spec.names, reference.features())?;
        let (stage, scores) = match spec.calibration {
            Calibration::None => (Standardized::fit(spec, reference)?, Vec::new()),
            Calibration::Holdout(fraction) => {
                fold(spec, reference, &calibration::holdout(reference.len(), fraction)?)?
            }
            Calibration::Cross(folds) => {
                if let (Family::Ensemble(options), false) = (&spec.family, spec.standardize) {
                    // Its members' folds calibrate it, too.
                    let (ensemble, scores) = Ensemble::fit_cross(reference, options, folds)?;
                    (Standardized::plain(Model::Ensemble(ensemble)), scores)
                } else {
                    let family = spec.family.for_folds(reference.len(), folds);
                    let whole = Spec { family, ..spec.clone() };
                    (Standardized::fit(&whole, reference)?, out_of_fold(spec, reference, folds)?)
                }
            }
        };
        let (name, options) = (spec.family.name(), spec.family.options());
        let learned = Learned::new(name, &options, spec, reference, stage, scores);
        Ok(Fitted { learned, file: None })
    }

    /// With these names of its features, in their order; they are kept in its file.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where there is not one per feature, or one comes twice.
    pub fn named(mut self, names: Vec<String>) -> Result<Self> {
        expect_names(&names, self.learned.features)?;
        self.learned.names = names;
        Ok(self)
    }

    /// The names of its features, in their order; empty where nobody told them.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.learned.names
    }

    /// With points in this file.
    pub(crate) fn in_file(mut self, file: Arc<dyn Mapping>) -> Self {
        self.file = Some(file);
        self
    }

    /// Demands that a mapped file is still there.
    fn check_file(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())
    }

    /// The detector's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.learned.name
    }

    /// Number of features.
    #[must_use]
    pub fn features(&self) -> usize {
        self.learned.features
    }

    /// Scores of unseen reference observations; empty for [`Calibration::None`].
    #[must_use]
    pub fn calibrated(&self) -> &Calibrated {
        &self.learned.calibrated
    }

    /// One score per observation; higher is more anomalous; NaN for an observation that is not
    /// finite, and for no other: numbers beyond ±1e75 count as these, scores beyond the largest
    /// double as that. Never depends on the rest of the batch.
    ///
    /// # Errors
    /// [`Error::FeatureMismatch`]; [`Error::InvalidArgument`] where a copy does not fit into
    /// memory; [`Error::FileDamaged`] where the mapped file of [`crate::store::load_mapped`] was
    /// cut short since.
    pub fn score(&self, batch: &Tensor<'_>) -> Result<Vec<f64>> {
        let mut scores = vec![0.0; batch.observations()];
        self.score_into(batch, &mut scores)?;
        Ok(scores)
    }

    /// [`Fitted::score`] into `scores`, one per observation. Of double precision nothing is copied.
    ///
    /// # Errors
    /// As [`Fitted::score`]; [`Error::InvalidArgument`] for another length.
    pub fn score_into(&self, batch: &Tensor<'_>, scores: &mut [f64]) -> Result<()> {
        batch.expect_features(self.features())?;
        if scores.len() != batch.observations() {
            let expected = format!("{}, one per observation", batch.observations());
            return Err(Error::invalid("out", format!("{} elements", scores.len()), expected));
        }
        self.check_file()?;
        self.learned.score(widened("output", batch)?, scores);
        Ok(())
    }

    /// Multiplications of an observation's score, about.
    pub(super) fn work(&self) -> usize {
        self.learned.stage.model.work()
    }

    /// Whether so many scores may take longer than a person notices.
    pub fn takes_long(&self, scores: usize) -> bool {
        self.work().saturating_mul(scores) >= LONG
    }

    /// One p-value per observation: the rank of its score among those of unseen reference
    /// observations. Small is anomalous; at least `1/(n + 1)`; NaN where the score is.
    ///
    /// # Errors
    /// As [`Fitted::score`]; [`Error::Incompatible`] for [`Calibration::None`].
    pub fn p_values(&self, batch: &Tensor<'_>) -> Result<Vec<f64>> {
        let mut values = vec![0.0; batch.observations()];
        self.p_values_into(batch, &mut values)?;
        Ok(values)
    }

    /// [`Fitted::p_values`] into `values`.
    ///
    /// # Errors
    /// As [`Fitted::p_values`].
    pub fn p_values_into(&self, batch: &Tensor<'_>, values: &mut [f64]) -> Result<()> {
        self.calibrated().expect_scores()?;
        self.score_into(batch, values)?;
        values.iter_mut().for_each(|x| *x = self.calibrated().p_value(*x));
        Ok(())
    }

    /// What each feature adds to the score, an observation after the other: [`super::explain`] says
    /// what that means. NaN for an observation that is not finite.
    ///
    /// # Errors
    /// As [`Fitted::score`].
    pub fn explain(&self, batch: &Tensor<'_>) -> Result<Vec<f64>> {
        batch.expect_features(self.features())?;
        let mut parts = vec![0.0; batch.elements().len()];
        self.explain_into(batch, &mut parts)?;
        Ok(parts)
    }

    /// [`Fitted::explain`] into `parts`, as many as the batch has elements.
    ///
    /// # Errors
    /// As [`Fitted::explain`].
    pub fn explain_into(&self, batch: &Tensor<'_>, parts: &mut [f64]) -> Result<()> {
        batch.expect_features(self.features())?;
        if parts.len() != batch.elements().len() {
            let expected = format!("{}, as many as the batch has", batch.elements().len());
            return Err(Error::invalid("out", format!("{} elements", parts.len()), expected));
        }
        self.check_file()?;
        self.learned.explain(&widened("output", batch)?, parts);
        Ok(())
    }

    /// The score above which at most the fraction `rate` of unchanged observations lie: the
    /// conformal threshold, see [`threshold::conformal`].
    ///
    /// # Errors
    /// [`Error::BaselineTooSmall`] for a rate below `1/(n + 1)`; [`Error::Incompatible`] for
    /// [`Calibration::None`].
    pub fn threshold(&self, rate: f64) -> Result<f64> {
        self.calibrated().expect_scores()?;
        threshold::conformal(self.calibrated().scores(), rate)
    }

    /// A threshold by any method, from the scores of unseen reference observations.
    ///
    /// # Errors
    /// As [`Method::threshold`]; [`Error::Incompatible`] for [`Calibration::None`].
    pub fn threshold_by(&self, method: &Method) -> Result<Threshold> {
        self.calibrated().expect_scores()?;
        method.threshold(self.calibrated().scores())
    }

    /// Name, options, sizes.
    #[must_use]
    pub fn describe(&self) -> DetectorDescription {
        let learned = &self.learned;
        DetectorDescription {
            detector: learned.name.clone(),
            options: learned.options(),
            standardize: !learned.stage.is_plain(),
            calibration: learned.calibration,
            features: learned.features,
            names: learned.names.clone(),
            observations: learned.observations,
            calibration_size: learned.calibrated.len(),
            members: learned.stage.model.shares(),
        }
    }
}

/// None, or one per feature, and all different.
fn expect_names(names: &[String], features: usize) -> Result<()> {
    if !names.is_empty() && names.len() != features {
        return Err(Error::invalid(
            "names",
            format!("{} names", names.len()),
            format!("{features}, one per feature"),
        ));
    }
    match names.iter().enumerate().find_map(|(k, name)| names[..k].contains(name).then_some(name)) {
        Some(name) => Err(Error::invalid("names", format!("{name:?} twice"), "names that differ")),
        None => Ok(()),
    }
}

impl Sound for Fitted {
    fn is_sound(&self) -> bool {
        self.learned.is_sound()
    }
}

crate::store::stored_in_sections!(Fitted = "detector", |detector, file| detector.in_file(file));
