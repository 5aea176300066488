//! The tests by their names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A two-sample test, by its name in JSON, flags and Julia.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TestName {
    /// Kolmogorov-Smirnov, [`super::ks`].
    Ks,
    /// Cramér-von Mises, [`super::cvm`].
    Cvm,
    /// Anderson-Darling, [`super::ad`].
    Ad,
    /// Kuiper, [`super::kuiper`].
    Kuiper,
    /// Mann-Whitney U, [`super::mannwhitney`].
    MannWhitney,
    /// Welch's t, [`super::welch`].
    Welch,
    /// Epps-Singleton, [`super::epps_singleton`].
    #[serde(rename = "epps-singleton")]
    EppsSingleton,
    /// Pearson's chi-squared test of homogeneity, [`super::chi2`].
    Chi2,
    /// The G-test of homogeneity, [`super::g`].
    G,
    /// Fisher's exact test of two values, [`super::fisher`].
    Fisher,
    /// Population stability index, [`super::psi`].
    Psi,
    /// Jensen-Shannon distance, [`super::js`].
    Js,
    /// Hellinger distance, [`super::hellinger`].
    Hellinger,
    /// Total variation distance, [`super::tv`].
    Tv,
    /// Kullback-Leibler divergence, [`super::kl`].
    Kl,
    /// Wasserstein-1 (earth mover's) distance, [`super::wasserstein`].
    Wasserstein,
    /// Energy distance, [`super::energy`].
    Energy,
}

impl TestName {
    /// All tests.
    pub const ALL: [TestName; 17] = [
        TestName::Ks,
        TestName::Cvm,
        TestName::Ad,
        TestName::Kuiper,
        TestName::MannWhitney,
        TestName::Welch,
        TestName::EppsSingleton,
        TestName::Chi2,
        TestName::G,
        TestName::Fisher,
        TestName::Psi,
        TestName::Js,
        TestName::Hellinger,
        TestName::Tv,
        TestName::Kl,
        TestName::Wasserstein,
        TestName::Energy,
    ];

    /// Those that a guard can run on a window, of which it keeps counts between quantiles of the reference. (tv is left out:
    /// its p-values, by reassignment, are never below 0.001, and a guard's level is.)
    pub const OF_WINDOWS: [TestName; 8] = [
        TestName::Ks,
        TestName::Chi2,
        TestName::G,
        TestName::Psi,
        TestName::Js,
        TestName::Hellinger,
        TestName::Kl,
        TestName::Wasserstein,
    ];

    /// The name, as it is written everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            TestName::Ks => "ks",
            TestName::Cvm => "cvm",
            TestName::Ad => "ad",
            TestName::Kuiper => "kuiper",
            TestName::MannWhitney => "mannwhitney",
            TestName::Welch => "welch",
            TestName::EppsSingleton => "epps-singleton",
            TestName::Chi2 => "chi2",
            TestName::G => "g",
            TestName::Fisher => "fisher",
            TestName::Psi => "psi",
            TestName::Js => "js",
            TestName::Hellinger => "hellinger",
            TestName::Tv => "tv",
            TestName::Kl => "kl",
            TestName::Wasserstein => "wasserstein",
            TestName::Energy => "energy",
        }
    }
}

impl fmt::Display for TestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TestName {
    type Err = Error;

    /// # Errors
    /// `InvalidArgument` that lists the known names.
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|test| test.as_str() == name).ok_or_else(|| {
            let known = Self::ALL.map(TestName::as_str).join(", ");
            Error::invalid("test", format!("{name:?}"), format!("one of {known}"))
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_text_and_json() {
        for test in TestName::ALL {
            assert_eq!(test.as_str().parse::<TestName>().unwrap(), test);
            assert_eq!(serde_json::to_value(test).unwrap(), test.as_str());
        }
        let error = "kss".parse::<TestName>().unwrap_err().to_string();
        assert!(error.starts_with("test: got \"kss\", expected one of ks, cvm, ad, kuiper, "), "{error}");
        assert!(TestName::OF_WINDOWS.iter().all(|test| TestName::ALL.contains(test)));
    }
}
