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
}

impl StreamName {
    /// All detectors.
    pub const ALL: [StreamName; 12] = [
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
    ];

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
