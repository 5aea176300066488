//! Reference against current, column by column: the tests of [`super::two_sample`] with a correction for many columns and
//! a minimum effect size.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::judged::{JudgedTest, judge};
use super::multivariate;
use super::two_sample::{Methods, Permutations, Reference as Column, TestName};
use crate::error::{Error, Result};
use crate::stats::multiple::Correction;
use crate::tensor::{Elements, Tensor};

/// How to compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompareOptions {
    /// The tests of each column, and of all columns together.
    pub tests: Vec<TestName>,
    /// How p-values are computed: one method for all tests, or one by test; without, each test's own choice.
    pub method: Methods,
    /// How many reassignments, and from which seed, where p-values come from them.
    pub permutations: Permutations,
    /// The false discovery rate, or family-wise error rate, of the whole comparison.
    pub alpha: f64,
    /// Which of the two, by its correction.
    pub correction: Correction,
    /// Smallest effect size that counts, by test; without, that of [`super::judged::default_min_effect`].
    pub min_effect: Option<BTreeMap<TestName, f64>>,
    /// The columns' names; without, `y1, y2, ...`.
    pub names: Option<Vec<String>>,
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
        }
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedColumn {
    /// Its name.
    pub name: String,
    /// Whether it drifted by any test.
    pub drift: bool,
    /// Its tests.
    pub tests: Vec<JudgedTest>,
}

/// All columns together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AllColumns {
    /// Whether they drifted by any test.
    pub drift: bool,
    /// Their tests.
    pub tests: Vec<JudgedTest>,
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
    /// Every column.
    pub columns: Vec<ComparedColumn>,
    /// All columns together, where such a test was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_columns: Option<AllColumns>,
}

/// Compares two tensors of the same features, each feature a column. All p-values, those of all columns together
/// included, are corrected as one family. Cost: sorts every column of the reference once, and of the current sample once a test; a
/// [`super::reference::Reference`] sorts its own once for many comparisons.
///
/// # Errors
/// [`Error::FeatureMismatch`], [`Error::InvalidArgument`] for alpha out of (0, 1), no tests, a method that a
/// test has not, permutations out of range, the wrong number of names, or a value that is not finite.
pub fn compare(reference: &Tensor<'_>, current: &Tensor<'_>, options: &CompareOptions) -> Result<Comparison> {
    by_columns(reference, |k| Column::new(&column(reference, k)).map(Cow::Owned), current, options)
}

/// [`compare`], where `prepared` gives the reference's columns.
pub(super) fn by_columns<'a>(
    reference: &Tensor<'_>,
    prepared: impl Fn(usize) -> Result<Cow<'a, Column>>,
    current: &Tensor<'_>,
    options: &CompareOptions,
) -> Result<Comparison> {
    current.expect_features(reference.features())?;
    let p = reference.features();
    if !(options.alpha > 0.0 && options.alpha < 1.0) {
        return Err(Error::invalid("alpha", options.alpha, "a probability between 0 and 1"));
    }
    if options.tests.is_empty() {
        return Err(Error::invalid("tests", "none", "at least one"));
    }
    options.method.expect_of(&options.tests)?;
    options.permutations.check()?;
    let names = options.names.clone().unwrap_or_else(|| (1..=p).map(|k| format!("y{k}")).collect());
    if names.len() != p {
        return Err(Error::invalid("names", format!("{} names", names.len()), format!("{p}, one a column")));
    }
    let (joint, single): (Vec<TestName>, Vec<TestName>) =
        options.tests.iter().partition(|test| test.is_of_all_columns());
    let mut tests = Vec::with_capacity(p * single.len() + joint.len());
    for k in 0..p {
        let prepared = prepared(k)?;
        let values = column(current, k);
        for test in &single {
            tests.push(JudgedTest::new(
                prepared.test_with(*test, &values, options.method.of(*test), options.permutations)?,
                options.min_effect.as_ref(),
            ));
        }
    }
    for test in &joint {
        tests.push(JudgedTest::new(
            multivariate::test_with(*test, reference, current, options.method.of(*test), options.permutations)?,
            options.min_effect.as_ref(),
        ));
    }
    judge(&mut tests, options.correction, options.alpha)?;
    let mut tests = tests.into_iter();
    let columns: Vec<ComparedColumn> = names
        .into_iter()
        .map(|name| {
            let tests: Vec<JudgedTest> = tests.by_ref().take(single.len()).collect();
            ComparedColumn { name, drift: tests.iter().any(|t| t.drift), tests }
        })
        .collect();
    let rest: Vec<JudgedTest> = tests.collect();
    let all_columns = (!rest.is_empty()).then(|| AllColumns { drift: rest.iter().any(|test| test.drift), tests: rest });
    Ok(Comparison {
        drift: columns.iter().any(|c| c.drift) || all_columns.as_ref().is_some_and(|all| all.drift),
        alpha: options.alpha,
        correction: options.correction,
        reference_size: reference.observations() as u64,
        current_size: current.observations() as u64,
        columns,
        all_columns,
    })
}

