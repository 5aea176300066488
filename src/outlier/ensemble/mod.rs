//! `ensemble`: several detectors as one, on a common scale.

mod artificial;
mod candidate;
pub mod ood;
mod options;

#[cfg(test)]
mod tests;

pub use candidate::candidates;
pub use options::{Combine, Member, Options, Weighting};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::calibration::Calibration;
use super::family::SingleModel;
use super::learned::Learned;
use super::{Detector, Rows};
use crate::error::{Error, Result};
use crate::sound::Sound;
use candidate::{Candidate, weights};

/// Folds of the reference, where it is not said by whom p-values are calibrated.
const FOLDS: usize = 5;

/// Several detectors as one, none of which is several itself. `parts` are not given: see
/// [`super::explain`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Ensemble {
    combine: Combine,
    members: Vec<Learned<SingleModel>>,
    /// Mean and standard deviation of each member's calibration scores.
    moments: Vec<(f64, f64)>,
    /// What each member weighs: 1 in all. Files from before there were weights have none.
    #[serde(default)]
    weights: Vec<f64>,
}

impl Ensemble {
    /// With the scores of all reference observations, each by members that have not seen it, in no
    /// particular order: the same folds serve for the members' p-values, for their weights, and for
    /// the ensemble's own calibration.
    ///
    /// # Errors
    /// As [`Detector::fit`]; [`Error::BaselineTooSmall`] where a fold's rest does not suffice for a
    /// member that was asked for.
    pub(super) fn fit_cross(
        reference: &Rows<'_>,
        options: &Options,
        folds: usize,
    ) -> Result<(Self, Vec<f64>)> {
        let members = options.members.clone().unwrap_or_else(candidates);
        if members.is_empty() {
            return Err(Error::invalid("members", "none", "at least one detector"));
        }
        let optional = options.members.is_none();
        let candidates = members.iter().map(Candidate::new).collect::<Result<Vec<_>>>()?;
        let weighed = options.weighting == Weighting::ArtificialOutliers && members.len() > 1;
        let candidates = candidate::on_folds(candidates, reference, folds, weighed, optional)?;
        let weights =
            weights(&candidates.iter().map(|candidate| candidate.skill).collect::<Vec<_>>());
        let mut ensemble = Ensemble {
            combine: options.combine,
            members: vec![],
            moments: vec![],
            weights: vec![],
        };
        let (mut unseen, mut failed) = (Vec::new(), None);
        for (candidate, weight) in
            candidates.into_iter().zip(weights).filter(|(_, weight)| *weight > 0.0)
        {
            let stage = match candidate.fit(reference) {
                Ok(stage) => stage,
                Err(error) if optional => {
                    failed = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Candidate { mut spec, unseen: scores, .. } = candidate;
            spec.calibration = Calibration::Cross(folds);
            ensemble.moments.push(moments(&scores));
            ensemble.weights.push(weight);
            let (name, options) = (spec.family.name(), spec.family.options());
            let member = Learned::new(name, &options, &spec, reference, stage, scores.clone());
            ensemble.members.push(member);
            unseen.push(scores);
        }
        if let (true, Some(error)) = (ensemble.members.is_empty(), failed) {
            return Err(error);
        }
        let sum: f64 = ensemble.weights.iter().sum();
        ensemble.weights.iter_mut().for_each(|weight| *weight /= sum);
        let mut scores = ensemble.nothing(reference.len());
        unseen.iter().enumerate().for_each(|(m, own)| ensemble.add(m, own, &mut scores));
        Ok((ensemble, scores))
    }

    /// Name, options and weight of each member.
    pub(super) fn shares(&self) -> Vec<MemberWeight> {
        let share = |m: usize| {
            let member = &self.members[m];
            let mut options = member.options();
            if let (false, Value::Object(options)) = (member.stage.is_plain(), &mut options) {
                options.insert("standardize".into(), Value::from(true));
            }
            MemberWeight { detector: member.name.clone(), options, weight: self.weight(m) }
        };
        (0..self.members.len()).map(share).collect()
    }

    fn weight(&self, m: usize) -> f64 {
        self.weights.get(m).copied().unwrap_or(1.0 / self.members.len() as f64)
    }

    /// Scores before the first member.
    fn nothing(&self, n: usize) -> Vec<f64> {
        let largest = matches!(self.combine, Combine::Maximum | Combine::Minimum);
        vec![if largest { f64::NEG_INFINITY } else { 0.0 }; n]
    }

    /// Adds member `m`'s own scores.
    fn add(&self, m: usize, own: &[f64], scores: &mut [f64]) {
        let (calibrated, (mean, deviation), weight) =
            (&self.members[m].calibrated, self.moments[m], self.weight(m));
        let largest = calibrated.scores().last().copied().unwrap_or(f64::MAX);
        for (score, own) in scores.iter_mut().zip(own) {
            let p = calibrated.p_value(*own);
            let beyond = ((own - largest).max(0.0) / deviation).min(f64::MAX);
            let surprise = beyond.ln_1p() - p.ln();
            match self.combine {
                Combine::Average => *score += weight * surprise,
                Combine::Minimum => *score = score.max(surprise),
                Combine::Rank => *score += weight * (1.0 - p),
                Combine::Maximum => *score = score.max((own - mean) / deviation),
            }
        }
    }
}

/// What the description of a fitted ensemble tells of a member.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // the names say it
pub struct MemberWeight {
    pub detector: String,
    pub options: Value,
    pub weight: f64,
}

impl Detector for Ensemble {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        Ensemble::fit_cross(reference, options, FOLDS).map(|(ensemble, _)| ensemble)
    }

    fn features(&self) -> usize {
        self.members.first().map_or(0, |member| member.features)
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let mut own = vec![0.0; scores.len()];
        scores.copy_from_slice(&self.nothing(scores.len()));
        for (m, member) in self.members.iter().enumerate() {
            member.stage.score_here(rows, &mut own);
            self.add(m, &own, scores);
        }
    }

    fn work(&self) -> usize {
        self.members.iter().map(|member| member.stage.model.work()).sum()
    }
}

fn moments(scores: &[f64]) -> (f64, f64) {
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let variance = scores.iter().map(|s| (s - mean) * (s - mean)).sum::<f64>() / n;
    (mean, if variance > 0.0 { variance.sqrt() } else { 1.0 })
}

impl Sound for Ensemble {
    fn is_sound(&self) -> bool {
        let n = self.members.len();
        let weighed = self.weights.is_empty() || self.weights.len() == n;
        let member = |own: &Learned<SingleModel>| own.features == self.features() && own.is_sound();
        n > 0 && self.moments.len() == n && weighed && self.members.iter().all(member)
    }
}
