//! Columns of categories: tests of how often each was seen.

use std::collections::BTreeMap;

use super::compare_options::CompareOptions;
use super::decision::TestDecision;
use super::two_sample::{OfCounts, TestName};
use crate::error::{Error, Result};

/// Which columns hold categories, and the tests of them.
#[derive(Debug, Default)]
pub(crate) struct Categories {
    /// For each column whether it does.
    pub flags: Vec<bool>,
    tests: Vec<(TestName, OfCounts)>,
}

impl Categories {
    /// Of the columns of these names: those of the tests asked for that go by counts, or chi2 where
    /// nothing but the default was asked for.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming `categorical` for a name that no column has.
    pub fn new(names: &[String], options: &CompareOptions) -> Result<Self> {
        if let Some(name) = options.categorical.iter().find(|name| !names.contains(name)) {
            return Err(Error::invalid(
                "categorical",
                format!("{name:?}"),
                format!("a column: {}", names.join(", ")),
            ));
        }
        let asked = if options.tests == CompareOptions::default().tests {
            &[TestName::Chi2]
        } else {
            &options.tests[..]
        };
        let tests = asked.iter().filter_map(|test| Some((*test, test.of_categories()?))).collect();
        Ok(Categories {
            flags: names.iter().map(|name| options.categorical.contains(name)).collect(),
            tests,
        })
    }

    /// The tests of one column, a category that only one sample has included: equal numbers are one
    /// category. Not yet judged.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming `tests` where none goes by counts; those of the tests.
    pub fn test(
        &self,
        name: &str,
        (reference, current): (&[f64], &[f64]),
        options: &CompareOptions,
    ) -> Result<Vec<TestDecision>> {
        if reference.is_empty() || current.is_empty() {
            return Ok(Vec::new());
        }
        if self.tests.is_empty() {
            let was = options.tests.iter().map(|test| test.as_str()).collect::<Vec<_>>().join(", ");
            let expected = format!(
                "also a test of categories, for column {name:?}: chi2, g, psi, js, hellinger, tv or kl (fisher for two)"
            );
            return Err(Error::invalid("tests", was, expected));
        }
        // Zeros of either sign are equal.
        let key = |x: &f64| (x + 0.0).to_bits();
        let mut counts: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        reference.iter().for_each(|x| counts.entry(key(x)).or_default().0 += 1);
        current.iter().for_each(|x| counts.entry(key(x)).or_default().1 += 1);
        let (before, after): (Vec<u64>, Vec<u64>) = counts.into_values().unzip();
        let judged = self.tests.iter().map(|(by, test)| {
            let method = options.method.of(*by);
            method.expect_of(*by)?;
            Ok(TestDecision::new(
                test(&before, &after, method, options.permutations)?,
                options.min_effect.as_ref(),
            ))
        });
        judged.collect()
    }
}
