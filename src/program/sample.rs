//! A sample from a CSV: a header, one column a feature, one line an observation. A column holds numbers or categories.
//!
//! Nothing is guessed: an empty cell, a NaN, a short line or a word among numbers is an error that names its place. Spaces
//! around cells and empty lines at the end of the file do not count.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use super::failure::{BadCsv, Failure, listed, quoted};
use fluxguard::Error;

/// What a column's cells are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Finite numbers.
    Numbers,
    /// Categories, none of which is a number.
    Words,
    /// Categories because the caller says so; numbers are names, too.
    Categories,
    /// Names because the caller says so, each kept in its place.
    Text,
}

/// A column's cells.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// In the order of the file.
    Numbers(Vec<f64>),
    /// How often each category stands there.
    Categories(BTreeMap<String, u64>),
    /// In the order of the file.
    Text(Vec<String>),
}

/// One feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// From the header.
    pub name: String,
    /// What stands below it.
    pub kind: Kind,
    /// All of it.
    pub cells: Cells,
    /// Line and text of the first cell.
    pub first: (u64, String),
}

/// A whole file.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The file, as errors name it.
    pub file: String,
    /// In the order of the file; their names differ, and there is at least one.
    pub columns: Vec<Column>,
    /// Lines below the header, at least 1.
    pub observations: usize,
}

impl Sample {
    /// Reads the file at `path`, or standard input for `-`. Columns named in `known` hold what it says; of others the
    /// first cell decides. `argument` names the path in errors.
    ///
    /// # Errors
    /// [`Error::PathUnusable`]; [`BadCsv`] for the first thing that is wrong with the content.
    pub fn read(argument: &'static str, path: &Path, known: &BTreeMap<String, Kind>) -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        let (file, done) = if is_standard_input(path) {
            ("standard input".to_owned(), std::io::stdin().lock().read_to_end(&mut bytes))
        } else {
            let open = std::fs::File::open(path);
            (path.display().to_string(), open.and_then(|mut file| file.read_to_end(&mut bytes)))
        };
        if let Err(e) = done {
            return Err(Error::PathUnusable { argument, path: file, purpose: "read", reason: e.to_string() }.into());
        }
        Ok(Self::parse(file, &bytes, known)?)
    }

    fn parse(file: String, bytes: &[u8], known: &BTreeMap<String, Kind>) -> Result<Self, BadCsv> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if let Err(e) = std::str::from_utf8(bytes) {
            let line = 1 + line_feeds(&bytes[..e.valid_up_to()]);
            return Err(bad(&file, Some(line), None, "the text is not UTF-8", "save the file as UTF-8"));
        }
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(bytes);
        let mut lines = Lines { bytes, at: 0, line: 1 };
        let mut record = csv::StringRecord::new();
        let mut columns: Vec<Column> = Vec::new();
        let mut observations = 0;
        loop {
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(e) => return Err(bad(&file, None, None, &e.to_string(), "expected a CSV")),
            }
            let begin = record.position().map_or(0, |position| position.byte() as usize);
            let line = lines.line_of(begin).map_err(|line| {
                bad(&file, Some(line), None, "the line is empty", "remove it, or give it a cell for each column")
            })?;
            if columns.is_empty() {
                columns = header(&file, line, &record, known)?;
                continue;
            }
            observations += 1;
            if record.len() != columns.len() {
                return Err(ragged(&file, line, &record, &columns));
            }
            for (column, cell) in columns.iter_mut().zip(&record) {
                let known = known.contains_key(&column.name);
                if let Err((problem, mend)) = column.push(line, cell, known) {
                    return Err(bad(&file, Some(line), Some(&column.name), &problem, &mend));
                }
            }
        }
        if columns.is_empty() {
            let mend = "expected a CSV with a header and a line for each observation";
            return Err(bad(&file, None, None, "the file is empty", mend));
        }
        if observations == 0 {
            let mend = "add at least one line below it";
            return Err(bad(&file, Some(1), None, "there is a header and no observation", mend));
        }
        Ok(Sample { file, columns, observations })
    }

    /// The columns' names, for an error.
    pub fn names(&self) -> String {
        listed(self.columns.iter().map(|column| column.name.as_str()))
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Whether `path` stands for standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Column {
    fn new(name: &str, kind: Kind) -> Self {
        let cells = match kind {
            Kind::Numbers => Cells::Numbers(Vec::new()),
            Kind::Words | Kind::Categories => Cells::Categories(BTreeMap::new()),
            Kind::Text => Cells::Text(Vec::new()),
        };
        Column { name: name.to_owned(), kind, cells, first: (0, String::new()) }
    }

    /// Adds a cell; the first of a column that is not `known` says what it holds. Else the problem and its mend.
    fn push(&mut self, line: u64, cell: &str, known: bool) -> Result<(), (String, String)> {
        if cell.is_empty() {
            return Err(("the cell is empty".into(), "give it a value, or remove the line".into()));
        }
        let number = cell.parse::<f64>();
        if self.first.0 == 0 {
            if !known && number.is_err() {
                *self = Column::new(&self.name, Kind::Words);
            }
            self.first = (line, cell.to_owned());
        }
        let like = if self.first.0 == line { "the reference".into() } else { format!("line {}", self.first.0) };
        let problem = match (self.kind, &number) {
            (Kind::Categories | Kind::Text, _) | (Kind::Words, Err(_)) => None,
            (Kind::Numbers | Kind::Words, Ok(x)) if !x.is_finite() => Some("which is not a finite number".into()),
            (Kind::Numbers, Ok(_)) => None,
            (Kind::Numbers, Err(_)) => Some(format!("expected a number, as in {like}")),
            (Kind::Words, Ok(_)) => Some(format!("a number, expected text, as in {like}")),
        };
        if let Some(problem) = problem {
            let mend = "mend the cell or remove the line (compare can take the column as categories: --categorical";
            return Err((format!("got {}, {problem}", quoted(cell)), format!("{mend} {})", quoted(&self.name))));
        }
        match (&mut self.cells, number) {
            (Cells::Numbers(values), Ok(x)) => values.push(x),
            (Cells::Numbers(_), Err(_)) => {}
            (Cells::Text(cells), _) => cells.push(cell.to_owned()),
            (Cells::Categories(counts), _) => match counts.get_mut(cell) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(cell.to_owned(), 1);
                }
            },
        }
        Ok(())
    }
}

