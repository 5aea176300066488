//! Reference against current, column by column: the tests of [`super::two_sample`] with a correction for many columns and
//! a minimum effect size.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::apart;
use super::categories::Categories;
use super::judged::{JudgedTest, judge};
use super::missing::{MissingValues, complete};
use super::multivariate;
use super::narrow::{Narrowed, Width};
use super::sample::Sample;
use super::two_sample::{Methods, Permutations, Reference as Column, TestName};
use crate::error::{Error, Result};
use crate::stats::copies;
use crate::stats::dependence::Order;
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
    /// Smallest effect size that counts, by test; without, that of [`TestName::default_min_effect`].
    pub min_effect: Option<BTreeMap<TestName, f64>>,
    /// The columns' names; without, `y1, y2, ...`.
    pub names: Option<Vec<String>>,
    /// The names of columns that hold categories: equal numbers are one. They are compared by those of `tests` that go by counts, by chi2 where
    /// `tests` are the default.
    pub categorical: Vec<String>,
    /// What the order of the observations means. `given`: where neighbors depend on each other, only observations that are far enough
    /// apart are compared ([`Comparison::every`]).
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

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedColumn {
    /// Its name.
    pub name: String,
    /// Whether it drifted by any test.
    pub drift: bool,
    /// Its tests: of the observations that have a value, none where a sample has no such observation.
    pub tests: Vec<JudgedTest>,
    /// The observations that have none, and whether their share has changed; where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingValues>,
}

impl ComparedColumn {
    /// A column that is not judged yet.
    #[must_use]
    pub fn new(name: String, tests: Vec<JudgedTest>, missing: Option<MissingValues>) -> Self {
        ComparedColumn { name, drift: false, tests, missing }
    }

    /// Its tests, with that of the missing values.
    pub fn all_tests(&self) -> impl Iterator<Item = &JudgedTest> {
        self.tests.iter().chain(self.missing.iter().map(|missing| &missing.test))
    }

    fn all_tests_mut(&mut self) -> impl Iterator<Item = &mut JudgedTest> {
        self.tests.iter_mut().chain(self.missing.iter_mut().map(|missing| &mut missing.test))
    }
}

/// All columns together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AllColumns {
    /// Whether they drifted by any test.
    pub drift: bool,
    /// Their tests: of the observations that have a value in every column.
    pub tests: Vec<JudgedTest>,
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
    /// Of both samples only every so-manieth observation was compared, for neighbors depend on each other; without, all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// How often each observation of the reference and of the current sample is there, where all are there several times, as after
    /// several epochs: of these each was compared once; without, none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<(f64, f64)>,
    /// Every column.
    pub columns: Vec<ComparedColumn>,
    /// All columns together, where such a test was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_columns: Option<AllColumns>,
}

