//! A sample from a CSV: a header, one column per feature, one line per observation. A column holds
//! numbers or categories.
//!
//! Cells without a value (empty, NA, NaN, null) are kept in their places and counted; what a
//! command does with them it says. Else nothing is guessed: a short line or a word among numbers is
//! an error that names its place. Spaces around cells and empty lines at the end of the file do not
//! count. An empty line is a cell without a value where there is one column, else an error.

mod column;
mod dialect;
mod disguise;
mod lines;
mod matching;
mod missing;
mod quotes;
mod text;
mod whole;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::failure::{BadCsv, Failure, listed, quoted};
pub use column::{Categories, Cells, Column, Kind, PLAIN};
pub use dialect::{Choice, Dialect};
use fluxguard::Error;
use lines::Lines;
pub use matching::{not_fitted_on, unmatched};
pub use missing::{Missing, counted};
pub use text::{is_same_file, is_standard_input, read as read_text};
pub use whole::{category, has_zeros, whole};

/// What is read of a file, and how.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// How the file is written.
    pub dialect: &'a Dialect,
    /// The kinds of columns that are known; of others the first value decides.
    pub known: &'a BTreeMap<String, Kind>,
    /// Which columns are read.
    pub columns: Wanted<'a>,
}

/// Which columns are read; the others may hold anything.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// All.
    All,
    /// All, as this kind.
    AllAs(Kind),
    /// Those of these names that there are.
    Named(&'a [&'a str]),
    /// Those that the caller chose, and those of these names that there are.
    Chosen(&'a Choice, &'a [&'a str]),
}

/// A whole file.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The file, as errors name it.
    pub file: String,
    /// Those that were read, in the order of the file; their names differ, and there is at least
    /// one.
    pub columns: Vec<Column>,
    /// Lines below the header, at least 1.
    pub observations: usize,
    /// The names of all columns of the file.
    header: Vec<String>,
    /// Where each name stands in `columns`.
    index: HashMap<String, usize>,
    /// The line of each observation.
    lines: Vec<u64>,
}

impl Sample {
    /// Reads the file at `path`, or standard input for `-`. `argument` names the path in errors.
    ///
    /// # Errors
    /// [`Error::PathUnusable`]; [`BadCsv`] for the first thing that is wrong with the content.
    pub fn read(argument: &'static str, path: &Path, plan: Plan<'_>) -> Result<Self, Failure> {
        let (file, text) = read_text(argument, path)?;
        Self::parse(file, &text, plan)
    }

    fn parse(file: String, text: &str, plan: Plan<'_>) -> Result<Self, Failure> {
        let separator = plan.dialect.separator()?;
        quotes::check(&file, text, separator)?;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut lines = Lines::new(text.as_bytes());
        let mut record = csv::StringRecord::new();
        let mut names: Vec<String> = Vec::new();
        // Where each cell goes: the columns that are not read have no place.
        let (mut columns, mut places): (Vec<Column>, Vec<Option<usize>>) = (Vec::new(), Vec::new());
        let mut observed = Vec::new();
        loop {
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(e) => {
                    return Err(bad(&file, None, None, &e.to_string(), "expected a CSV").into());
                }
            }
            let begin = record.position().map_or(0, |position| position.byte() as usize);
            let (empty, line) = lines.line_of(begin);
            if empty > 0 && names.len() != 1 {
                let fix = "remove it, or give it a cell for each column";
                return Err(bad(&file, Some(line - empty), None, "the line is empty", fix).into());
            }
            if names.is_empty() {
                names = header(&file, line, &record, separator)?;
                (columns, places) = planned(&file, &names, plan)?;
                continue;
            }
            for earlier in (1..=empty).rev() {
                observed.push(line - earlier);
                add(
                    &file,
                    &mut columns,
                    &places,
                    line - earlier,
                    &csv::StringRecord::from(vec![""]),
                    plan.dialect,
                )?;
            }
            observed.push(line);
            if record.len() != names.len() {
                return Err(ragged(&file, line, &record, &names).into());
            }
            add(&file, &mut columns, &places, line, &record, plan.dialect)?;
        }
        if names.is_empty() {
            let fix = "expected a CSV with a header and a line for each observation";
            return Err(bad(&file, None, None, "the file is empty", fix).into());
        }
        if observed.is_empty() {
            let fix = "add at least one line below it";
            return Err(
                bad(&file, Some(1), None, "there is a header and no observation", fix).into()
            );
        }
        let index = index(&columns);
        Ok(Sample {
            file,
            columns,
            observations: observed.len(),
            header: names,
            index,
            lines: observed,
        })
    }

    /// The line in which an observation begins; cells may have several.
    pub fn line(&self, observation: usize) -> u64 {
        self.lines.get(observation).copied().unwrap_or_default()
    }

    /// The names of all columns of the file, for an error.
    pub fn names(&self) -> String {
        listed(self.header.iter().map(String::as_str))
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.index.get(name).map(|at| &self.columns[*at])
    }

    /// The column of this name, or the only one of the file. `flag` chooses it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming `flag`, with the columns that there are.
    pub fn only(&self, flag: &'static str, name: Option<&str>) -> Result<&Column, Error> {
        match name {
            Some(name) => self.column(name).ok_or_else(|| self.lacks(flag, name)),
            None if self.header.len() == 1 => {
                self.columns.first().ok_or_else(|| self.lacks(flag, &self.header[0]))
            }
            None => {
                let was = format!("{} columns in {}", self.header.len(), self.file);
                Err(Error::invalid(flag, was, format!("one of them by name: {}", self.names())))
            }
        }
    }

    /// The error for a column that `flag` names, and that is not there, or not read.
    pub fn lacks(&self, flag: &'static str, name: &str) -> Error {
        if self.header.iter().any(|other| other == name) {
            return Error::invalid(
                flag,
                quoted(name),
                "a column that is read: --only or --ignore leaves this one out",
            );
        }
        let alike = matching::alike(name, self.header.iter().map(String::as_str));
        let alike = alike
            .map(|other| format!(" ({} is written otherwise)", quoted(other)))
            .unwrap_or_default();
        Error::invalid(
            flag,
            quoted(name),
            format!("a column of {}: {}{alike}", self.file, self.names()),
        )
    }

    /// Takes the column of this name out.
    pub fn take(&mut self, name: &str) -> Option<Column> {
        let column = self.columns.remove(*self.index.get(name)?);
        self.index = index(&self.columns);
        Some(column)
    }

    /// Which rows have a value in each of these columns.
    pub fn complete(&self, names: &[&str]) -> Vec<bool> {
        let mut complete = vec![true; self.observations];
        for column in names.iter().filter_map(|name| self.column(name)) {
            match &column.cells {
                Cells::Numbers(values) => {
                    complete.iter_mut().zip(values).for_each(|(all, x)| *all &= !x.is_nan())
                }
                Cells::Text(cells) => {
                    complete.iter_mut().zip(cells).for_each(|(all, cell)| *all &= cell.is_some())
                }
                Cells::Categories(categories) => {
                    complete
                        .iter_mut()
                        .zip(&categories.rows)
                        .for_each(|(all, cell)| *all &= cell.is_some());
                }
            }
        }
        complete
    }
}

