//! How a profile is to be fitted.

use serde::{Deserialize, Serialize};

use crate::outlier::OutputKind;
use crate::stats::dependence::Order;

/// What to do with a feature that never varies in the reference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConstantFeatures {
    /// Refuse the baseline ([`crate::Error::ConstantFeature`]).
    Error,
    /// Watch it for any change: layers with a dead unit are common.
    #[default]
    Allow,
}

/// How a [`super::Profile`] is to be fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileOptions {
    /// What the output is.
    pub output: OutputKind,
    /// Whether to take what the first outputs look like in its place, where they do not look like
    /// logits or values, which look alike.
    pub recognize: bool,
    /// A name for each feature; `y1, y2, ...` without.
    pub names: Option<Vec<String>>,
    /// Observations kept for the tests and thresholds (a uniform sample beyond); at least 2.
    pub capacity: usize,
    /// What to do with a feature that never varies.
    pub constant_features: ConstantFeatures,
    /// What the order of the observations means.
    pub order: Order,
    /// The dimensions of the host's arrays of which each position is an observation, from 1; the
    /// last one if there are none. A note for the host, which gives features x observations: here
    /// it says only which profiles are of one kind.
    pub observation: Option<Vec<u8>>,
}

impl Default for ProfileOptions {
    fn default() -> Self {
        ProfileOptions {
            output: OutputKind::Values,
            recognize: false,
            names: None,
            capacity: 10_000,
            constant_features: ConstantFeatures::Allow,
            order: Order::Given,
            observation: None,
        }
    }
}
