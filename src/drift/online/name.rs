//! The detectors' names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// An online detector, by its name in JSON, flags and Julia.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StreamName {
    /// [`super::adwin`].
    Adwin,
    /// [`super::page_hinkley`].
    PageHinkley,
    /// [`super::ddm`].
    Ddm,
    /// [`super::eddm`].
    Eddm,
    /// [`super::hddm_a`].
    HddmA,
    /// [`super::hddm_w`].
    HddmW,
    /// [`super::kswin`].
    Kswin,
    /// [`super::cusum`].
    Cusum,
    /// [`super::gma`].
    Gma,
    /// [`super::mmd`].
    Mmd,
    /// [`crate::drift::anytime::martingale`].
    Martingale,
    /// [`crate::drift::anytime::betting`].
    Betting,
    /// [`crate::drift::anytime::two_sample`].
    TwoSample,
    /// [`super::p_values`].
    Lord,
    /// [`super::p_values`].
    Saffron,
}

/// What one observation of a detector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A number.
    Values,
    /// Whether a prediction was wrong (1) or right (0).
    Outcomes,
    /// Two numbers, one of each of two streams.
    Pairs,
    /// A p-value of a test made before.
    PValues,
}

impl StreamName {
    /// All detectors.
    pub const ALL: [StreamName; 15] = [
        StreamName::Adwin,
        StreamName::PageHinkley,
        StreamName::Ddm,
        StreamName::Eddm,
        StreamName::HddmA,
        StreamName::HddmW,
        StreamName::Kswin,
        StreamName::Cusum,
        StreamName::Gma,
        StreamName::Mmd,
        StreamName::Martingale,
        StreamName::Betting,
        StreamName::TwoSample,
        StreamName::Lord,
        StreamName::Saffron,
    ];

    /// What one observation is.
    #[must_use]
    pub fn takes(self) -> Takes {
        match self {
            StreamName::Ddm | StreamName::Eddm => Takes::Outcomes,
            StreamName::TwoSample => Takes::Pairs,
            StreamName::Lord | StreamName::Saffron => Takes::PValues,
            _ => Takes::Values,
        }
    }

    /// The name, as it is written everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            StreamName::Adwin => "adwin",
            StreamName::PageHinkley => "page-hinkley",
            StreamName::Ddm => "ddm",
            StreamName::Eddm => "eddm",
            StreamName::HddmA => "hddm-a",
            StreamName::HddmW => "hddm-w",
            StreamName::Kswin => "kswin",
            StreamName::Cusum => "cusum",
            StreamName::Gma => "gma",
            StreamName::Mmd => "mmd",
            StreamName::Martingale => "martingale",
            StreamName::Betting => "betting",
            StreamName::TwoSample => "two-sample",
            StreamName::Lord => "lord",
            StreamName::Saffron => "saffron",
        }
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for StreamName {
    type Err = Error;

    /// # Errors
    /// `InvalidArgument` that lists the known names.
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|known| known.as_str() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|name| name.as_str()).collect();
            Error::invalid("detector", format!("{name:?}"), format!("one of {}", known.join(", ")))
        })
    }
}