fn index(columns: &[Column]) -> HashMap<String, usize> {
    columns.iter().enumerate().map(|(at, column)| (column.name.clone(), at)).collect()
}

/// A line's cells, each to its column.
fn add(
    file: &str,
    columns: &mut [Column],
    places: &[Option<usize>],
    line: u64,
    record: &csv::StringRecord,
    dialect: &Dialect,
) -> Result<(), BadCsv> {
    for (place, cell) in places.iter().zip(record) {
        let Some(column) = place.map(|place| &mut columns[place]) else { continue };
        if let Err((problem, fix)) = column.push(line, cell, dialect) {
            return Err(bad(file, Some(line), Some(&column.name), &problem, &fix));
        }
    }
    Ok(())
}

/// The columns that are read, and for each of the header its place among them.
fn planned(
    file: &str,
    names: &[String],
    plan: Plan<'_>,
) -> Result<(Vec<Column>, Vec<Option<usize>>), Failure> {
    let header: Vec<&str> = names.iter().map(String::as_str).collect();
    let read = match plan.columns {
        Wanted::All | Wanted::AllAs(_) => vec![true; names.len()],
        Wanted::Named(wanted) => header.iter().map(|name| wanted.contains(name)).collect(),
        Wanted::Chosen(choice, always) => choice.of(&header, always, file)?,
    };
    let otherwise = if let Wanted::AllAs(kind) = plan.columns { Some(kind) } else { None };
    let mut columns = Vec::new();
    let mut places = Vec::with_capacity(names.len());
    for (name, read) in names.iter().zip(read) {
        places.push(read.then_some(columns.len()));
        if read {
            columns.push(Column::new(name, plan.known.get(name).copied().or(otherwise)));
        }
    }
    Ok((columns, places))
}

fn header(
    file: &str,
    line: u64,
    record: &csv::StringRecord,
    separator: u8,
) -> Result<Vec<String>, BadCsv> {
    let mut seen = HashSet::with_capacity(record.len());
    for (k, name) in record.iter().enumerate() {
        let here = |problem: &str, fix: &str| Err(bad(file, Some(line), Some(name), problem, fix));
        if name.is_empty() {
            let problem = format!("column {} of the header has no name", k + 1);
            let fix = "name it, or leave the column out (pandas writes one for its index unless told index=False)";
            return Err(bad(file, Some(line), None, &problem, fix));
        }
        if !seen.insert(name) {
            return here("two columns have this name", "rename one of them");
        }
        if record.len() == 1 && name.contains([';', '\t', '|', ',']) {
            let other = match name.find(['\t', ';', '|', ',']).map(|at| name.as_bytes()[at]) {
                Some(b'\t') => "tab".to_owned(),
                other => format!("\"{}\"", char::from(other.unwrap_or(b';'))),
            };
            let problem =
                format!("the header is a single column, cut at {:?}", char::from(separator));
            return here(&problem, &format!("say --separator {other}, or rename the column"));
        }
    }
    Ok(record.iter().map(str::to_owned).collect())
}

fn ragged(file: &str, line: u64, record: &csv::StringRecord, names: &[String]) -> BadCsv {
    let (was, expected) = (record.len(), names.len());
    let cells = if was == 1 { "cell" } else { "cells" };
    let problem = format!("{was} {cells}, expected {expected}, as in the header");
    let (column, fix) = match names.get(was) {
        Some(missing) => {
            (missing, "this column and those after it have none: add them, or remove the line")
        }
        None => (
            &names[expected - 1],
            "remove what comes after this column, or put text with commas in quotes",
        ),
    };
    bad(file, Some(line), Some(column), &problem, fix)
}

fn bad(file: &str, line: Option<u64>, column: Option<&str>, problem: &str, fix: &str) -> BadCsv {
    let (file, problem, fix) = (file.to_owned(), problem.to_owned(), fix.to_owned());
    BadCsv { file, line, column: column.map(str::to_owned), problem, fix }
}

/// Columns, interleaved: an observation's features lie next to each other.
pub fn by_observation(columns: &[&[f64]]) -> Vec<f64> {
    let observations = columns.first().map_or(0, |column| column.len());
    (0..observations).flat_map(|j| columns.iter().map(move |column| column[j])).collect()
}
