//! Columns of categories: tests of how often each was seen.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::super::failure::{BadCsv, quoted};
use super::super::sample::{Cells, Column, Kind, Sample};
use fluxguard::Error;
use fluxguard::drift::compare::{CompareOptions, ComparedColumn};
use fluxguard::drift::judged::JudgedTest;
use fluxguard::drift::missing::MissingValues;
use fluxguard::drift::two_sample::{OfCounts, TestName};

/// The tests for the columns of categories: those of `tests` that go by counts, or chi2 where none were `asked` for.
///
/// # Errors
/// [`BadCsv`] naming the first column of categories when all that were asked for are tests of numbers.
pub fn tests(reference: &Sample, tests: &[TestName], asked: bool) -> Result<Vec<(TestName, OfCounts)>, BadCsv> {
    let Some(column) = reference.columns.iter().find(|column| column.kind != Kind::Numbers) else {
        return Ok(Vec::new());
    };
    let tests = if asked { tests } else { &[TestName::Chi2] };
    let chosen: Vec<_> = tests.iter().filter_map(|test| Some((*test, test.of_categories()?))).collect();
    if chosen.is_empty() {
        let names = tests.iter().map(|test| test.as_str()).collect::<Vec<_>>().join(", ");
        let (line, cell) = &column.first;
        return Err(BadCsv {
            file: reference.file.clone(),
            line: Some(*line),
            column: Some(column.name.clone()),
            problem: format!(
                "got {}, which is a category; the tests asked for ({names}) compare numbers",
                quoted(cell)
            ),
            mend: "add --test chi2 (or g, psi, js, hellinger, tv, kl; fisher for two categories), or leave the column out: --ignore COLUMN".into(),
        });
    }
    Ok(chosen)
}

/// One column, a category that only one sample has included; not yet judged.
pub fn compare(
    before: &Column,
    after: &Column,
    (m, n): (u64, u64),
    tests: &[(TestName, OfCounts)],
    options: &CompareOptions,
) -> Result<ComparedColumn, Error> {
    let (reference, current) = (counts(before), counts(after));
    let all: BTreeSet<&String> = reference.keys().chain(current.keys()).collect();
    let count = |of: &BTreeMap<String, u64>| all.iter().map(|c| of.get(*c).copied().unwrap_or(0)).collect::<Vec<_>>();
    let (seen, now) = (count(&reference), count(&current));
    let comparable = !before.is_blank() && !after.is_blank();
    let judged = tests.iter().filter(|_| comparable).map(|(name, test)| {
        let method = options.method.of(*name);
        method.expect_of(*name)?;
        let result = test(&seen, &now, method, options.permutations)?;
        Ok(JudgedTest::new(result, options.min_effect.as_ref()))
    });
    let missing = MissingValues::new((before.missing, m), (after.missing, n), options.min_effect.as_ref())?;
    Ok(ComparedColumn::new(before.name.clone(), judged.collect::<Result<_, Error>>()?, missing))
}

/// How often each category stands in a column; none in one without values.
fn counts(column: &Column) -> Cow<'_, BTreeMap<String, u64>> {
    match &column.cells {
        Cells::Categories(counts) => Cow::Borrowed(counts),
        Cells::Numbers(_) | Cells::Text(_) => Cow::Owned(BTreeMap::new()),
    }
}