fn header(
    file: &str,
    line: u64,
    record: &csv::StringRecord,
    known: &BTreeMap<String, Kind>,
) -> Result<Vec<Column>, BadCsv> {
    let mut columns: Vec<Column> = Vec::with_capacity(record.len());
    for (k, name) in record.iter().enumerate() {
        let here = |problem: &str, mend: &str| Err(bad(file, Some(line), Some(name), problem, mend));
        if name.is_empty() {
            let problem = format!("column {} of the header has no name", k + 1);
            let mend = "name it, or leave the column out (pandas writes one for its index unless told index=False)";
            return Err(bad(file, Some(line), None, &problem, mend));
        }
        if columns.iter().any(|column| column.name == name) {
            return here("two columns have this name", "rename one of them");
        }
        if record.len() == 1 && name.contains([';', '\t']) {
            return here("the header is a single column", "separate the columns by commas");
        }
        columns.push(Column::new(name, known.get(name).copied().unwrap_or(Kind::Numbers)));
    }
    Ok(columns)
}

fn ragged(file: &str, line: u64, record: &csv::StringRecord, columns: &[Column]) -> BadCsv {
    let (was, expected) = (record.len(), columns.len());
    let cells = if was == 1 { "cell" } else { "cells" };
    let problem = format!("{was} {cells}, expected {expected}, as in the header");
    let (column, mend) = match columns.get(was) {
        Some(missing) => (&missing.name, "this column and those after it have none: add them, or remove the line"),
        None => (&columns[expected - 1].name, "remove what comes after this column, or put text with commas in quotes"),
    };
    bad(file, Some(line), Some(column), &problem, mend)
}

fn bad(file: &str, line: Option<u64>, column: Option<&str>, problem: &str, mend: &str) -> BadCsv {
    let (file, problem, mend) = (file.to_owned(), problem.to_owned(), mend.to_owned());
    BadCsv { file, line, column: column.map(str::to_owned), problem, mend }
}

/// Columns, interleaved: an observation's features lie next to each other.
pub fn by_observation(columns: &[&[f64]]) -> Vec<f64> {
    let observations = columns.first().map_or(0, |column| column.len());
    (0..observations).flat_map(|j| columns.iter().map(move |column| column[j])).collect()
}

/// The error for columns that are not in both files; `None` where they are.
pub fn unmatched(reference: &Sample, current: &Sample) -> Option<BadCsv> {
    let absent = |from: &Sample, of: &Sample| -> Vec<String> {
        of.columns.iter().map(|column| column.name.clone()).filter(|name| from.column(name).is_none()).collect()
    };
    let (lost, new) = (absent(current, reference), absent(reference, current));
    let (names, without, with) = match (lost.is_empty(), new.is_empty()) {
        (true, true) => return None,
        (false, _) => (lost, current, reference),
        (true, false) => (new, reference, current),
    };
    let others = if names.len() > 1 {
        format!(" (nor {})", listed(names[1..].iter().map(String::as_str)))
    } else {
        String::new()
    };
    let is_data = |sample: &&Sample| sample.columns.iter().all(|column| column.name.parse::<f64>().is_ok());
    let mend = match [without, with].into_iter().find(is_data) {
        Some(sample) => format!("line 1 of {} holds numbers: is its header missing?", sample.file),
        None => format!("its columns are {}; rename, add or remove columns until both have the same", without.names()),
    };
    let problem = format!("there is no such column{others}, but {} has it", with.file);
    Some(bad(&without.file, Some(1), Some(&names[0]), &problem, &mend))
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Where records begin, in lines. The CSV reader skips empty lines and says where it began to look for the record.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the record that the reader found from byte `begin` on; the line of an empty one before it.
    fn line_of(&mut self, begin: usize) -> Result<u64, u64> {
        let mut begin = begin.min(self.bytes.len());
        // The reader stops between the two characters of a line's end.
        if begin > 0 && self.bytes[begin - 1] == b'\r' && self.bytes.get(begin) == Some(&b'\n') {
            begin += 1;
        }
        self.line += line_feeds(&self.bytes[self.at..begin]);
        self.at = begin;
        match self.bytes.get(begin) {
            Some(b'\n' | b'\r') => Err(self.line),
            _ => Ok(self.line),
        }
    }
}
