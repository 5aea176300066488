//! Columns of categories, as the engine takes them: a number for each category.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::super::failure::{BadCsv, quoted};
use super::super::sample::{Categories, Cells, Column, Kind, Sample};
use fluxguard::drift::two_sample::TestName;

/// Demands that of the tests that were asked for one is of categories, where a column holds such.
///
/// # Errors
/// [`BadCsv`] naming the first such column.
pub fn expect_tests(reference: &Sample, tests: &[TestName]) -> Result<(), BadCsv> {
    let Some(column) = reference.columns.iter().find(|column| column.kind != Kind::Numbers) else {
        return Ok(());
    };
    if tests.is_empty() || tests.iter().any(|test| test.of_categories().is_some()) {
        return Ok(());
    }
    let names = tests.iter().map(|test| test.as_str()).collect::<Vec<_>>().join(", ");
    let (line, cell) = &column.first;
    Err(BadCsv {
        file: reference.file.clone(),
        line: Some(*line),
        column: Some(column.name.clone()),
        problem: format!("got {}, which is a category; the tests asked for ({names}) compare numbers", quoted(cell)),
        fix: "add --test chi2 (or g, psi, js, hellinger, tv, kl; fisher for two categories), or leave the column out: --ignore COLUMN".into(),
    })
}

/// The numbers of one column in both samples, NaN where there is no value, and whether they stand
/// for categories.
pub fn numbers<'a>(
    before: &'a Column,
    after: &'a Column,
) -> (Cow<'a, [f64]>, Cow<'a, [f64]>, bool) {
    if let (Cells::Numbers(before), Cells::Numbers(after)) = (&before.cells, &after.cells) {
        return (before.into(), after.into(), false);
    }
    let of = |column: &'a Column| match &column.cells {
        Cells::Categories(categories) => Some(categories),
        _ => None,
    };
    let (a, b) = (of(before), of(after));
    let names: BTreeSet<&String> =
        [a, b].into_iter().flatten().flat_map(|of| of.numbers.keys()).collect();
    let number = |column: &Column, of: Option<&Categories>| -> Vec<f64> {
        let Some(of) = of else { return vec![f64::NAN; column.missing as usize] };
        let mut places = vec![0.0; of.numbers.len()];
        for (place, name) in names.iter().enumerate() {
            if let Some(own) = of.numbers.get(*name) {
                places[*own as usize] = place as f64;
            }
        }
        of.rows.iter().map(|own| own.map_or(f64::NAN, |own| places[own as usize])).collect()
    };
    (number(before, a).into(), number(after, b).into(), true)
}
