//! Whether columns are those that are asked for, by their names.

use std::collections::HashSet;

use super::super::failure::{BadCsv, listed, quoted};
use super::{Sample, bad};

/// The error for columns that are not in both files; `None` where they are.
pub fn unmatched(reference: &Sample, current: &Sample) -> Option<BadCsv> {
    let (lost, new) = (absent(current, &names(reference)), absent(reference, &names(current)));
    let (missing, without, with) = match (lost.is_empty(), new.is_empty()) {
        (true, true) => return None,
        (false, _) => (lost, current, reference),
        (true, false) => (new, reference, current),
    };
    Some(lacking(without, &missing, &names(with), &format!("but {} has it", with.file), &[with]))
}

/// The error for columns that are not those of a detector that knows their names; `None` where they
/// are, or where it knows none.
pub fn not_fitted_on(fitted: &[String], current: &Sample) -> Option<BadCsv> {
    let missing = absent(current, fitted);
    if !missing.is_empty() {
        return Some(lacking(current, &missing, fitted, "but the detector was fitted on it", &[]));
    }
    let known: HashSet<&String> = fitted.iter().collect();
    let new: Vec<String> = names(current)
        .into_iter()
        .filter(|name| !known.contains(name) && !fitted.is_empty())
        .collect();
    let first = new.first()?;
    let problem = format!("the detector was not fitted on this column{}", others(&new));
    let fix = format!(
        "its columns are {}; leave others out: --ignore {}",
        listed(fitted.iter().map(String::as_str)),
        quoted(first)
    );
    Some(bad(&current.file, Some(1), Some(first), &problem, &fix))
}

fn names(sample: &Sample) -> Vec<String> {
    sample.columns.iter().map(|column| column.name.clone()).collect()
}

fn absent(from: &Sample, of: &[String]) -> Vec<String> {
    of.iter().filter(|name| from.column(name).is_none()).cloned().collect()
}

/// What more than the first column it is about.
fn others(names: &[String]) -> String {
    if names.len() > 1 {
        format!(" (nor {})", listed(names[1..].iter().map(String::as_str)))
    } else {
        String::new()
    }
}

/// One of `others` that is this name but for case, spaces and signs between words.
pub fn alike<'a>(name: &str, others: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| {
        name.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    let name = plain(name);
    others.into_iter().find(|other| !name.is_empty() && plain(other) == name)
}

/// The error for a file that lacks `missing` of the `wanted` columns, and `why` it should have
/// them.
fn lacking(
    without: &Sample,
    missing: &[String],
    wanted: &[String],
    why: &str,
    beside: &[&Sample],
) -> BadCsv {
    let is_data =
        |sample: &&Sample| sample.columns.iter().all(|column| column.name.parse::<f64>().is_ok());
    let unwanted: Vec<String> =
        names(without).into_iter().filter(|name| !wanted.contains(name)).collect();
    let alike = missing
        .iter()
        .find_map(|name| Some((name, alike(name, unwanted.iter().map(String::as_str))?)));
    let alike = alike.map_or_else(String::new, |(name, other)| {
        format!("; {} is {} but for case, spaces or signs", quoted(other), quoted(name))
    });
    let fix = match std::iter::once(without).chain(beside.iter().copied()).find(is_data) {
        Some(sample) => format!("line 1 of {} holds numbers: is its header missing?", sample.file),
        None => format!(
            "its columns are {}; rename or add columns, or leave some out by --ignore or --only, until both have the same{alike}",
            without.names()
        ),
    };
    let problem = format!("there is no such column{}, {why}", others(missing));
    bad(&without.file, Some(1), Some(&missing[0]), &problem, &fix)
}
