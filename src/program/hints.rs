//! Hints about columns that may not be what they are taken for: running ids, time stamps, numbers
//! in disguise, codes with zeros in front, spellings of one category.

use std::collections::{BTreeMap, BTreeSet};

use super::failure::quoted;
use super::sample::{Cells, Column, PLAIN, Sample, has_zeros};
use fluxguard::stats::dependence::Dependence;

/// Values from which on an order, or that all differ, is no accident.
const ENOUGH: u64 = 10;
/// The chance that a column of independent rows gets a hint.
const CHANCE: f64 = 1e-4;
/// Hints of a kind that are told.
const MAX: usize = 5;

/// Of the columns of both files, or of one.
pub fn of_columns(reference: Option<&Sample>, current: &Sample) -> Vec<String> {
    let (mut ids, mut spellings) = (Vec::new(), Vec::new());
    let (mut disguised, mut zeros) = (Vec::new(), Vec::new());
    for column in &current.columns {
        let before = reference.and_then(|sample| sample.column(&column.name));
        let name = quoted(&column.name);
        let both = || before.into_iter().chain([column]);
        if let Some(what) = both().find_map(|column| id(column)) {
            ids.push(format!(
                "column {name}: {what}; if it is an id or a time, leave it out: --ignore {name}"
            ));
        }
        if let Some((cell, what)) = both().find_map(|column| column.disguised.as_ref()) {
            let cell = quoted(cell);
            disguised.push(format!(
                "column {name} is taken for categories, but {cell} may be a number with {what}: {PLAIN}; if categories are meant, say so: \
                 --categorical {name}"
            ));
        } else if let Some((line, cell)) = both().find_map(|column| column.zeros.as_ref()) {
            let cell = quoted(cell);
            zeros.push(format!(
                "column {name} is taken for numbers, but {cell} in line {line} has a zero in front, as ids and zip codes have: leave it out \
                 (--ignore {name}), or compare it as categories (fluxguard compare --categorical {name})"
            ));
        }
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for column in both() {
            if let Cells::Categories(categories) = &column.cells {
                names.extend(categories.numbers.keys().map(String::as_str));
            }
        }
        if let Some((a, b, how)) = spelled(names.iter().copied()) {
            let (a, b) = (quoted(a), quoted(b));
            spellings.push(format!(
                "column {name}: {a} and {b} are two categories and {how}; write them alike if they are one"
            ));
        }
    }
    [disguised, zeros, ids, spellings]
        .into_iter()
        .flat_map(|shown| shown.into_iter().take(MAX))
        .collect()
}

/// Of a column that was chosen to be read as numbers.
pub fn of_codes(column: &Column) -> Vec<String> {
    let shown = |(line, cell): &(u64, String)| {
        let (name, cell) = (quoted(&column.name), quoted(cell));
        format!(
            "column {name} is taken for numbers, but {cell} in line {line} has a zero in front, as ids and zip codes have: choose another one"
        )
    };
    column.zeros.iter().map(shown).collect()
}

/// Of columns whose neighbors depend on each other, which every test takes to be independent; not
/// of those that stand in order.
pub fn of_neighbors(sample: &Sample) -> Vec<String> {
    let dependent = |column: &Column| {
        let Cells::Numbers(values) = &column.cells else { return None };
        let there: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        let one_in = Dependence::of_values(&there, CHANCE).of(there.len() as u64);
        let shown = one_in >= 2.0 && id(column).is_none();
        shown.then(|| {
            let name = quoted(&column.name);
            format!(
                "column {name}: neighbors depend on each other, some {one_in:.0} rows count as one, and p-values are of independent rows; \
                 if the order of the rows is that of time, compare fewer of them: --order given"
            )
        })
    };
    sample.columns.iter().filter_map(dependent).take(MAX).collect()
}

/// Why a column looks like an id.
fn id(column: &Column) -> Option<&'static str> {
    match &column.cells {
        Cells::Numbers(values) => {
            let there: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
            let ordered = there.len() as u64 >= ENOUGH
                && (there.windows(2).all(|w| w[0] < w[1]) || there.windows(2).all(|w| w[0] > w[1]));
            ordered.then_some("all values differ and stand in order")
        }
        Cells::Categories(categories) => {
            let (names, cells) =
                (categories.numbers.len(), categories.rows.iter().flatten().count());
            let distinct = names as u64 >= ENOUGH && names == cells;
            distinct.then_some("all values differ")
        }
        Cells::Text(_) => None,
    }
}

/// Two names that may be one, and how they differ.
fn spelled<'a>(names: impl Iterator<Item = &'a str>) -> Option<(&'a str, &'a str, &'static str)> {
    let (mut folded, mut numbers): (BTreeMap<String, &str>, BTreeMap<&str, &str>) =
        Default::default();
    for name in names {
        let plain: String = name.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(other) = folded.insert(plain, name) {
            return Some((other, name, "differ in case or spaces"));
        }
        let digits = name.trim_start_matches('0');
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let zeros = has_zeros(name);
            if let Some(other) =
                numbers.insert(digits, name).filter(|other| zeros || has_zeros(other))
            {
                return Some((other, name, "differ in zeros in front"));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_found_and_no_others() {
        let of = |names: &[&'static str]| spelled(names.iter().copied());
        assert_eq!(of(&["Yes", "no", "yes"]), Some(("Yes", "yes", "differ in case or spaces")));
        assert_eq!(
            of(&["New  York", "New York"]),
            Some(("New  York", "New York", "differ in case or spaces"))
        );
        assert_eq!(
            of(&["00501", "10001", "501"]),
            Some(("00501", "501", "differ in zeros in front"))
        );
        assert_eq!(of(&["0", "00", "100", "10", "1", "a", "b", "ab"]), None);
    }
}
