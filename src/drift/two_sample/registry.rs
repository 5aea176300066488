//! The tests, a row each: its name, how it is computed, and what holds for it wherever it is asked
//! for. A test of one column is a row and a file.

use serde::{Deserialize, Serialize};

use super::{
    Method, Permutations, Reference, TestResult, ad, chi2, cvm, energy, epps_singleton, fisher, g,
    hellinger, js, kl, ks, kuiper, mannwhitney, psi, tv, wasserstein, welch,
};
use crate::named::named;
use crate::{Error, Result};

use Method::{Asymptotic, Exact, Forest, Linear, Logistic, Permutation, RandomFeatures};

/// A test of counts in the same bins or categories.
pub type OfCounts = fn(&[u64], &[u64], Method, Permutations) -> Result<TestResult>;

/// How a test of one column is computed.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// From counts in bins of the reference.
    Counts(OfCounts),
    /// From both samples, ascending.
    Values(fn(&[f64], &[f64], Method, Permutations) -> Result<TestResult>),
    /// From what a prepared reference keeps, and the current sample, ascending.
    Prepared(fn(&Reference, &[f64], Method, Permutations) -> Result<TestResult>),
    /// It is of all columns together: [`crate::multivariate`].
    AllColumns,
}

/// What a guard's window, which keeps counts between the reference's quantiles and moments, can do
/// about a test.
#[derive(Clone, Copy)]
enum Window {
    /// Run it on counts in ten bins.
    Bins,
    /// Run it: on all counts, or on moments.
    Groups,
    /// Not run it, and why; what is near it.
    No(&'static str, &'static str),
}

/// What holds for a test.
struct Row {
    run: Run,
    /// Its methods beside [`Method::Auto`].
    methods: &'static [Method],
    /// [`TestName::default_min_effect`].
    min_effect: f64,
    window: Window,
    /// The test of counts of categories.
    categories: Option<OfCounts>,
}

impl Row {
    fn of(run: Run, methods: &'static [Method]) -> Self {
        let window = match run {
            Run::AllColumns => Window::No(
                "it needs all columns of each observation",
                "ks, and compare on batches that you keep",
            ),
            Run::Counts(_) => Window::Bins,
            _ => Window::Groups,
        };
        let categories = if let Run::Counts(test) = run { Some(test) } else { None };
        Row { run, methods, min_effect: DEFAULT_MIN_EFFECT, window, categories }
    }

    fn min_effect(self, min_effect: f64) -> Self {
        Row { min_effect, ..self }
    }

    fn not_of_windows(self, why: &'static str, instead: &'static str) -> Self {
        Row { window: Window::No(why, instead), ..self }
    }

    fn of_categories(self, test: OfCounts) -> Self {
        Row { categories: Some(test), ..self }
    }
}

/// The effect size below which a difference is of no practical interest, on most tests' own scale:
/// a distribution function moved by a tenth (ks, kuiper; cvm and ad on average), a current value
/// above a reference's with probability 0.55 (mannwhitney), a Cramér's V of 0.1 (chi2, g: Cohen's
/// "small"), a PSI of 0.1 (scorecard practice: "minor shift"), a Jensen-Shannon, Hellinger or total
/// variation distance of 0.1, proportions a tenth apart (fisher), a tenth of the reference's
/// standard deviation (wasserstein), an energy coefficient of 0.1² (energy, energy-nd), mean
/// embeddings 0.1 apart (mmd), ∫(p - q)² a hundredth of ∫p² + ∫q² (lsdd), a current row scored
/// above a reference's with probability 0.55 (c2st), errors' distribution function moved by a tenth
/// (pca).
pub const DEFAULT_MIN_EFFECT: f64 = 0.1;

/// Cohen's "small" d.
const SMALL_D: f64 = 0.2;

const OF_VALUES: &str = "its limit law is that of values, not of counts";

