//! Sequences from a file: a line each, or a cell each of a CSV's column, or the cells of all rows with the same key.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use super::super::failure::{BadCsv, Failure, listed};
use super::super::sample::is_standard_input;
use fluxguard::Error;
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
    pub sequences: Vec<Sequence>,
    pub names: Option<Vec<String>>,
}

impl Texts {
    /// Reads the file at `path`, or standard input for `-`. `argument` names the path in errors.
    ///
    /// # Errors
    /// [`Error::PathUnusable`]; [`BadCsv`].
    pub fn read(argument: &'static str, path: &Path, place: Place<'_>) -> Result<Self, Failure> {
        let mut text = String::new();
        let (file, done) = if is_standard_input(path) {
            ("standard input".to_owned(), std::io::stdin().lock().read_to_string(&mut text))
        } else {
            let open = std::fs::File::open(path);
            (path.display().to_string(), open.and_then(|mut file| file.read_to_string(&mut text)))
        };
        if let Err(e) = done {
            return Err(Error::PathUnusable { argument, path: file, purpose: "read", reason: e.to_string() }.into());
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let texts = match place.column {
            None => Texts { sequences: text.lines().map(one).collect(), names: None },
            Some(column) => from_csv(file.clone(), text, column, place.by)?,
        };
        if texts.sequences.is_empty() {
            return Err(bad(&file, None, None, "there is no sequence", "add at least one line").into());
        }
        Ok(texts)
    }
}

fn one(text: &str) -> Sequence {
    Sequence::One(Symbol::Name(text.to_owned()))
}

fn from_csv(file: String, text: &str, column: &str, by: Option<&str>) -> Result<Texts, BadCsv> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let broken = |e: csv::Error| {
        let line = e.position().map(csv::Position::line);
        bad(&file, line, None, &e.to_string(), "expected a CSV with a header")
    };
    let header = reader.headers().map_err(broken)?.clone();
    let find = |name: &str| {
        let names = listed(header.iter());
        let missing =
            || bad(&file, Some(1), Some(name), "there is no such column", &format!("the columns are {names}"));
        header.iter().position(|known| known == name).ok_or_else(missing)
    };
    let (column, by) = (find(column)?, by.map(find).transpose()?);
    let (mut sequences, mut names): (Vec<Sequence>, Vec<String>) = (Vec::new(), Vec::new());
    let mut grouped: HashMap<String, (usize, Vec<Symbol>)> = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let cell = &record[column];
        match by {
            None => sequences.push(one(cell)),
            Some(by) => {
                let next = grouped.len();
                let group = grouped.entry(record[by].to_owned()).or_insert_with(|| (next, Vec::new()));
                group.1.push(Symbol::Name(cell.to_owned()));
            }
        }
    }
    if by.is_some() {
        let mut groups: Vec<(String, (usize, Vec<Symbol>))> = grouped.into_iter().collect();
        groups.sort_by_key(|(_, (order, _))| *order);
        for (name, (_, symbols)) in groups {
            names.push(name);
            sequences.push(Sequence::Symbols(symbols));
        }
    }
    Ok(Texts { sequences, names: by.map(|_| names) })
}

fn bad(file: &str, line: Option<u64>, column: Option<&str>, problem: &str, mend: &str) -> BadCsv {
    let (file, problem, mend) = (file.to_owned(), problem.to_owned(), mend.to_owned());
    BadCsv { file, line, column: column.map(str::to_owned), problem, mend }
}
