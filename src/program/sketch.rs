//! `fluxguard sketch`: columns summed up in Apache DataSketches' formats, and such sketches merged.

mod items;

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use super::failure::{BadCsv, quoted};
use super::notes::Notes;
use super::outcome::Outcome;
use super::roles::one_file;
use super::sample::{Cells, Dialect, Kind, Missing, Plan, Sample, Wanted, counted};
use super::text_table::{Align, number, render};
use super::{Answer, Failure};
use fluxguard::Error;
use fluxguard::sketch::exchange::{Frequent, Interval, SketchDescription};
use fluxguard::sketch::{Sketch as Made, SketchKind};
use items::{ItemKind, Items};

/// Sums up a column, or merges what others summed up, in the formats of Apache DataSketches
///
/// Spark, Druid, PostgreSQL, DuckDB and the libraries for Java, C++, Python and Go read and write
/// the same bytes. Merged sketches are within the stated error of one that saw everything. Cells
/// without a value are left out and counted.
#[derive(Debug, Args)]
pub struct Sketch {
    /// CSVs to take in; - is standard input
    values: Vec<PathBuf>,
    /// Quantiles: kll, tdigest; distinct items: hll, theta; frequent items: frequent-items (of
    /// text), frequent-longs
    #[arg(long, value_name = "NAME", value_parser = kind())]
    kind: SketchKind,
    /// k (kll, tdigest), lg_k (hll, theta) or the size of the map (frequent-items) [default: 200,
    /// 12, 1024]
    #[arg(long, value_name = "COUNT")]
    size: Option<u32>,
    /// What the items are: another kind is another item to every library, so say it where sketches
    /// are to be merged. Of quantiles float; frequent-items of int is written as frequent-longs
    /// [default: int where all are whole numbers, float where all are numbers, and text where one
    /// has zeros in front]
    #[arg(long, value_name = "KIND")]
    items: Option<ItemKind>,
    /// Column to read, where there are several
    #[arg(long, value_name = "COLUMN")]
    column: Option<String>,
    /// Sketch of this kind to merge; may be given several times
    #[arg(long = "merge", value_name = "FILE")]
    merged: Vec<PathBuf>,
    /// File to write the sketch to
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    dialect: Dialect,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    description: SketchDescription,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantiles: Option<Vec<Quantile>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequent: Option<Vec<Frequent>>,
    /// What was taken in here, of distinct and frequent items.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<ItemKind>,
    /// Columns with cells that have no value, of each file that has some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

#[derive(Debug, Serialize)]
struct Quantile {
    rank: f64,
    value: Option<f64>,
}

const RANKS: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

impl Sketch {
    /// Reads, merges, writes and says what the sketch has to say.
    pub fn run(&self) -> Result<Answer, Failure> {
        if self.values.is_empty() && self.merged.is_empty() {
            return Err(Error::invalid("VALUES", "nothing", "a CSV, or --merge FILE").into());
        }
        let kind = self.kind()?;
        let mut sketch = Made::new(kind, self.size)?;
        let samples: Vec<Sample> =
            self.values.iter().map(|path| self.read(kind, path)).collect::<Result<_, _>>()?;
        let items = self.take_in(&mut sketch, &samples)?;
        let mut missing: Vec<Missing> = Vec::new();
        for sample in &samples {
            missing.extend(Missing::of(
                sample,
                &[&sample.only("--column", self.column.as_deref())?.name],
            ));
        }
        for path in &self.merged {
            let bytes = std::fs::read(path).map_err(|e| unusable("--merge", path, "read", &e))?;
            let of_path = |e| match e {
                Error::FileDamaged { reason, .. } => {
                    Error::FileDamaged { path: path.display().to_string(), reason }
                }
                Error::FileKind { was, expected, fix, .. } => {
                    Error::FileKind { path: path.display().to_string(), was, expected, fix }
                }
                other => other,
            };
            sketch.merge(&Made::from_bytes(kind, &bytes).map_err(of_path)?).map_err(of_path)?;
        }
        if let Some(path) = &self.out {
            fluxguard::files::replace("--out", path, &[&sketch.to_bytes()?])?;
        }
        let quantile = |rank: f64| Ok(Quantile { rank, value: sketch.quantile(rank)? });
        let quantiles = RANKS.map(quantile).into_iter().collect::<Result<Vec<_>, Error>>();
        let report = Report {
            description: sketch.describe()?,
            quantiles: kind.numbers_only().then_some(quantiles).transpose()?,
            frequent: kind.is_of_frequencies().then(|| sketch.frequent()).transpose()?,
            items,
            missing,
        };
        let mut notes = Notes {
            warnings: self.warnings(&report.description, &samples)?,
            hints: self.codes(&samples)?,
        };
        if let Some(items) = items
            .filter(|_| self.items.is_none() && (self.out.is_some() || !self.merged.is_empty()))
        {
            let said =
                clap::ValueEnum::to_possible_value(&items).map(|value| value.get_name().to_owned());
            let said = said.unwrap_or_default();
            notes.hints.push(format!(
                "items were taken for {said}; for sketches that are merged say so, that all parts are alike: --items {said}"
            ));
        }
        Ok(Answer::with(self.json, &report, || table(&report), Outcome::Done, &notes))
    }

