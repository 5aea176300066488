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
    /// Maximum mean discrepancy, of all columns together, [`crate::drift::multivariate::mmd`].
    Mmd,
    /// Energy distance, of all columns together, [`crate::drift::multivariate::energy_nd`].
    #[serde(rename = "energy-nd")]
    EnergyNd,
    /// Hotelling's T², of all columns together, [`crate::drift::multivariate::hotelling`].
    Hotelling,
    /// Least-squares density difference, of all columns together, [`crate::drift::multivariate::lsdd`].
    Lsdd,
    /// Classifier two-sample test, of all columns together, [`crate::drift::multivariate::c2st`].
    C2st,
    /// Reconstruction errors of principal components, of all columns together, [`crate::drift::multivariate::pca`].
    Pca,
}

impl TestName {
    /// All tests of one column.
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

    /// All tests of all columns together.
    pub const OF_ALL_COLUMNS: [TestName; 6] =
        [TestName::Mmd, TestName::EnergyNd, TestName::Lsdd, TestName::C2st, TestName::Pca, TestName::Hotelling];

    /// Every name: [`TestName::ALL`] and [`TestName::OF_ALL_COLUMNS`].
    pub fn names() -> impl Iterator<Item = TestName> {
        Self::ALL.into_iter().chain(Self::OF_ALL_COLUMNS)
    }

    /// Whether it compares all columns together.
    #[must_use]
    pub fn is_of_all_columns(self) -> bool {
        Self::OF_ALL_COLUMNS.contains(&self)
    }

    /// Those that a guard can run on a window, of which it keeps counts between quantiles of the reference.
    pub const OF_WINDOWS: [TestName; 10] = [
        TestName::Ks,
        TestName::Chi2,
        TestName::G,
        TestName::Psi,
        TestName::Js,
        TestName::Hellinger,
        TestName::Kl,
        TestName::Wasserstein,
        TestName::MannWhitney,
        TestName::Welch,
    ];

    /// # Errors
    /// `InvalidArgument` naming `tests` for a test that a window's counts and moments are not enough for; it says why, and what is near it.
    pub fn expect_of_windows(self) -> Result<()> {
        if Self::OF_WINDOWS.contains(&self) {
            return Ok(());
        }
        let (why, instead) = match self {
            TestName::Cvm | TestName::Ad | TestName::Kuiper => ("its limit law is that of values, not of counts", "ks"),
            TestName::EppsSingleton | TestName::Energy => ("it needs the values", "ks or wasserstein"),
            TestName::Fisher => ("it is for two values", "chi2 or g"),
            TestName::Tv => {
                ("its p-values, by reassignment, are never below 0.001, and a window's level is", "hellinger")
            }
            _ => ("it needs all columns of each observation", "ks, and compare on batches that you keep"),
        };
        let known = Self::OF_WINDOWS.map(TestName::as_str).join(", ");
        let expected = format!("{instead} ({self} cannot be run on a window: {why}); a window has {known}");
        Err(Error::invalid("tests", self, expected))
    }

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
            TestName::Mmd => "mmd",
            TestName::EnergyNd => "energy-nd",
            TestName::Hotelling => "hotelling",
            TestName::Lsdd => "lsdd",
            TestName::C2st => "c2st",
            TestName::Pca => "pca",
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
        Self::names().find(|test| test.as_str() == name).ok_or_else(|| {
            let known = Self::names().map(TestName::as_str).collect::<Vec<_>>().join(", ");
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
        for test in TestName::names() {
            assert_eq!(test.as_str().parse::<TestName>().unwrap(), test);
            assert_eq!(serde_json::to_value(test).unwrap(), test.as_str());
        }
        let error = "kss".parse::<TestName>().unwrap_err().to_string();
        assert!(error.starts_with("test: got \"kss\", expected one of ks, cvm, ad, kuiper, "), "{error}");
        assert!(TestName::OF_WINDOWS.iter().all(|test| TestName::ALL.contains(test)));
    }
}
