//! A comparison as a table for people.

use super::super::failure::{listed, quoted};
use super::super::sample::{Kind, Sample};
use super::super::text_table::{Align, number, render as render_table};
use super::CORRECTIONS;
use super::report::{OneSidedCategories, Report, ReportedColumn};
use fluxguard::drift::compare::ComparedColumn;

const HEADER: [(&str, Align); 9] = [
    ("column", Align::Left),
    ("test", Align::Left),
    ("statistic", Align::Right),
    ("p-value", Align::Right),
    ("adjusted p", Align::Right),
    ("effect", Align::Right),
    ("min effect", Align::Right),
    ("method", Align::Left),
    ("drift", Align::Left),
];

/// A line for the verdict, one for what was held to be categories, and one row per column and test.
pub fn render(comparison: &Report<'_>, reference: &Sample) -> String {
    let mut rows = Vec::new();
    let of_columns = comparison.columns.iter().flat_map(|reported| {
        let ComparedColumn { name, tests, missing, .. } = reported.column;
        let tests = tests.iter().map(|test| (test.result.test.to_string(), test));
        tests
            .chain(missing.iter().map(|m| ("missing cells".to_owned(), &m.test)))
            .map(move |test| (name.as_str(), test))
    });
    let of_all = comparison.all_columns.iter().flat_map(|all| &all.tests);
    let of_all = of_all.map(|test| ("(all columns)", (test.result.test.to_string(), test)));
    for (name, (what, test)) in of_columns.chain(of_all) {
        let result = &test.result;
        rows.push(vec![
            name.to_owned(),
            what,
            number(result.statistic),
            number(result.p_value),
            number(test.adjusted_p_value),
            number(result.effect),
            number(test.min_effect),
            result.method.to_string(),
            if test.drift { "DRIFT" } else { "no" }.to_owned(),
        ]);
    }
    let table = render_table(&HEADER, &rows);
    let missing = missing(comparison);
    format!(
        "{}\n{}\n{table}{}{missing}",
        verdict(comparison),
        categories(reference),
        one_sided(comparison)
    )
}

/// A line per column of which cells are missing.
fn missing(comparison: &Report<'_>) -> String {
    let mut text = String::new();
    for reported in &comparison.columns {
        if let Some(missing) = &reported.column.missing {
            let (n, m) = (comparison.current_size, comparison.reference_size);
            let name = quoted(&reported.column.name);
            text += &format!(
                "\n{name}: {} of {n} cells have no value, of the reference {} of {m}",
                missing.current, missing.reference
            );
        }
    }
    if let Some((m, n)) = comparison.all_columns.and_then(|all| all.complete) {
        text += &format!(
            "\n(all columns): of the {n} lines that have a value in each column, of the reference {m}"
        );
    }
    if text.is_empty() { text } else { text + "\n" }
}

/// Categories that are named of a column and side: the most frequent.
const MAX: usize = 10;

/// A line per column of categories for those that are new, and one for those that are gone.
fn one_sided(comparison: &Report<'_>) -> String {
    let mut text = String::new();
    for ReportedColumn { column, one_sided } in &comparison.columns {
        let Some(OneSidedCategories { unseen, vanished }) = one_sided else { continue };
        for (what, found) in [("new", unseen), ("gone", vanished)] {
            if found.is_empty() {
                continue;
            }
            let named = found.iter().take(MAX).map(|c| {
                format!("{} ({}, p {})", quoted(&c.category), c.count, number(c.adjusted_p_value))
            });
            let more = if found.len() > MAX {
                format!(" and {} more", found.len() - MAX)
            } else {
                String::new()
            };
            let named = named.collect::<Vec<_>>().join(", ");
            text +=
                &format!("\n{}: categories that are {what}: {named}{more}", quoted(&column.name));
        }
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn verdict(comparison: &Report<'_>) -> String {
    let columns = match comparison.columns.len() {
        1 => "1 column".to_owned(),
        k => format!("{k} columns"),
    };
    let all = match &comparison.all_columns {
        Some(all) if all.drift => ", and in all columns together",
        _ => "",
    };
    let found = match comparison.columns.iter().filter(|reported| reported.column.drift).count() {
        0 => format!("No drift in {columns}"),
        k => format!("Drift in {k} of {columns}"),
    };
    let correction = CORRECTIONS
        .iter()
        .find(|(_, _, c)| *c == comparison.correction)
        .map_or("-", |(name, _, _)| name);
    let apart = comparison.every.map_or_else(String::new, |every| {
        format!("\nNeighbors depend on each other: of either file every {every}th row was compared")
    });
    let copies = comparison.copies.map_or_else(String::new, |(before, after)| {
        let times = |x: f64| format!("{x:.1}").trim_end_matches(".0").to_owned();
        format!(
            "\nRows are there several times ({} in the first file, {} in the second): each was compared once",
            times(before),
            times(after)
        )
    });
    format!(
        "{found}{all}: {} observations against {} (alpha {}, corrected by {correction}){copies}{apart}",
        comparison.current_size, comparison.reference_size, comparison.alpha
    )
}

fn categories(reference: &Sample) -> String {
    let names: Vec<&str> = reference
        .columns
        .iter()
        .filter(|column| column.kind != Kind::Numbers)
        .map(|c| c.name.as_str())
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("Compared as categories: {}\n", listed(names))
    }
}