    /// What may be overlooked: a file that is taken in twice, and one of which nothing is in the
    /// sketch.
    fn warnings(
        &self,
        made: &SketchDescription,
        samples: &[Sample],
    ) -> Result<Vec<String>, Failure> {
        let values = self.values.iter().map(|path| ("VALUES", path.as_path()));
        let merged = self.merged.iter().map(|path| ("--merge", path.as_path()));
        let mut warnings =
            one_file(&values.chain(merged).collect::<Vec<_>>(), "it is counted twice");
        for sample in samples {
            let column = sample.only("--column", self.column.as_deref())?;
            if column.is_blank() {
                let (name, n) = (quoted(&column.name), sample.observations);
                warnings.push(format!(
                    "no cell of column {name} of {} has a value ({n} lines): nothing of it is in the sketch",
                    sample.file
                ));
            }
        }
        if is_empty(made) {
            warnings.push("the sketch is empty".into());
        }
        Ok(warnings)
    }

    /// Columns whose zeros in front a sketch of numbers loses, where nobody said that they are
    /// numbers.
    fn codes(&self, samples: &[Sample]) -> Result<Vec<String>, Failure> {
        let numbers = self.kind.numbers_only() || self.kind == SketchKind::FrequentLongs;
        if !numbers || self.items.is_some() {
            return Ok(Vec::new());
        }
        let mut hints = Vec::new();
        for sample in samples {
            let items = Items { sample, column: sample.only("--column", self.column.as_deref())? };
            if let Some((line, cell)) = items.with_zeros() {
                let (name, cell) = (quoted(&items.column.name), quoted(&cell));
                hints.push(format!(
                    "column {name} is taken for numbers, but {cell} in line {line} has a zero in front, as ids and zip codes have: of text are \
                     --kind hll, theta and frequent-items"
                ));
            }
        }
        Ok(hints)
    }

    /// The kind, by the items: of longs there is another sketch of frequent items.
    fn kind(&self) -> Result<SketchKind, Error> {
        let refused = |items: &str, expected: &str| Err(Error::invalid("--items", items, expected));
        match (self.kind, self.items) {
            (SketchKind::FrequentItems, Some(ItemKind::Int)) => Ok(SketchKind::FrequentLongs),
            (SketchKind::FrequentLongs, Some(ItemKind::Text)) => {
                refused("text", "int, or --kind frequent-items")
            }
            (SketchKind::FrequentLongs, Some(ItemKind::Float)) => {
                refused("float", "int, or --kind frequent-items")
            }
            (kind, Some(ItemKind::Int | ItemKind::Text)) if kind.numbers_only() => {
                refused("int or text", "float: this sketch is of quantiles")
            }
            (kind, _) => Ok(kind),
        }
    }

    fn read(&self, kind: SketchKind, path: &Path) -> Result<Sample, Failure> {
        let wanted: Vec<&str> = self.column.as_deref().into_iter().collect();
        let text = !kind.numbers_only();
        let known =
            self.column.iter().filter(|_| text).map(|name| (name.clone(), Kind::Text)).collect();
        let columns = match self.column {
            Some(_) => Wanted::Named(&wanted),
            None if text => Wanted::AllAs(Kind::Text),
            None => Wanted::All,
        };
        Sample::read("VALUES", path, Plan { dialect: &self.dialect, known: &known, columns })
    }

