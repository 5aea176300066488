//! The suite of nulls: nothing changes, and every alarm is a false one. How many there are, beside
//! what was asked for.
//!
//!     cargo bench --bench nulls -- FOLDER [ARGUMENTS]
//!
//! | arguments | |
//! |---|---|
//! | | all of it; cells go to FOLDER/cells.jsonl |
//! | `--seconds=0.1` | the same cells, each measured for so long |
//! | `--only=wasserstein` | what has this name |
//! | `compare power` | some parts: compare, guards, detectors, monitors, power |
//! | `export` | the windows, for peers: evaluate/support/nulls_peers.py |
//! | `report OUT.md` | the table of all cells that are there, ours and the peers' |
//!
//! `make evaluate ARGS=nulls` does all of it. A test, a detector or a monitor is in the suite by
//! being in its list of names (`TestName::ALL` and the others, `outlier::NAMES`, `OwnScore::of`,
//! `OnlineName::ALL`).

mod cell;
mod charts;
mod detectors;
mod draws;
mod export;
mod guards;
mod kinds;
mod monitors;
mod own_scores;
mod plot;
mod power;
mod report;
mod short_references;
mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cell::{About, Cell, Effort, Verdict};
use draws::Null;

/// Puts the cells of one kind into the suite.
type Part = fn(&mut Suite);

/// What is measured, and where it goes.
pub struct Suite {
    folder: PathBuf,
    seconds: f64,
    out: File,
    real: Vec<Null>,
    only: Option<String>,
    done: usize,
}

impl Suite {
    fn new(folder: &Path, seconds: f64) -> io::Result<Self> {
        let out = OpenOptions::new().create(true).append(true).open(folder.join("cells.jsonl"))?;
        Ok(Suite { folder: folder.into(), seconds, out, real: real(folder), only: None, done: 0 })
    }

    /// Rows of real data, where there are some.
    pub fn real(&self) -> Vec<Null> {
        self.real.clone()
    }

    /// For one cell, with at most so many trials.
    pub fn effort(&self, most: u64) -> Effort {
        Effort { seconds: self.seconds, most }
    }

    /// Whether what has this name is to be measured.
    pub fn wants(&self, what: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == what)
    }

    /// A cell of ours.
    pub fn about(
        &self,
        what: &str,
        how: &str,
        null: &Null,
        columns: usize,
        sizes: (usize, usize),
    ) -> About {
        let (values, order) = null.names();
        let columns = if let Null::Rows(_, _, width) = null { *width } else { columns };
        let (reference, window) = sizes;
        let (by, what, how) = ("fluxguard".into(), what.into(), how.into());
        About { by, what, how, values, order, reference, window, columns }
    }

    /// Prints a cell and keeps it.
    pub fn add(&mut self, cell: Cell) {
        self.done += 1;
        println!("{}", report::line(&cell));
        if let Ok(json) = serde_json::to_string(&cell)
            && writeln!(self.out, "{json}").is_err()
        {
            println!("  (it could not be written to {})", self.folder.display());
        }
    }
}

/// Held-out rows of the digits, as a network sees them: written by evaluate/support/nulls_digits.py
/// as little-endian doubles, a row an observation, in files NAME.COLUMNS.f64.
fn real(folder: &Path) -> Vec<Null> {
    let mut found = Vec::new();
    for (name, columns) in [("digits: logits", 10), ("digits: embeddings", 32)] {
        let file = format!("{}.f64", name.replace(": ", "-"));
        if let Ok(bytes) = fs::read(folder.join(file)) {
            let rows = bytes.as_chunks::<8>().0.iter().map(|x| f64::from_le_bytes(*x)).collect();
            found.push(Null::Rows(name.into(), Arc::new(rows), columns));
        }
    }
    found
}

/// The cells of all files `*.jsonl` of a folder; of one that was measured twice the later one.
fn cells(folder: &Path) -> io::Result<Vec<Cell>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    files.sort();
    let mut all: Vec<Cell> = Vec::new();
    for path in files {
        for line in io::BufReader::new(File::open(path)?).lines() {
            let cell: Cell = serde_json::from_str(&line?).map_err(io::Error::other)?;
            match all.iter_mut().find(|known| known.about == cell.about && same_asked(known, &cell))
            {
                Some(known) => *known = cell,
                None => all.push(cell),
            }
        }
    }
    Ok(all)
}

fn same_asked(a: &Cell, b: &Cell) -> bool {
    a.rates.iter().map(|rate| rate.asked).eq(b.rates.iter().map(|rate| rate.asked))
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let said = |name: &str| {
        arguments.iter().find_map(|argument| argument.strip_prefix(name)).map(str::to_owned)
    };
    let seconds = said("--seconds=").and_then(|seconds| seconds.parse().ok()).unwrap_or(2.0);
    let mut words = arguments.iter().filter(|argument| !argument.starts_with("--"));
    let folder = PathBuf::from(words.next().map_or("target/nulls", String::as_str));
    fs::create_dir_all(&folder)?;
    let words: Vec<&String> = words.collect();
    if words.first().is_some_and(|word| *word == "report") {
        return report::write(&cells(&folder)?, words.get(1).map(|path| Path::new(path.as_str())));
    }
    if words.first().is_some_and(|word| *word == "export") {
        return export::write(&folder, &real(&folder), (500.0 * seconds) as u64);
    }
    let mut suite = Suite::new(&folder, seconds)?;
    suite.only = said("--only=");
    let parts: [(&str, Part); 5] = [
        ("compare", tests::run),
        ("guards", guards::run),
        ("detectors", detectors::run),
        ("monitors", monitors::run),
        ("power", power::run),
    ];
    for (name, run) in parts {
        if words.is_empty() || words.iter().any(|word| *word == name) {
            run(&mut suite);
        }
    }
    println!("{} cells", suite.done);
    let exceeding =
        cells(&folder)?.iter().filter(|cell| cell.verdict() == Verdict::Exceeds).count();
    println!("{exceeding} exceed what was asked");
    Ok(())
}
