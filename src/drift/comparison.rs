//! What a comparison found.

use serde::{Deserialize, Serialize};

use super::compare_options::CompareOptions;
use super::decision::{TestDecision, decide};
use super::missing::MissingValues;
use crate::error::Result;
use crate::stats::multiple::Correction;

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedColumn {
    /// Its name.
    pub name: String,
    /// Whether it drifted by any test.
    pub drift: bool,
    /// Its tests: of the observations that have a value, none where a sample has no such
    /// observation.
    pub tests: Vec<TestDecision>,
    /// The observations that have none, and whether their share has changed; where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingValues>,
}

impl ComparedColumn {
    /// A column that is not judged yet.
    #[must_use]
    pub fn new(name: String, tests: Vec<TestDecision>, missing: Option<MissingValues>) -> Self {
        ComparedColumn { name, drift: false, tests, missing }
    }

    /// Its tests, with that of the missing values.
    pub fn all_tests(&self) -> impl Iterator<Item = &TestDecision> {
        self.tests.iter().chain(self.missing.iter().map(|missing| &missing.test))
    }

    fn all_tests_mut(&mut self) -> impl Iterator<Item = &mut TestDecision> {
        self.tests.iter_mut().chain(self.missing.iter_mut().map(|missing| &mut missing.test))
    }
}

/// All columns together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AllColumns {
    /// Whether they drifted by any test.
    pub drift: bool,
    /// Their tests: of the observations that have a value in every column.
    pub tests: Vec<TestDecision>,
    /// Such observations of the reference and of the current sample, where others were left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete: Option<(u64, u64)>,
}

/// The comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Whether any column drifted, or all together.
    pub drift: bool,
    /// The error rate asked for.
    pub alpha: f64,
    /// The correction used.
    pub correction: Correction,
    /// Observations in the reference.
    pub reference_size: u64,
    /// Observations in the current sample.
    pub current_size: u64,
    /// Of both samples only every so-manieth observation was compared, for neighbors depend on each
    /// other; without, all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// How often each observation of the reference and of the current sample is there, where all
    /// are there several times, as after several epochs: of these each was compared once; without,
    /// none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<(f64, f64)>,
    /// Every column.
    pub columns: Vec<ComparedColumn>,
    /// All columns together, where such a test was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_columns: Option<AllColumns>,
}

impl Comparison {
    /// The verdicts over all tests of all columns, of missing values and of all columns together:
    /// one family.
    ///
    /// # Errors
    /// Those of [`decide`].
    pub(crate) fn judged(
        options: &CompareOptions,
        sizes: (u64, u64),
        mut columns: Vec<ComparedColumn>,
        mut all_columns: Option<AllColumns>,
    ) -> Result<Self> {
        let of_all = all_columns.iter_mut().flat_map(|all| &mut all.tests);
        let tests = columns.iter_mut().flat_map(ComparedColumn::all_tests_mut).chain(of_all);
        decide(tests, options.correction, options.alpha)?;
        for column in &mut columns {
            let drift = column.all_tests().any(|test| test.drift);
            column.drift = drift;
        }
        if let Some(all) = &mut all_columns {
            all.drift = all.tests.iter().any(|test| test.drift);
        }
        Ok(Comparison {
            drift: columns.iter().any(|c| c.drift)
                || all_columns.as_ref().is_some_and(|all| all.drift),
            alpha: options.alpha,
            correction: options.correction,
            reference_size: sizes.0,
            current_size: sizes.1,
            every: None,
            copies: None,
            columns,
            all_columns,
        })
    }
}