    /// Takes in all columns; what their items were, where that is a question.
    fn take_in(&self, sketch: &mut Made, samples: &[Sample]) -> Result<Option<ItemKind>, Failure> {
        let mut all = Vec::with_capacity(samples.len());
        for sample in samples {
            all.push(Items { sample, column: sample.only("--column", self.column.as_deref())? });
        }
        if sketch.kind().numbers_only() {
            for items in &all {
                match &items.column.cells {
                    Cells::Numbers(values) => {
                        sketch.update(
                            &values.iter().copied().filter(|x| !x.is_nan()).collect::<Vec<f64>>(),
                        )?;
                    }
                    Cells::Categories(_) | Cells::Text(_) => {
                        let (line, cell) = &items.column.first;
                        let problem = format!(
                            "got {}, expected a number: {} is of quantiles{}",
                            quoted(cell),
                            self.kind,
                            items.column.plainly()
                        );
                        let fix = "choose a column of numbers, or --kind hll or frequent-items"
                            .to_owned();
                        let (file, column) =
                            (items.sample.file.clone(), Some(items.column.name.clone()));
                        return Err(BadCsv { file, line: Some(*line), column, problem, fix }.into());
                    }
                }
            }
            return Ok(None);
        }
        if all.is_empty() {
            return Ok(None);
        }
        let kind = match self.items {
            Some(kind) => kind,
            None if sketch.kind() == SketchKind::FrequentLongs => ItemKind::Int,
            // Their items are text to begin with.
            None if sketch.kind() == SketchKind::FrequentItems => ItemKind::Text,
            None => ItemKind::of(&all, &self.dialect)?,
        };
        for items in &all {
            items.take_in(sketch, kind, &self.dialect)?;
        }
        Ok(Some(kind))
    }
}

fn is_empty(made: &SketchDescription) -> bool {
    made.observations == Some(0)
        || made.distinct.as_ref().is_some_and(|distinct| distinct.upper == 0.0)
}

fn unusable(
    argument: &'static str,
    path: &Path,
    purpose: &'static str,
    reason: &std::io::Error,
) -> Error {
    Error::PathUnusable {
        argument,
        path: path.display().to_string(),
        purpose,
        reason: reason.to_string(),
    }
}

fn kind() -> impl TypedValueParser<Value = SketchKind> {
    PossibleValuesParser::new(SketchKind::ALL.map(SketchKind::as_str))
        .try_map(|name| name.parse::<SketchKind>())
}

fn table(report: &Report) -> String {
    let d = &report.description;
    let mut rows = vec![
        vec!["size".to_owned(), d.size.to_string()],
        vec!["bytes".into(), d.bytes.to_string()],
    ];
    if let Some(n) = d.observations {
        rows.push(vec!["observations".into(), n.to_string()]);
    }
    if let Some(error) = d.error {
        rows.push(vec!["error of ranks or shares".into(), number(error)]);
    }
    if let Some((smallest, largest)) = d.range {
        rows.push(vec!["smallest".into(), number(smallest)]);
        rows.push(vec!["largest".into(), number(largest)]);
    }
    if let Some(Interval { estimate, lower, upper }) = d.distinct {
        rows.push(vec!["distinct items".into(), number(estimate)]);
        rows.push(vec!["at least".into(), number(lower)]);
        rows.push(vec!["at most".into(), number(upper)]);
    }
    if let Some(items) = report.items.and_then(|items| clap::ValueEnum::to_possible_value(&items)) {
        rows.push(vec!["items".into(), items.get_name().to_owned()]);
    }
    let mut text = render(&[(d.kind.as_str(), Align::Left), ("", Align::Right)], &rows);
    if let Some(quantiles) = &report.quantiles {
        let row = |q: &Quantile| vec![number(q.rank), q.value.map_or_else(|| "-".into(), number)];
        let rows: Vec<Vec<String>> = quantiles.iter().map(row).collect();
        text += &format!("\n{}", render(&[("rank", Align::Right), ("value", Align::Right)], &rows));
    }
    if let Some(frequent) = &report.frequent {
        let row = |f: &Frequent| vec![f.item.clone(), f.lower.to_string(), f.upper.to_string()];
        let rows: Vec<Vec<String>> = frequent.iter().take(20).map(row).collect();
        let header = [("item", Align::Left), ("at least", Align::Right), ("at most", Align::Right)];
        text += &format!("\n{}", render(&header, &rows));
    }
    text + &counted(&report.missing, "they are left out")
}