impl Comparison {
    /// The verdicts over all tests of all columns, of missing values and of all columns together: one family.
    ///
    /// # Errors
    /// Those of [`judge`].
    fn judged(
        options: &CompareOptions,
        sizes: (u64, u64),
        mut columns: Vec<ComparedColumn>,
        mut all_columns: Option<AllColumns>,
    ) -> Result<Self> {
        let of_all = all_columns.iter_mut().flat_map(|all| &mut all.tests);
        let tests = columns.iter_mut().flat_map(ComparedColumn::all_tests_mut).chain(of_all);
        judge(tests, options.correction, options.alpha)?;
        for column in &mut columns {
            let drift = column.all_tests().any(|test| test.drift);
            column.drift = drift;
        }
        if let Some(all) = &mut all_columns {
            all.drift = all.tests.iter().any(|test| test.drift);
        }
        Ok(Comparison {
            drift: columns.iter().any(|c| c.drift) || all_columns.as_ref().is_some_and(|all| all.drift),
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

/// Compares two tensors of the same features, each feature a column, in the narrower of their element types. NaN stands for an observation without a value: it is counted and
/// left out, and the share of such observations is tested. All p-values, those of all columns together
/// included, are corrected as one family. Cost: sorts every column of the reference once, and of the current sample once a test; a
/// [`super::reference::Reference`] sorts its own once for many comparisons.
///
/// # Errors
/// [`Error::FeatureMismatch`], [`Error::InvalidArgument`] for alpha out of (0, 1), no tests, a method that a
/// test has not, permutations out of range, the wrong number of names, an infinite value, or tests of all columns together where no
/// observation has a value in every column.
pub fn compare(reference: &Tensor<'_>, current: &Tensor<'_>, options: &CompareOptions) -> Result<Comparison> {
    let width = Width::of(reference).min(Width::of(current));
    let (reference, current) = (Narrowed::new(reference, width), Narrowed::new(current, width));
    let (reference, current) = (Sample::Rows(reference.tensor()?), Sample::Rows(current.tensor()?));
    compare_samples(&reference, &current, options)
}

/// [`compare`] of tables that lie column after column, as files of columns do.
///
/// # Errors
/// Those of [`compare`]; [`Error::InvalidArgument`] for columns of different lengths.
pub fn compare_columns(reference: &[&[f64]], current: &[&[f64]], options: &CompareOptions) -> Result<Comparison> {
    let (reference, current) = (Sample::of_columns("reference", reference)?, Sample::of_columns("current", current)?);
    compare_samples(&reference, &current, options)
}

fn compare_samples(reference: &Sample<'_>, current: &Sample<'_>, options: &CompareOptions) -> Result<Comparison> {
    match thinned(reference, current, options)? {
        Some(apart) => Ok(apart),
        None => by_columns(reference, |k| Ok(prepare(&reference.column(k))?.map(Cow::Owned)), current, options),
    }
}

/// The comparison of observations that are there once, and are far enough apart; `None` where all are, or are said to be.
pub(super) fn thinned(
    reference: &Sample<'_>,
    current: &Sample<'_>,
    options: &CompareOptions,
) -> Result<Option<Comparison>> {
    expect_features(reference, current)?;
    let p = reference.features();
    let of = |rows| Tensor::new(Elements::F64(rows), rows.len() / p);
    let times = (apart::copies(reference), apart::copies(current));
    if times.0 > 1.0 || times.1 > 1.0 {
        let once = [(reference, times.0), (current, times.1)].map(|(sample, times)| {
            let rows = apart::every(sample, 1);
            if times > 1.0 { copies::without(&rows, p) } else { rows }
        });
        // What is left has no copies.
        return Ok(Some(Comparison { copies: Some(times), ..compare(&of(&once[0])?, &of(&once[1])?, options)? }));
    }
    let stride = if options.order == Order::Given { apart::stride(reference, current)? } else { 1 };
    if stride == 1 {
        return Ok(None);
    }
    let samples = [reference, current].map(|sample| apart::every(sample, stride));
    let [before, after] = &samples;
    let options = CompareOptions { order: Order::None, ..options.clone() };
    Ok(Some(Comparison { every: Some(stride as u64), ..compare(&of(before)?, &of(after)?, &options)? }))
}

fn expect_features(reference: &Sample<'_>, current: &Sample<'_>) -> Result<()> {
    let (expected, was) = (reference.features(), current.features());
    if was == expected { Ok(()) } else { Err(Error::FeatureMismatch { argument: "current", was, expected }) }
}

/// The values that are there, prepared; `None` where there are none.
pub(super) fn prepare(values: &[f64]) -> Result<Option<Column>> {
    let there = there(values);
    if there.is_empty() { Ok(None) } else { Column::new(&there).map(Some) }
}

fn there(values: &[f64]) -> Cow<'_, [f64]> {
    if values.iter().any(|x| x.is_nan()) {
        Cow::Owned(values.iter().copied().filter(|x| !x.is_nan()).collect())
    } else {
        Cow::Borrowed(values)
    }
}

/// [`compare`], where `prepared` gives the reference's columns.
pub(super) fn by_columns<'a>(
    reference: &Sample<'_>,
    prepared: impl Fn(usize) -> Result<Option<Cow<'a, Column>>>,
    current: &Sample<'_>,
    options: &CompareOptions,
) -> Result<Comparison> {
    expect_features(reference, current)?;
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
    let asked = options.min_effect.as_ref();
    let categories = Categories::new(&names, options)?;
    let (m, n) = (reference.observations() as u64, current.observations() as u64);
    let mut columns = Vec::with_capacity(p);
    for (k, name) in names.into_iter().enumerate() {
        let values = current.column(k);
        let there = there(&values);
        if categories.flags[k] {
            let before = reference.column(k);
            let before = self::there(&before);
            let tests = categories.test(&before, &there, options)?;
            let missing = MissingValues::new((m - before.len() as u64, m), (n - there.len() as u64, n), asked)?;
            columns.push(ComparedColumn::new(name, tests, missing));
            continue;
        }
        let prepared = prepared(k)?;
        let known = prepared.as_ref().map_or(0, |prepared| prepared.values().len() as u64);
        let mut tests = Vec::with_capacity(single.len());
        if let Some(prepared) = prepared.filter(|_| !there.is_empty()) {
            for test in &single {
                let method = options.method.of(*test);
                tests.push(JudgedTest::new(prepared.test_with(*test, &there, method, options.permutations)?, asked));
            }
        }
        let missing = MissingValues::new((m - known, m), (n - there.len() as u64, n), asked)?;
        columns.push(ComparedColumn::new(name, tests, missing));
    }
    let all_columns =
        if joint.is_empty() { None } else { together(&joint, reference, current, &categories.flags, options)? };
    Comparison::judged(options, (m, n), columns, all_columns)
}

/// The tests of all columns of numbers together, of the observations that have a value in each; not judged yet. `None` without such
/// columns.
fn together(
    tests: &[TestName],
    reference: &Sample<'_>,
    current: &Sample<'_>,
    categorical: &[bool],
    options: &CompareOptions,
) -> Result<Option<AllColumns>> {
    let numbers: Vec<usize> = (0..categorical.len()).filter(|k| !categorical[*k]).collect();
    if numbers.is_empty() {
        return Ok(None);
    }
    let (before, after) =
        (Complete::of("reference", reference, &numbers)?, Complete::of("current", current, &numbers)?);
    let (reference, current) = (before.tensor(numbers.len())?, after.tensor(numbers.len())?);
    let of = |test: &TestName| {
        let method = options.method.of(*test);
        let result = multivariate::test_with(*test, &reference, &current, method, options.permutations)?;
        Ok(JudgedTest::new(result, options.min_effect.as_ref()))
    };
    let tests = tests.iter().map(of).collect::<Result<_>>()?;
    let left_out = before.left_out || after.left_out;
    let sizes = (reference.observations() as u64, current.observations() as u64);
    Ok(Some(AllColumns { drift: false, tests, complete: left_out.then_some(sizes) }))
}

enum Rows<'a> {
    Given(Tensor<'a>),
    Gathered(Vec<f64>),
}

/// The observations that have a value for every feature.
struct Complete<'a> {
    rows: Rows<'a>,
    /// Whether some have not.
    left_out: bool,
}

impl<'a> Complete<'a> {
    fn of(argument: &'static str, sample: &Sample<'a>, columns: &[usize]) -> Result<Self> {
        let (n, p) = (sample.observations(), columns.len());
        let kept = complete(|i| sample.get(i / p, columns[i % p]), n, p);
        let rows = match (&kept, sample) {
            (None, Sample::Rows(rows)) if p == sample.features() => Rows::Given(*rows),
            (None, _) => Rows::Gathered(sample.rows(0..n, columns)),
            (Some(kept), _) if kept.is_empty() => {
                let expected = "some for tests of all columns together; leave out the columns that are mostly missing";
                return Err(Error::invalid(argument, "no observation with a value in every column", expected));
            }
            (Some(kept), _) => Rows::Gathered(sample.rows(kept.iter().copied(), columns)),
        };
        Ok(Complete { rows, left_out: kept.is_some() })
    }