macro_rules! tests {
    (
        of_one_column { $($(#[$doc:meta])* $variant:ident $name:literal: $row:expr;)* }
        of_all_columns {
            $($(#[$joint_doc:meta])* $joint:ident $joint_name:literal: $joint_row:expr;)*
        }
    ) => {
        /// A two-sample test, by its name in JSON, flags and Julia.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum TestName {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
            $($(#[$joint_doc])* #[serde(rename = $joint_name)] $joint,)*
        }

        impl TestName {
            /// All tests of one column.
            pub const ALL: [TestName; [$($name),*].len()] = [$(TestName::$variant),*];

            /// All tests of all columns together.
            pub const OF_ALL_COLUMNS: [TestName; [$($joint_name),*].len()] =
                [$(TestName::$joint),*];

            /// The name, as it is written everywhere.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(TestName::$variant => $name,)*
                    $(TestName::$joint => $joint_name,)*
                }
            }

            fn row(self) -> Row {
                match self {
                    $(TestName::$variant => $row,)*
                    $(TestName::$joint => $joint_row,)*
                }
            }
        }
    };
}

tests! {
    of_one_column {
        /// Kolmogorov-Smirnov, [`super::ks`].
        Ks "ks": Row::of(Run::Prepared(ks::of_reference), &[Exact, Asymptotic, Permutation]);
        /// Cramér-von Mises, [`super::cvm`].
        Cvm "cvm": Row::of(Run::Values(cvm::of_sorted), &[Exact, Asymptotic, Permutation]).not_of_windows(OF_VALUES, "ks");
        /// Anderson-Darling, [`super::ad`].
        Ad "ad": Row::of(Run::Values(ad::of_sorted), &[Asymptotic, Permutation]).not_of_windows(OF_VALUES, "ks");
        /// Kuiper, [`super::kuiper`].
        Kuiper "kuiper": Row::of(Run::Values(kuiper::of_sorted), &[Asymptotic, Permutation]).not_of_windows(OF_VALUES, "ks");
        /// Mann-Whitney U, [`super::mannwhitney`].
        MannWhitney "mannwhitney": Row::of(Run::Values(mannwhitney::of_sorted), &[Exact, Asymptotic, Permutation]);
        /// Welch's t, [`super::welch`].
        Welch "welch": Row::of(Run::Values(welch::of_sorted), &[Asymptotic, Permutation]).min_effect(SMALL_D);
        /// Epps-Singleton, [`super::epps_singleton`].
        EppsSingleton "epps-singleton": Row::of(Run::Values(epps_singleton::of_sorted), &[Asymptotic, Permutation])
            .min_effect(SMALL_D).not_of_windows("it needs the values", "ks or wasserstein");
        /// Pearson's chi-squared test of homogeneity, [`super::chi2`].
        Chi2 "chi2": Row::of(Run::Counts(chi2::from_counts_with), &[Asymptotic, Permutation]);
        /// The G-test of homogeneity, [`super::g`].
        G "g": Row::of(Run::Counts(g::from_counts_with), &[Asymptotic, Permutation]);
        /// Fisher's exact test of two values, [`super::fisher`].
        Fisher "fisher": Row::of(Run::Values(fisher::of_sorted), &[Exact])
            .not_of_windows("it is for two values", "chi2 or g").of_categories(|a, b, _, _| fisher::from_counts(a, b));
        /// Population stability index, [`super::psi`].
        Psi "psi": Row::of(Run::Counts(psi::from_counts_with), &[Asymptotic, Permutation]);
        /// Jensen-Shannon distance, [`super::js`].
        Js "js": Row::of(Run::Counts(js::from_counts_with), &[Asymptotic, Permutation]);
        /// Hellinger distance, [`super::hellinger`].
        Hellinger "hellinger": Row::of(Run::Counts(hellinger::from_counts_with), &[Asymptotic, Permutation]);
        /// Total variation distance, [`super::tv`].
        Tv "tv": Row::of(Run::Counts(tv::from_counts_with), &[Permutation])
            .not_of_windows("its p-values, by reassignment, are never below 0.001, and a window's level is", "hellinger");
        /// Kullback-Leibler divergence, [`super::kl`]; for small changes half of PSI's.
        Kl "kl": Row::of(Run::Counts(kl::from_counts_with), &[Asymptotic, Permutation]).min_effect(0.05);
        /// Wasserstein-1 (earth mover's) distance, [`super::wasserstein`].
        Wasserstein "wasserstein": Row::of(Run::Prepared(wasserstein::of_reference), &[Permutation, Asymptotic]);
        /// Energy distance, [`super::energy`].
        Energy "energy": Row::of(Run::Values(energy::of_sorted), &[Permutation])
            .not_of_windows("it needs the values", "ks or wasserstein");
    }
    of_all_columns {
        /// Maximum mean discrepancy, of all columns together, [`crate::multivariate::mmd`].
        Mmd "mmd": Row::of(Run::AllColumns, &[Permutation, Linear, RandomFeatures]);
        /// Energy distance, of all columns together, [`crate::multivariate::energy_nd`].
        EnergyNd "energy-nd": Row::of(Run::AllColumns, &[Permutation]);
        /// Least-squares density difference, of all columns together,
        /// [`crate::multivariate::lsdd`].
        Lsdd "lsdd": Row::of(Run::AllColumns, &[Permutation]);
        /// Classifier two-sample test, of all columns together, [`crate::multivariate::c2st`].
        C2st "c2st": Row::of(Run::AllColumns, &[Logistic, Forest]);
        /// Reconstruction errors of principal components, of all columns together,
        /// [`crate::multivariate::pca`].
        Pca "pca": Row::of(Run::AllColumns, &[Exact, Asymptotic, Permutation]);
        /// Hotelling's T², of all columns together, [`crate::multivariate::hotelling`].
        Hotelling "hotelling": Row::of(Run::AllColumns, &[Asymptotic]).min_effect(SMALL_D);
    }
}

impl TestName {
    /// Every name: [`TestName::ALL`] and [`TestName::OF_ALL_COLUMNS`].
    pub fn names() -> impl Iterator<Item = TestName> + Clone {
        Self::ALL.into_iter().chain(Self::OF_ALL_COLUMNS)
    }

    /// Those that a guard can run on a window, of which it keeps counts between quantiles of the
    /// reference.
    pub fn of_windows() -> impl Iterator<Item = TestName> {
        Self::names().filter(|test| !matches!(test.row().window, Window::No(..)))
    }

    pub(super) fn run(self) -> Run {
        self.row().run
    }

    pub(super) fn methods(self) -> &'static [Method] {
        self.row().methods
    }

    /// Whether it compares all columns together.
    #[must_use]
    pub fn is_of_all_columns(self) -> bool {
        matches!(self.run(), Run::AllColumns)
    }

    /// The test of counts of categories; `None` if it is of numbers only.
    #[must_use]
    pub fn of_categories(self) -> Option<OfCounts> {
        self.row().categories
    }

    /// The test of counts in ten bins of the reference, which a window has; `None` if it is another
    /// one.
    #[must_use]
    pub fn of_bins(self) -> Option<OfCounts> {
        match (self.row().window, self.run()) {
            (Window::Bins, Run::Counts(test)) => Some(test),
            _ => None,
        }
    }

    /// The smallest effect that counts unless another is asked for: [`DEFAULT_MIN_EFFECT`], but for
    /// two scales: that of Cohen's d, where 0.2 is his "small" (welch, epps-singleton, hotelling),
    /// and kl's, which for small changes is half of PSI's: 0.05.
    #[must_use]
    pub fn default_min_effect(self) -> f64 {
        self.row().min_effect
    }

    /// # Errors
    /// `InvalidArgument` naming `tests` for a test that a window's counts and moments are not
    /// enough for; it says why, and what is near it.
    pub fn expect_of_windows(self) -> Result<()> {
        let Window::No(why, instead) = self.row().window else { return Ok(()) };
        let expected = format!(
            "{instead} ({self} cannot be run on a window: {why}); a window has {}",
            list(Self::of_windows())
        );
        Err(Error::invalid("tests", self, expected))
    }
}

/// The names, for an error.
pub(crate) fn list(names: impl IntoIterator<Item = TestName>) -> String {
    names.into_iter().map(TestName::as_str).collect::<Vec<_>>().join(", ")
}

named!(TestName, "test", Self::names());

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
        assert!(
            error.starts_with("test: got \"kss\", expected one of ks, cvm, ad, kuiper, "),
            "{error}"
        );
        assert!(TestName::of_windows().all(|test| TestName::ALL.contains(&test)));
        assert_eq!(
            (TestName::ALL.len(), TestName::OF_ALL_COLUMNS.len(), TestName::of_windows().count()),
            (17, 6, 10)
        );
    }
}
