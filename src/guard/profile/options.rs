//! How a profile is to be fitted.

use serde::{Deserialize, Serialize};

use crate::outlier::OutputKind;
use crate::stats::dependence::Order;

/// What to do with a feature that never varies in the reference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConstantFeatures {
    /// Refuse the baseline ([`crate::Error::ConstantFeature`]).
    #[default]
    Error,
    /// Watch it for any change.
    Allow,
}

/// How a [`super::Profile`] is to be fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileOptions {
    /// What the output is.
    pub output: OutputKind,
    /// A name for each feature; `y1, y2, ...` without.
    pub names: Option<Vec<String>>,
    /// Observations kept for the tests and thresholds (a uniform sample beyond); at least 2.
    pub capacity: usize,
    /// What to do with a feature that never varies.
    pub constant_features: ConstantFeatures,
    /// What the order of the observations means.
    pub order: Order,
}

impl Default for ProfileOptions {
    fn default() -> Self {
        ProfileOptions {
            output: OutputKind::Values,
            names: None,
            capacity: 10_000,
            constant_features: ConstantFeatures::Error,
            order: Order::Given,
        }
    }
}
