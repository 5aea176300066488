//! Reference against current, column by column: the tests of [`super::two_sample`] with a
//! correction for many columns and a minimum effect size.

use std::borrow::Cow;

use super::apart;
use super::categories::Categories;
pub use super::compare_options::CompareOptions;
pub use super::comparison::{AllColumns, ComparedColumn, Comparison};
use super::complete::Complete;
use super::decision::TestDecision;
use super::missing::MissingValues;
use super::multivariate;
use super::narrow::{Narrowed, Width};
use super::sample::Sample;
use super::two_sample::{Reference as Column, TestName};
use crate::error::{Error, Result};
use crate::stats::copies;
use crate::stats::dependence::Order;
use crate::tensor::{Elements, Tensor};

/// Compares two tensors of the same features, each feature a column, in the narrower of their
/// element types. NaN stands for an observation without a value: it is counted and left out, and
/// the share of such observations is tested. All p-values, those of all columns together included,
/// are corrected as one family. Cost: sorts every column of the reference once, and of the current
/// sample once a test; a [`super::reference::Reference`] sorts its own once for many comparisons.
///
/// # Errors
/// [`Error::FeatureMismatch`], [`Error::InvalidArgument`] for alpha out of (0, 1), no tests, a
/// method that a test has not, permutations out of range, the wrong number of names, an infinite
/// value, or tests of all columns together where no observation has a value in every column.
pub fn compare(
    reference: &Tensor<'_>,
    current: &Tensor<'_>,
    options: &CompareOptions,
) -> Result<Comparison> {
    let width = Width::of(reference).min(Width::of(current));
    let (reference, current) = (Narrowed::new(reference, width), Narrowed::new(current, width));
    let (reference, current) = (Sample::Rows(reference.tensor()?), Sample::Rows(current.tensor()?));
    compare_samples(&reference, &current, options)
}

/// [`compare`] of tables that lie column after column, as files of columns do.
///
/// # Errors
/// Those of [`compare`]; [`Error::InvalidArgument`] for columns of different lengths.
pub fn compare_columns(
    reference: &[&[f64]],
    current: &[&[f64]],
    options: &CompareOptions,
) -> Result<Comparison> {
    let (reference, current) =
        (Sample::of_columns("reference", reference)?, Sample::of_columns("current", current)?);
    compare_samples(&reference, &current, options)
}

fn compare_samples(
    reference: &Sample<'_>,
    current: &Sample<'_>,
    options: &CompareOptions,
) -> Result<Comparison> {
    match thinned(reference, current, options)? {
        Some(apart) => Ok(apart),
        None => by_columns(
            reference,
            |k| Ok(prepare(&reference.column(k))?.map(Cow::Owned)),
            current,
            options,
        ),
    }
}

/// The comparison of observations that are there once, and are far enough apart; `None` where all
/// are, or are said to be.
pub(super) fn thinned(
    reference: &Sample<'_>,
    current: &Sample<'_>,
    options: &CompareOptions,
) -> Result<Option<Comparison>> {
    expect_features(reference, current)?;
    if let Some(name) = options.categorical.first().filter(|_| options.order == Order::Given) {
        let was = format!("given, and column {name:?}, which holds categories");
        return Err(Error::invalid("order", was, "columns of numbers alone, or none"));
    }
    let p = reference.features();
    let of = |rows| Tensor::new(Elements::F64(rows), rows.len() / p);
    let times = (apart::copies(reference), apart::copies(current));
    if times.0 > 1.0 || times.1 > 1.0 {
        let once = [(reference, times.0), (current, times.1)].map(|(sample, times)| {
            let rows = apart::every(sample, 1);
            if times > 1.0 { copies::without(&rows, p, times) } else { rows }
        });
        // What is left has no copies.
        return Ok(Some(Comparison {
            copies: Some(times),
            ..compare(&of(&once[0])?, &of(&once[1])?, options)?
        }));
    }
    let stride = if options.order == Order::Given { apart::stride(reference, current)? } else { 1 };
    if stride == 1 {
        return Ok(None);
    }
    let samples = [reference, current].map(|sample| apart::every(sample, stride));
    let [before, after] = &samples;
    let options = CompareOptions { order: Order::None, ..options.clone() };
    Ok(Some(Comparison {
        every: Some(stride as u64),
        ..compare(&of(before)?, &of(after)?, &options)?
    }))
}

fn expect_features(reference: &Sample<'_>, current: &Sample<'_>) -> Result<()> {
    let (expected, was) = (reference.features(), current.features());
    if was == expected {
        Ok(())
    } else {
        Err(Error::FeatureMismatch { argument: "current", was, expected })
    }
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
        return Err(Error::invalid(
            "names",
            format!("{} names", names.len()),
            format!("{p}, one per column"),
        ));
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
            let tests = categories.test(&name, (&before, &there), options)?;
            let missing = MissingValues::new(
                (m - before.len() as u64, m),
                (n - there.len() as u64, n),
                asked,
            )?;
            columns.push(ComparedColumn::new(name, tests, missing));
            continue;
        }
        let prepared = prepared(k)?;
        let known = prepared.as_ref().map_or(0, |prepared| prepared.values().len() as u64);
        let mut tests = Vec::with_capacity(single.len());
        if let Some(prepared) = prepared.filter(|_| !there.is_empty()) {
            for test in &single {
                let method = options.method.of(*test);
                tests.push(TestDecision::new(
                    prepared.test_with(*test, &there, method, options.permutations)?,
                    asked,
                ));
            }
        }
        let missing = MissingValues::new((m - known, m), (n - there.len() as u64, n), asked)?;
        columns.push(ComparedColumn::new(name, tests, missing));
    }
    let all_columns = if joint.is_empty() {
        None
    } else {
        together(&joint, reference, current, &categories.flags, options)?
    };
    Comparison::judged(options, (m, n), columns, all_columns)
}

/// The tests of all columns of numbers together, of the observations that have a value in each; not
/// judged yet. `None` without such columns.
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
    let (before, after) = (
        Complete::of("reference", reference, &numbers)?,
        Complete::of("current", current, &numbers)?,
    );
    let (reference, current) = (before.tensor(numbers.len())?, after.tensor(numbers.len())?);
    let of = |test: &TestName| {
        let method = options.method.of(*test);
        let result =
            multivariate::test_with(*test, &reference, &current, method, options.permutations)?;
        Ok(TestDecision::new(result, options.min_effect.as_ref()))
    };
    let tests = tests.iter().map(of).collect::<Result<_>>()?;
    let left_out = before.left_out || after.left_out;
    let sizes = (reference.observations() as u64, current.observations() as u64);
    Ok(Some(AllColumns { drift: false, tests, complete: left_out.then_some(sizes) }))
}

#[cfg(test)]
mod tests;
