//! `fluxguard compare`: a reference and a current sample, column by column.

mod categories;
mod flags;
mod report;
mod table;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::failure::quoted;
use super::hints;
use super::notes::Notes;
use super::outcome::{FailOn, Outcome};
use super::sample::{
    Choice, Dialect, Kind, Plan, Sample, Wanted, is_same_file, is_standard_input, unmatched,
};
use super::{Answer, Failure};
pub(super) use flags::{CORRECTIONS, probability};
use flags::{correction, method, min_effect, order, test_name};
use fluxguard::Error;
use fluxguard::drift::compare::{
    AllColumns, CompareOptions, ComparedColumn, Comparison, compare_columns,
};
use fluxguard::drift::decision::TestDecision;
use fluxguard::drift::two_sample::{Method, Methods, Permutations, TestName};
use fluxguard::stats::dependence::Order;
use fluxguard::stats::multiple::Correction;
use report::Report;

/// Two-sample tests of a reference and a current sample, one row per column and test
///
/// A CSV has a header and a column per feature; columns are matched by name. A column of numbers is
/// compared by ks unless told otherwise. A column of text holds categories: their frequencies are
/// compared by chi2, g, psi, js, hellinger, tv or kl (of two categories also by fisher). mmd,
/// energy-nd, lsdd, c2st, pca and hotelling compare all columns of numbers together. Cells without
/// a value are left out and counted, and their share is tested by fisher.
#[derive(Debug, Args)]
pub struct Compare {
    /// CSV of the reference sample; - is standard input
    reference: PathBuf,
    /// CSV of the current sample; - is standard input
    current: PathBuf,
    /// Test to run; may be repeated, or name several: ks,psi [default: ks; of categories chi2]
    #[arg(long = "test", value_name = "NAME", value_delimiter = ',', value_parser = test_name())]
    tests: Vec<TestName>,
    /// More tests after --test NAME
    #[arg(value_name = "NAME", value_parser = test_name(), requires = "tests", hide = true)]
    more_tests: Vec<TestName>,
    /// How p-values are computed: a name for all tests, or TEST=NAME; may be repeated. Each test
    /// has some of auto, exact, asymptotic, permutation; mmd also linear and random-features; c2st
    /// logistic and forest [default: auto]
    #[arg(long, value_name = "[TEST=]NAME", value_delimiter = ',', value_parser = method)]
    method: Vec<(Option<TestName>, Method)>,
    /// Reassignments of the pooled observations, where p-values come from them; no p-value is below
    /// 1/(N + 1)
    #[arg(long, value_name = "N", default_value_t = Permutations::default().draws,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(Permutations::MAX)))]
    permutations: u32,
    /// Seed of the reassignments
    #[arg(long, value_name = "SEED", default_value_t = Permutations::default().seed)]
    seed: u64,
    /// The rate of false alarms of the whole comparison, as --correction means it
    #[arg(long, default_value_t = CompareOptions::default().alpha, value_parser = probability)]
    alpha: f64,
    /// What is held at alpha over all tests: the family-wise error rate (bonferroni, holm) or the
    /// false discovery rate
    #[arg(long, value_name = "NAME", default_value = CORRECTIONS[2].0, value_parser = correction())]
    correction: Correction,
    /// The smallest effect that counts as drift: a number for all tests, or TEST=NUMBER; may be
    /// repeated [default: 0.1; welch, epps-singleton and hotelling 0.2, kl 0.05]
    #[arg(long, value_name = "[TEST=]NUMBER", value_delimiter = ',', value_parser = min_effect)]
    min_effect: Vec<(Option<TestName>, f64)>,
    /// What the order of the rows means. given: where neighbors depend on each other, only rows
    /// that are far enough apart to be independent are compared; none: all are, as independent ones
    #[arg(long, value_name = "WHAT", default_value = "none", value_parser = order())]
    order: Order,
    /// Column to compare as categories, even where they are numbers; may be repeated
    #[arg(long, value_name = "COLUMN")]
    categorical: Vec<String>,
    #[command(flatten)]
    columns: Choice,
    #[command(flatten)]
    dialect: Dialect,
    /// Exit with 1 if this was found
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Compare {
    /// Reads both files, runs the tests and says what they found.
    pub fn run(&self) -> Result<Answer, Failure> {
        let (reference, current) = self.read()?;
        let comparison = self.compare(&reference, &current)?;
        let outcome = Outcome::new(comparison.drift, self.fail_on);
        let report = Report::new(&comparison, &reference, &current)?;
        let mut hints = hints::of_columns(Some(&reference), &current);
        if self.order == Order::None {
            hints.extend(hints::of_neighbors(&reference));
        }
        let mut notes = Notes::hinting(hints);
        if is_same_file(&self.reference, &self.current) {
            notes
                .warnings
                .push("REFERENCE and CURRENT are one file: nothing can have changed".into());
        }
        Ok(Answer::with(self.json, &report, || table::render(&report, &reference), outcome, &notes))
    }

    /// Both samples; `current` has the reference's columns and kinds, in its own order.
    fn read(&self) -> Result<(Sample, Sample), Failure> {
        if is_standard_input(&self.reference) && is_standard_input(&self.current) {
            return Err(
                Error::invalid("CURRENT", "- for both files", "a file for one of them").into()
            );
        }
        let mut kinds: BTreeMap<_, _> =
            self.categorical.iter().map(|name| (name.clone(), Kind::Categories)).collect();
        let columns = Wanted::Chosen(&self.columns, &[]);
        let plan = Plan { dialect: &self.dialect, known: &kinds, columns };
        let reference = Sample::read("REFERENCE", &self.reference, plan)?;
        if let Some(name) = self.categorical.iter().find(|name| reference.column(name).is_none()) {
            return Err(reference.lacks("--categorical", name).into());
        }
        let known = reference.columns.iter().filter(|column| !column.is_blank());
        kinds.extend(known.map(|column| (column.name.clone(), column.kind)));
        let plan = Plan { dialect: &self.dialect, known: &kinds, columns };
        let current = Sample::read("CURRENT", &self.current, plan)?;
        self.columns.expect_met()?;
        match unmatched(&reference, &current) {
            Some(bad) => Err(bad.into()),
            None => Ok((reference, current)),
        }
    }

    fn options(&self) -> CompareOptions {
        let mut options = CompareOptions {
            permutations: Permutations { draws: self.permutations, seed: self.seed },
            alpha: self.alpha,
            correction: self.correction,
            order: self.order,
            ..CompareOptions::default()
        };
        let mut tests: Vec<TestName> = Vec::new();
        for test in self.tests.iter().chain(&self.more_tests) {
            if !tests.contains(test) {
                tests.push(*test);
            }
        }
        if !tests.is_empty() {
            options.tests = tests;
        }
        if let [(None, method)] = self.method[..] {
            options.method = Methods::All(method);
        } else if !self.method.is_empty() {
            options.method = Methods::ByTest(for_each_test(&self.method));
        }
        if !self.min_effect.is_empty() {
            options.min_effect = Some(for_each_test(&self.min_effect));
        }
        options
    }

    fn compare(&self, reference: &Sample, current: &Sample) -> Result<Comparison, Failure> {
        let asked: Vec<TestName> = self.tests.iter().chain(&self.more_tests).copied().collect();
        categories::expect_tests(reference, &asked)?;
        let (mut names, mut categorical) = (Vec::new(), Vec::new());
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for column in &reference.columns {
            let Some(other) = current.column(&column.name) else { continue };
            let (was, is, are_categories) = categories::numbers(column, other);
            before.push(was);
            after.push(is);
            names.push(column.name.clone());
            if are_categories {
                categorical.push(column.name.clone());
            }
        }
        self.expect_order(&categorical)?;
        let options = CompareOptions { names: Some(names), categorical, ..self.options() };
        fn columns<'a>(of: &'a [Cow<'_, [f64]>]) -> Vec<&'a [f64]> {
            of.iter().map(AsRef::as_ref).collect()
        }
        let comparison = compare_columns(&columns(&before), &columns(&after), &options)?;
        self.expect_run(&comparison.columns, comparison.all_columns.as_ref())?;
        Ok(comparison)
    }

    /// The order of categories says nothing.
    fn expect_order(&self, categorical: &[String]) -> Result<(), Error> {
        match categorical.first().filter(|_| self.order == Order::Given) {
            Some(name) => {
                let name = quoted(name);
                let was = format!("given, and column {name}, which holds categories");
                Err(Error::invalid(
                    "--order",
                    was,
                    format!("columns of numbers alone: --ignore {name}"),
                ))
            }
            None => Ok(()),
        }
    }

    /// A smallest effect, or a method, for a test that is not run is a mistake.
    fn expect_run(
        &self,
        columns: &[ComparedColumn],
        all: Option<&AllColumns>,
    ) -> Result<(), Error> {
        // Missing cells are tested by fisher, where there are some.
        let run: Vec<TestName> =
            tests_of(columns, all).map(|test| test.result.test).chain([TestName::Fisher]).collect();
        let effects = self.min_effect.iter().map(|(test, _)| ("--min-effect", *test));
        let methods = self.method.iter().map(|(test, _)| ("--method", *test));
        for (flag, test) in effects.chain(methods) {
            if let Some(test) = test.filter(|test| !run.contains(test)) {
                let expected = format!("a test that is run; add --test {test}");
                return Err(Error::invalid(flag, test, expected));
            }
        }
        Ok(())
    }
}

/// What was said for all tests, and over it what was said for one.
fn for_each_test<T: Copy>(said: &[(Option<TestName>, T)]) -> BTreeMap<TestName, T> {
    let of_all = said.iter().filter(|(test, _)| test.is_none());
    let of_one = said.iter().filter_map(|(test, value)| test.map(|test| (test, *value)));
    of_all
        .flat_map(|(_, value)| TestName::names().map(|test| (test, *value)))
        .chain(of_one)
        .collect()
}

fn tests_of<'a>(
    columns: &'a [ComparedColumn],
    all: Option<&'a AllColumns>,
) -> impl Iterator<Item = &'a TestDecision> {
    columns
        .iter()
        .flat_map(ComparedColumn::all_tests)
        .chain(all.into_iter().flat_map(|all| &all.tests))
}