fn column(tensor: &Tensor<'_>, k: usize) -> Vec<f64> {
    fn every<'a, T>(x: &'a [T], k: usize, p: usize, wide: impl Fn(&'a T) -> f64) -> Vec<f64> {
        x[k..].iter().step_by(p).map(wide).collect()
    }
    let p = tensor.features();
    match tensor.elements() {
        Elements::F16(x) => every(x, k, p, |x| x.to_f64()),
        Elements::F32(x) => every(x, k, p, |x| f64::from(*x)),
        Elements::F64(x) => every(x, k, p, |x| *x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    /// All but fisher, which is for two values.
    fn of_numbers() -> Vec<TestName> {
        TestName::ALL.into_iter().filter(|test| *test != TestName::Fisher).collect()
    }

    #[test]
    fn the_column_that_moved_is_named() {
        let (reference, mut current) = (Random(3).normals(3000), Random(103).normals(900));
        current.iter_mut().skip(1).step_by(3).for_each(|x| *x += 1.0);
        let (r, c) = (Tensor::new(Elements::F64(&reference), 1000), Tensor::new(Elements::F64(&current), 300));
        let (r, c) = (r.expect("shape"), c.expect("shape"));
        let options = CompareOptions { tests: of_numbers(), alpha: 0.01, ..Default::default() };
        let comparison = compare(&r, &c, &options).expect("comparable");
        let drifted: Vec<bool> = comparison.columns.iter().map(|c| c.drift).collect();
        assert_eq!((comparison.drift, drifted), (true, vec![false, true, false]));
        assert!(comparison.columns[1].tests.iter().all(|t| t.drift));
        let tests = vec![TestName::Hotelling, TestName::Ks, TestName::Mmd];
        let comparison = compare(&r, &c, &CompareOptions { tests, ..Default::default() }).expect("comparable");
        let all = comparison.all_columns.clone().expect("asked for");
        assert_eq!(all.tests.iter().map(|t| t.result.test).collect::<Vec<_>>(), [TestName::Hotelling, TestName::Mmd]);
        assert!(all.drift && all.tests.iter().all(|t| t.drift && t.adjusted_p_value >= t.result.p_value));
        assert!(comparison.columns.iter().all(|c| c.tests.len() == 1));
        let json = serde_json::to_value(&comparison).expect("JSON");
        assert_eq!(json["all_columns"]["tests"][1]["test"], "mmd");
        assert_eq!(serde_json::from_value::<Comparison>(json).expect("the same"), comparison);
        let few = Tensor::new(Elements::F64(&current[..4]), 2).expect("shape");
        assert_eq!(compare(&r, &few, &options).expect_err("2 features").code(), 103);
        let options = CompareOptions { alpha: 1.0, ..Default::default() };
        assert_eq!(compare(&r, &c, &options).expect_err("alpha").code(), 100);
    }
}
