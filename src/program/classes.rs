//! Columns whose cells are names: classes and ids, text or numbers.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::Failure;
use super::failure::{BadCsv, listed, quoted};
use super::sample::{Cells, Column, Sample, category};
use fluxguard::Error;

/// The column of this name.
pub fn column<'a>(sample: &'a Sample, flag: &'static str, name: &str) -> Result<&'a Column, Error> {
    sample.column(name).ok_or_else(|| sample.lacks(flag, name))
}

/// The numbers of the column of this name.
pub fn numbers<'a>(
    sample: &'a Sample,
    flag: &'static str,
    name: &str,
) -> Result<&'a [f64], Failure> {
    match &column(sample, flag, name)?.cells {
        Cells::Numbers(values) => Ok(values),
        _ => {
            let problem = format!("it holds text{}", column(sample, flag, name)?.plainly());
            Err(bad(sample, 1, name, problem, "choose a column of numbers".into()))
        }
    }
}

/// The cells of the column of this name, which was read as [`super::sample::Kind::Text`]; none
/// where there is no value.
pub fn texts<'a>(
    sample: &'a Sample,
    flag: &'static str,
    name: &str,
) -> Result<&'a [Option<String>], Failure> {
    match &column(sample, flag, name)?.cells {
        Cells::Text(cells) => Ok(cells),
        _ => Err(bad(
            sample,
            1,
            name,
            "it holds numbers".into(),
            format!("choose another column for {flag}"),
        )),
    }
}

/// Whether all cells that have a value are numbers.
pub fn all_numbers(cells: &[Option<String>]) -> bool {
    cells.iter().flatten().all(|cell| cell.parse::<f64>().is_ok())
}

/// Cells as numbers, NaN where there is no value; the first that is none is an error with its line.
pub fn as_numbers(
    sample: &Sample,
    name: &str,
    cells: &[Option<String>],
) -> Result<Vec<f64>, Failure> {
    let number = |(i, cell): (usize, &Option<String>)| {
        let Some(cell) = cell else { return Ok(f64::NAN) };
        cell.parse::<f64>().map_err(|_| {
            let problem = format!("got {}, expected a number, as elsewhere", quoted(cell));
            bad(
                sample,
                sample.line(i),
                name,
                problem,
                "write all classes as text, or all as the numbers 0, 1, ...".into(),
            )
        })
    };
    cells.iter().enumerate().map(number).collect()
}

/// The names of a classifier's classes: class 0, 1, ...
#[derive(Debug)]
pub struct Classes(pub Vec<String>);

impl Classes {
    /// All that stand in these cells, sorted; 1 and 1.0 are one.
    pub fn sorted<'a>(cells: impl Iterator<Item = &'a String>) -> Self {
        Classes(
            cells
                .map(|cell| category(cell).into_owned())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        )
    }

    /// The number of each cell's class; NaN where there is no value.
    pub fn numbers(
        &self,
        sample: &Sample,
        name: &str,
        cells: &[Option<String>],
    ) -> Result<Vec<f64>, Failure> {
        let known: HashMap<Cow<'_, str>, usize> =
            self.0.iter().enumerate().map(|(class, name)| (category(name), class)).collect();
        let number = |(i, cell): (usize, &Option<String>)| {
            let Some(cell) = cell else { return Ok(f64::NAN) };
            known.get(&category(cell)).map(|class| *class as f64).ok_or_else(|| {
                let problem = format!("got {}, which is no class", quoted(cell));
                let classes = listed(self.0.iter().map(String::as_str));
                let fix = format!(
                    "the classes are {classes}: write it as one of them, remove the line, or, where there are more, say \
                     --problem multiclass with a --score and a --class for each"
                );
                bad(sample, sample.line(i), name, problem, fix)
            })
        };
        cells.iter().enumerate().map(number).collect()
    }
}

fn bad(sample: &Sample, line: u64, name: &str, problem: String, fix: String) -> Failure {
    let (file, column) = (sample.file.clone(), Some(name.to_owned()));
    BadCsv { file, line: Some(line), column, problem, fix }.into()
}
