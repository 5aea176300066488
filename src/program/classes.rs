//! Columns whose cells are names: classes and ids, text or numbers.

use std::collections::BTreeSet;

use super::Failure;
use super::failure::{BadCsv, listed, quoted};
use super::sample::{Cells, Column, Sample};
use fluxguard::Error;

/// The column of this name.
pub fn column<'a>(sample: &'a Sample, flag: &'static str, name: &str) -> Result<&'a Column, Error> {
    sample
        .column(name)
        .ok_or_else(|| Error::invalid(flag, quoted(name), format!("a column of {}: {}", sample.file, sample.names())))
}

/// The numbers of the column of this name.
pub fn numbers<'a>(sample: &'a Sample, flag: &'static str, name: &str) -> Result<&'a [f64], Failure> {
    match &column(sample, flag, name)?.cells {
        Cells::Numbers(values) => Ok(values),
        _ => Err(bad(sample, 1, name, "it holds text".into(), "choose a column of numbers".into())),
    }
}

/// The cells of the column of this name, which was read as [`super::sample::Kind::Text`].
pub fn texts<'a>(sample: &'a Sample, flag: &'static str, name: &str) -> Result<&'a [String], Failure> {
    match &column(sample, flag, name)?.cells {
        Cells::Text(cells) => Ok(cells),
        _ => Err(bad(sample, 1, name, "it holds numbers".into(), format!("choose another column for {flag}"))),
    }
}

/// Whether all cells are numbers.
pub fn all_numbers(cells: &[String]) -> bool {
    cells.iter().all(|cell| cell.parse::<f64>().is_ok())
}

/// Cells as numbers; the first that is none is an error with its line.
pub fn as_numbers(sample: &Sample, name: &str, cells: &[String]) -> Result<Vec<f64>, Failure> {
    let number = |(i, cell): (usize, &String)| {
        cell.parse::<f64>().map_err(|_| {
            let problem = format!("got {}, expected a number, as elsewhere", quoted(cell));
            bad(sample, i + 2, name, problem, "write all classes as text, or all as the numbers 0, 1, ...".into())
        })
    };
    cells.iter().enumerate().map(number).collect()
}

/// The names of a classifier's classes: class 0, 1, ...
#[derive(Debug)]
pub struct Classes(pub Vec<String>);

impl Classes {
    /// All that stand in these cells, sorted.
    pub fn sorted<'a>(cells: impl Iterator<Item = &'a String>) -> Self {
        Classes(cells.collect::<BTreeSet<_>>().into_iter().cloned().collect())
    }

    /// The number of each cell's class.
    pub fn numbers(&self, sample: &Sample, name: &str, cells: &[String]) -> Result<Vec<f64>, Failure> {
        let number = |(i, cell): (usize, &String)| {
            self.0.iter().position(|class| class == cell).map(|class| class as f64).ok_or_else(|| {
                let problem = format!("got {}, which is no class", quoted(cell));
                let mend =
                    format!("the classes are {}; name others by --class", listed(self.0.iter().map(String::as_str)));
                bad(sample, i + 2, name, problem, mend)
            })
        };
        cells.iter().enumerate().map(number).collect()
    }
}

fn bad(sample: &Sample, line: usize, name: &str, problem: String, mend: String) -> Failure {
    let (file, column) = (sample.file.clone(), Some(name.to_owned()));
    BadCsv { file, line: Some(line as u64), column, problem, mend }.into()
}
