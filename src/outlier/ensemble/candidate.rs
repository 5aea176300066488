//! Who may become a member, and what each weighs.

use serde_json::{Value, json};

use super::artificial::Artificial;
use super::options::Member;
use crate::Rows;
use crate::calibration::{self, Calibration};
use crate::error::{Error, Result};
use crate::family::{SEVERAL, Single, SingleModel};
use crate::spec::Spec;
use crate::standardized::Standardized;

/// A member whose area under the curve is 0.01 larger weighs an eighth more.
const SHARPNESS: f64 = 12.0;

/// Members that would weigh less are left out.
const MIN: f64 = 0.05;

/// The default's members: densities that follow groups of any form, on the features' own scales and
/// on a common one; directions; distances by how dense the neighborhood is; a few clouds, which
/// see dependence between features; and each feature's tails by itself.
#[must_use]
pub fn candidates() -> Vec<Member> {
    let mixture = |components: usize| {
        ("gmm", json!({"components": components, "regularization": 1e-3, "standardize": true}))
    };
    let all = [
        ("kde", json!({})),
        ("kde", json!({"standardize": true})),
        ("knn", json!({"metric": "cosine"})),
        ("lof", json!({})),
        mixture(2),
        mixture(4),
        mixture(8),
        ("copod", json!({})),
    ];
    let member = |(detector, options): (&str, Value)| Member {
        detector: detector.into(),
        options: options.as_object().cloned().unwrap_or_default(),
    };
    all.into_iter().map(member).collect()
}

/// A member to be, and what it was on the folds.
pub(super) struct Candidate {
    pub spec: Spec<Single>,
    /// Scores of all observations, a fold after the other, each by what has not seen it.
    pub unseen: Vec<f64>,
    /// Of the folds: the sum, then the mean.
    pub skill: f64,
}

impl Candidate {
    pub fn new(member: &Member) -> Result<Self> {
        // No family of one detector has these names; this says it better than that there is none.
        if SEVERAL.contains(&member.detector.as_str()) {
            return Err(Error::invalid("members", "an ensemble", "detectors that are none"));
        }
        if member.options.contains_key("names") {
            let was = format!("names of the member {}", member.detector);
            return Err(Error::invalid("members", was, "names of the ensemble, which all share"));
        }
        let family = |options| Single::new(&member.detector, options);
        let mut spec = Spec::parse(member.options.clone(), family)?;
        spec.calibration = Calibration::None;
        Ok(Candidate { spec, unseen: Vec::new(), skill: 0.0 })
    }

    /// Fitted on all of these.
    pub fn fit(&self, reference: &Rows<'_>) -> Result<Standardized<SingleModel>> {
        Standardized::fit(&self.spec, reference)
    }

    pub fn try_fold(
        &mut self,
        fit: &Rows<'_>,
        unseen: &Rows<'_>,
        artificial: Option<&Artificial>,
    ) -> Result<()> {
        let stage = self.fit(fit)?;
        let from = self.unseen.len();
        self.unseen.resize(from + unseen.len(), 0.0);
        stage.score(unseen.values(), &mut self.unseen[from..]);
        if let Some(artificial) = artificial {
            let score = |rows: &[f64], scores: &mut [f64]| stage.score(rows, scores);
            self.skill += artificial.skill(&self.unseen[from..], score, fit.features());
        }
        Ok(())
    }
}

/// Tries all on each fold; the skills are means over them. Those that the rest of a fold does not
/// suffice for are left out if they are `optional` and another one is left, else an error.
pub(super) fn on_folds(
    mut candidates: Vec<Candidate>,
    reference: &Rows<'_>,
    folds: usize,
    weighed: bool,
    optional: bool,
) -> Result<Vec<Candidate>> {
    let parts = calibration::folds(reference.len(), folds)?;
    for (seed, part) in parts.iter().enumerate() {
        let (fit, unseen) = (reference.select(&part.fit), reference.select(&part.score));
        let artificial = weighed.then(|| Artificial::of(&unseen, seed as u64));
        let mut left = Vec::with_capacity(candidates.len());
        let mut failed = None;
        for mut candidate in candidates {
            match candidate.try_fold(&fit, &unseen, artificial.as_ref()) {
                Ok(()) => left.push(candidate),
                Err(error) if optional => failed = Some(error),
                Err(error) => {
                    // That of all observations says more, if there is one.
                    candidate.fit(reference)?;
                    return Err(calibration::too_few(reference, folds, &error));
                }
            }
        }
        if let (true, Some(error)) = (left.is_empty(), failed) {
            return Err(calibration::too_few(reference, folds, &error));
        }
        candidates = left;
    }
    candidates.iter_mut().for_each(|candidate| candidate.skill /= parts.len() as f64);
    Ok(candidates)
}

/// By skill: 1 in all, and 0 for who is left out.
pub(super) fn weights(skills: &[f64]) -> Vec<f64> {
    let best = skills.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let shares = |of: &[f64]| {
        let sum: f64 = of.iter().sum();
        of.iter().map(|weight| weight / sum).collect::<Vec<f64>>()
    };
    let raw: Vec<f64> = skills.iter().map(|skill| (SHARPNESS * (skill - best)).exp()).collect();
    // Of twenty equals none is left out.
    let least = MIN.min(1.0 / skills.len() as f64 - 1e-9);
    shares(
        &shares(&raw)
            .iter()
            .map(|weight| if *weight < least { 0.0 } else { *weight })
            .collect::<Vec<f64>>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skill_becomes_weight_and_the_unskilled_are_left_out() {
        let found = weights(&[0.90, 0.80, 0.50, 0.91]);
        let raw = [0.90f64, 0.80, 0.91].map(|a| (SHARPNESS * a).exp());
        let sum: f64 = raw.iter().sum();
        for (weight, raw) in [found[0], found[1], found[3]].iter().zip(raw) {
            assert!((weight - raw / sum).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(found[2], 0.0);
        assert!(weights(&[0.5; 30]).iter().all(|weight| (weight - 1.0 / 30.0).abs() < 1e-12));
        assert_eq!(weights(&[0.0]), [1.0]);
    }

    #[test]
    fn every_candidate_is_a_detector() {
        for member in candidates() {
            assert!(Candidate::new(&member).is_ok(), "{member:?}");
        }
    }
}
