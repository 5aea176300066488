//! What can be chosen of an ensemble.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is made of the members' scores, which are calibrated by folds of the reference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// The weighed mean of the surprises, -ln(p-value): Fisher's (1932) combination, divided by the
    /// members. A p-value ends where all of the calibration's scores are exceeded; beyond, the
    /// surprise grows by `ln(1 + e)`, the score exceeding the largest of them by `e` of their
    /// standard deviations.
    #[default]
    Average,
    /// The largest surprise: Tippett's (1931) smallest p-value. One member that is certain is
    /// enough.
    Minimum,
    /// The weighed mean of the ranks among the calibration's scores, in 0..1.
    Rank,
    /// The largest standardized score: minus the mean, over the standard deviation of the
    /// calibration's scores (Aggarwal and Sathe 2015).
    Maximum,
}

/// How the members are weighed in a mean; a largest score has no weights, but leaves out the same
/// members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// `exp(12 a)` of the sum over the members, `a` being how well the member, fitted on other
    /// folds, tells a fold's observations from artificial outliers made of them: the mean area
    /// under the receiver operating characteristic for features shuffled each by itself, and for
    /// middles between two observations. No label is needed. Members that weigh less than a
    /// twentieth are left out.
    #[default]
    ArtificialOutliers,
    /// All the same.
    Equal,
}

/// A member: a detector's name and options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// One of [`crate::NAMES`], not `ensemble` nor `ood`.
    pub detector: String,
    /// Its options.
    #[serde(default)]
    pub options: Map<String, Value>,
}

/// Options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// At least one, each of which the reference must suffice for. Without, those of
    /// [`super::candidates`] that it suffices for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
    /// What is made of their scores.
    pub combine: Combine,
    /// How they are weighed.
    pub weighting: Weighting,
}
