//! How to compare.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::two_sample::{Methods, Permutations, TestName};
use crate::stats::dependence::Order;
use crate::stats::multiple::Correction;

/// How to compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompareOptions {
    /// The tests of each column, and of all columns together.
    pub tests: Vec<TestName>,
    /// How p-values are computed: one method for all tests, or one by test; without, each test's
    /// own choice.
    pub method: Methods,
    /// How many reassignments, and from which seed, where p-values come from them.
    pub permutations: Permutations,
    /// The false discovery rate, or family-wise error rate, of the whole comparison.
    pub alpha: f64,
    /// Which of the two, by its correction.
    pub correction: Correction,
    /// Smallest effect size that counts, by test; without, that of
    /// [`TestName::default_min_effect`].
    pub min_effect: Option<BTreeMap<TestName, f64>>,
    /// The columns' names; without, `y1, y2, ...`.
    pub names: Option<Vec<String>>,
    /// The names of columns that hold categories: equal numbers are one. They are compared by those
    /// of `tests` that go by counts, by chi2 where `tests` are the default.
    pub categorical: Vec<String>,
    /// What the order of the observations means. `given`: where neighbors depend on each other,
    /// only observations that are far enough apart are compared
    /// ([`every`](super::compare::Comparison::every)).
    pub order: Order,
}

impl Default for CompareOptions {
    fn default() -> Self {
        CompareOptions {
            tests: vec![TestName::Ks],
            method: Methods::default(),
            permutations: Permutations::default(),
            alpha: 0.05,
            correction: Correction::BenjaminiHochberg,
            min_effect: None,
            names: None,
            categorical: Vec::new(),
            order: Order::None,
        }
    }
}

impl CompareOptions {
    /// Whether to compare so many numbers may take longer than a person notices: where p-values
    /// come from more reassignments than usual, tests are of all columns, or numbers are many.
    pub fn takes_long(&self, numbers: usize) -> bool {
        let usual = CompareOptions::default();
        numbers >= 1 << 13
            || self.method != usual.method
            || self.permutations.draws > usual.permutations.draws
            || self.tests.iter().any(|test| test.is_of_all_columns())
    }
}
