//! `ood`: several detectors as one, the default: a logit's score alone fails on what is far from
//! everything, such as noise, and distances of features alone on what lies between two classes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::{Combine, Ensemble, Member, Weighting};
use crate::Rows;
use crate::error::Result;

/// Options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The members; without, those of [`members`].
    pub members: Option<Vec<Member>>,
    /// What is made of their scores.
    pub combine: Combine,
}

/// With a head: `energy`, `vim` and `deep-knn`, and with labels `class-mahalanobis` (shrunk).
/// Without one the array holds logits: `energy`, and `deep-knn` and `mahalanobis` (shrunk) of the
/// logits.
#[must_use]
pub fn members(reference: &Rows<'_>) -> Vec<Member> {
    let member = |detector: &str, options: serde_json::Value| Member {
        detector: detector.into(),
        options: options.as_object().cloned().unwrap_or_else(Map::new),
    };
    // A fifth goes to a fold, and half of the rest to a fold of a member.
    let neighbors = (reference.len() / 20).clamp(1, 50);
    let mut members =
        vec![member("energy", json!({})), member("deep-knn", json!({"neighbors": neighbors}))];
    if reference.head().is_some() {
        members.push(member("vim", json!({})));
    }
    members.push(match reference.labels() {
        Some(_) => member("class-mahalanobis", json!({"covariance": "shrunk"})),
        None => member("mahalanobis", json!({"covariance": "shrunk"})),
    });
    members
}

/// An [`Ensemble`] whose members are chosen by what the reference comes with. Each member's score
/// becomes a conformal p-value, and the mean of -ln(p-value) is the score (Fisher 1932). Members
/// are not independent, so that this mean has no null distribution of its own: the p-value of the
/// whole is conformal again, by scores of reference observations that no part of the ensemble has
/// seen.
///
/// # Errors
/// As those of an ensemble.
pub(crate) fn fit(reference: &Rows<'_>, options: &Options) -> Result<Ensemble> {
    // Artificial outliers of features say little about what a classifier makes of them.
    let options = super::Options {
        members: Some(options.members.clone().unwrap_or_else(|| members(reference))),
        combine: options.combine,
        weighting: Weighting::Equal,
    };
    Ensemble::fit_cross(reference, &options, 2).map(|(ensemble, _)| ensemble)
}