    fn tensor(&self, features: usize) -> Result<Tensor<'_>> {
        match &self.rows {
            Rows::Given(rows) => Ok(*rows),
            Rows::Gathered(rows) => Tensor::new(Elements::F64(rows), rows.len() / features),
        }
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
    fn rows_of_several_epochs_are_compared_once() {
        let (reference, current) = (Random(5).normals(2 * 300), Random(6).normals(2 * 200));
        let options = CompareOptions { tests: of_numbers(), ..Default::default() };
        let of = |rows: &[f64], other: &[f64], options: &CompareOptions| {
            let (a, b) =
                (Tensor::new(Elements::F64(rows), rows.len() / 2), Tensor::new(Elements::F64(other), other.len() / 2));
            let (a, b) = (a.expect("shape"), b.expect("shape"));
            let found = compare(&a, &b, options).expect("comparable");
            let prepared = crate::reference::Reference::new(&a).expect("finite");
            assert_eq!(prepared.compare(&b, options).expect("comparable"), found);
            found
        };
        let once = of(&reference, &current, &options);
        assert_eq!(once.copies, None);
        for (before, after) in [(5, 1), (1, 3), (2, 2)] {
            let told = of(&reference.repeat(before), &current.repeat(after), &options);
            assert_eq!(told, Comparison { copies: Some((before as f64, after as f64)), ..once.clone() });
        }
        let given = of(&reference.repeat(5), &current, &CompareOptions { order: Order::Given, ..options });
        assert_eq!((given.copies, given.columns), (Some((5.0, 1.0)), once.columns));
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

    #[test]
    fn categories_and_numbers_are_one_comparison() {
        let codes = |seed: u64, n: usize, by: f64| -> Vec<f64> {
            Random(seed).normals(n).iter().map(|x| (x + by).clamp(-1.5, 1.5).round()).collect()
        };
        let numbers = (Random(1).normals(600), Random(2).normals(400));
        let (same, mut moved) = ((codes(3, 600, 0.0), codes(4, 400, 0.0)), (codes(5, 600, 0.0), codes(6, 400, 0.8)));
        moved.1[0] = f64::NAN;
        let (before, after) =
            ([&numbers.0[..], &same.0[..], &moved.0[..]], [&numbers.1[..], &same.1[..], &moved.1[..]]);
        let names = ["x", "kind", "place"].map(String::from).to_vec();
        let options = CompareOptions {
            names: Some(names),
            categorical: vec!["kind".into(), "place".into()],
            ..CompareOptions::default()
        };
        let found = compare_columns(&before, &after, &options).expect("comparable");
        let tests: Vec<TestName> = found.columns.iter().map(|column| column.tests[0].result.test).collect();
        assert_eq!(tests, [TestName::Ks, TestName::Chi2, TestName::Chi2]);
        assert_eq!(found.columns.iter().map(|column| column.drift).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!(found.columns[2].missing.as_ref().expect("one").current, 1);
        // The same from rows, to the bit, however often each is there; and the numbers together.
        let rows = |columns: &[&[f64]]| -> Vec<f64> {
            (0..columns[0].len()).flat_map(|i| columns.iter().map(move |column| column[i])).collect()
        };
        let tests = vec![TestName::Ks, TestName::G, TestName::Hotelling, TestName::Mmd];
        for options in [options.clone(), CompareOptions { tests, ..options.clone() }] {
            let found = compare_columns(&before, &after, &options).expect("comparable");
            for epochs in [1, 3] {
                let (before, after) = (rows(&before).repeat(epochs), rows(&after));
                let (before, after) = (
                    Tensor::new(Elements::F64(&before), before.len() / 3).expect("shape"),
                    Tensor::new(Elements::F64(&after), after.len() / 3).expect("shape"),
                );
                let copies = (epochs > 1).then_some((epochs as f64, 1.0));
                let expected = Comparison { copies, ..found.clone() };
                assert_eq!(compare(&before, &after, &options).expect("comparable"), expected);
                let prepared = crate::reference::Reference::new(&before).expect("finite");
                assert_eq!(prepared.compare(&after, &options).expect("comparable"), expected);
            }
        }
        for (options, argument) in [
            (CompareOptions { categorical: vec!["kin".into()], ..options.clone() }, "categorical"),
            (CompareOptions { tests: vec![TestName::Cvm], ..options.clone() }, "tests"),
            (CompareOptions { order: Order::Given, ..options.clone() }, "order"),
        ] {
            let error = compare_columns(&before, &after, &options).expect_err("bad").to_string();
            assert!(error.starts_with(argument), "{error}");
        }
        assert!(
            compare_columns(&before[..2], &after, &options).is_err() && compare_columns(&[], &[], &options).is_err()
        );
    }

    #[test]
    fn what_is_missing_is_left_out_and_its_share_is_tested() {
        let (mut reference, mut current) = (Random(5).normals(2000), Random(6).normals(1000));
        let (whole, now) = (reference.clone(), current.clone());
        reference.iter_mut().step_by(40).for_each(|x| *x = f64::NAN);
        current.iter_mut().step_by(4).for_each(|x| *x = f64::NAN);
        fn of(x: &[f64]) -> Tensor<'_> {
            Tensor::new(Elements::F64(x), x.len() / 2).expect("shape")
        }
        let tests = vec![TestName::Ks, TestName::Hotelling];
        let options = CompareOptions { tests, ..Default::default() };
        let found = compare(&of(&reference), &of(&current), &options).expect("comparable");
        let missing = found.columns[0].missing.as_ref().expect("some are");
        assert_eq!((missing.reference, missing.current), (50, 250));
        assert!(missing.test.drift && found.columns[0].drift && found.drift);
        assert_eq!((found.columns[1].missing.as_ref(), found.columns[1].drift), (None, false));
        let all = found.all_columns.as_ref().expect("asked for");
        assert_eq!((all.complete, all.drift), (Some((950, 250)), false));
        // What is there is compared as if nothing else had ever been.
        let odd = |x: &[f64], by: usize| -> Vec<f64> {
            x.iter().step_by(2).enumerate().filter(|(i, _)| i % (by / 2) != 0).map(|(_, x)| *x).collect()
        };
        let alone = super::super::two_sample::ks::test(&odd(&whole, 40), &odd(&now, 4)).expect("comparable");
        assert_eq!(found.columns[0].tests[0].result, alone);
        let prepared = super::super::reference::Reference::new(&of(&reference)).expect("a reference");
        assert_eq!(prepared.compare(&of(&current), &options).expect("comparable"), found);
        let blank = vec![f64::NAN; 40];
        let found = compare(&of(&blank), &of(&current), &CompareOptions::default()).expect("comparable");
        assert!(found.columns[0].tests.is_empty() && found.columns[0].missing.is_some());
        let joint = CompareOptions { tests: vec![TestName::Mmd], ..Default::default() };
        assert!(compare(&of(&blank), &of(&current), &joint).is_err());
        let inf = [1.0, f64::INFINITY];
        assert!(compare(&of(&inf), &of(&current), &options).is_err());
    }
}
