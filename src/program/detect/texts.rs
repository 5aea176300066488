//! Sequences from a file: a line each, or a cell each of a CSV's column, or the cells of all rows
//! with the same key.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::super::classes::texts;
use super::super::failure::{BadCsv, Failure};
use super::super::sample::{Dialect, Kind, Missing, Plan, Sample, Wanted, read_text};
use fluxguard::sequence::{Sequence, Symbol};

/// Where the sequences of a file stand.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The column of a CSV; without, the file is text with a sequence a line.
    pub column: Option<&'a str>,
    /// Another column: rows with the same value there make one sequence, in the order of the file.
    pub by: Option<&'a str>,
}

/// The sequences of a file, and what `by` calls each.
#[derive(Debug)]
pub struct Texts {
    /// One per line, or a key of `by`; one without symbols where the cell has no value.
    pub sequences: Vec<Sequence>,
    pub names: Option<Vec<String>>,
    /// The CSV.
    sample: Option<Sample>,
}

impl Texts {
    /// Reads the file at `path`, or standard input for `-`. `argument` names the path in errors.
    ///
    /// # Errors
    /// [`fluxguard::Error::PathUnusable`]; [`BadCsv`].
    pub fn read(
        argument: &'static str,
        path: &Path,
        place: Place<'_>,
        dialect: &Dialect,
    ) -> Result<Self, Failure> {
        if let Some(column) = place.column {
            let wanted: Vec<&str> = [column].into_iter().chain(place.by).collect();
            let known = wanted
                .iter()
                .map(|name| ((*name).to_owned(), Kind::Text))
                .collect::<BTreeMap<_, _>>();
            let plan = Plan { dialect, known: &known, columns: Wanted::Named(&wanted) };
            return from_csv(Sample::read(argument, path, plan)?, column, place.by);
        }
        let (file, text) = read_text(argument, path)?;
        let sequences: Vec<Sequence> = text.lines().map(one).collect();
        if sequences.is_empty() {
            let (problem, fix) = ("there is no sequence".into(), "add at least one line".into());
            return Err(BadCsv { file, line: None, column: None, problem, fix }.into());
        }
        Ok(Texts { sequences, names: None, sample: None })
    }

    /// Those with symbols: all lines of a text, and of a CSV what has a value.
    pub fn there(&self) -> Vec<Sequence> {
        self.sequences.iter().filter(|sequence| self.is_there(sequence)).cloned().collect()
    }

    /// One number per sequence; NaN for those that are not [`Texts::there`].
    pub fn spread(&self, of_there: &[f64]) -> Vec<f64> {
        let mut of_there = of_there.iter();
        let next = |sequence| if self.is_there(sequence) { of_there.next().copied() } else { None };
        self.sequences.iter().map(next).map(|x| x.unwrap_or(f64::NAN)).collect()
    }

    fn is_there(&self, sequence: &Sequence) -> bool {
        self.sample.is_none()
            || !matches!(sequence, Sequence::Symbols(symbols) if symbols.is_empty())
    }

    /// The cells that have no value, and those of the `reference`.
    ///
    /// # Errors
    /// Those of [`Missing::since`].
    pub fn missing(
        &self,
        reference: Option<&Texts>,
        place: Place<'_>,
    ) -> Result<Vec<Missing>, Failure> {
        let names: Vec<&str> = place.column.into_iter().chain(place.by).collect();
        Ok(match (reference.and_then(|texts| texts.sample.as_ref()), &self.sample) {
            (_, None) => Vec::new(),
            (None, Some(sample)) => Missing::of(sample, &names),
            (Some(reference), Some(sample)) => Missing::since(reference, sample, &names)?,
        })
    }
}

fn one(text: &str) -> Sequence {
    Sequence::One(Symbol::Name(text.to_owned()))
}

fn from_csv(sample: Sample, column: &str, by: Option<&str>) -> Result<Texts, Failure> {
    let cells = texts(&sample, "--column", column)?;
    let Some(by) = by else {
        let of = |cell: &Option<String>| {
            cell.as_deref().map_or_else(|| Sequence::Symbols(Vec::new()), one)
        };
        return Ok(Texts {
            sequences: cells.iter().map(of).collect(),
            names: None,
            sample: Some(sample),
        });
    };
    let (mut names, mut groups): (Vec<String>, Vec<Vec<Symbol>>) = Default::default();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for (cell, key) in cells.iter().zip(texts(&sample, "--by", by)?) {
        // A cell that belongs to no sequence is counted, and left out.
        let Some(key) = key else { continue };
        let at = *known.entry(key).or_insert_with(|| {
            names.push(key.clone());
            groups.push(Vec::new());
            names.len() - 1
        });
        groups[at].extend(cell.iter().map(|cell| Symbol::Name(cell.clone())));
    }
    if names.is_empty() {
        let problem = "no cell has a value".into();
        let fix = "choose a column that says to which sequence each line belongs".into();
        let (file, column) = (sample.file.clone(), Some(by.to_owned()));
        return Err(BadCsv { file, line: Some(1), column, problem, fix }.into());
    }
    let sequences = groups.into_iter().map(Sequence::Symbols).collect();
    Ok(Texts { sequences, names: Some(names), sample: Some(sample) })
}
