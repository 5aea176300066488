//! `fluxguard sketch`: columns summed up in Apache DataSketches' formats, and such sketches merged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use super::failure::quoted;
use super::outcome::Outcome;
use super::sample::{Cells, Sample};
use super::text_table::{Align, number, render};
use super::{Answer, Failure};
use fluxguard::Error;
use fluxguard::sketch::exchange::{Description, Frequent, Interval};
use fluxguard::sketch::{Sketch as Made, SketchKind};

/// Sums up a column, or merges what others summed up, in the formats of Apache DataSketches
///
/// Spark, Druid, PostgreSQL, DuckDB and the libraries for Java, C++, Python and Go read and write the same bytes. Merged sketches are within
/// the stated error of one that saw everything.
#[derive(Debug, Args)]
pub struct Sketch {
    /// CSVs to take in; - is standard input
    values: Vec<PathBuf>,
    /// Quantiles: kll, tdigest; distinct items: hll, theta; frequent items: frequent-items
    #[arg(long, value_name = "NAME", value_parser = kind())]
    kind: SketchKind,
    /// k (kll, tdigest), lg_k (hll, theta) or the size of the map (frequent-items) [default: 200, 12, 1024]
    #[arg(long, value_name = "COUNT")]
    size: Option<u32>,
    /// Column to read, where there are several
    #[arg(long, value_name = "COLUMN")]
    column: Option<String>,
    /// Sketch of this kind to merge; may be given several times
    #[arg(long = "merge", value_name = "FILE")]
    merged: Vec<PathBuf>,
    /// File to write the sketch to
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    description: Description,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantiles: Option<Vec<Quantile>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequent: Option<Vec<Frequent>>,
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
        let mut sketch = Made::new(self.kind, self.size)?;
        for path in &self.values {
            self.take_in(&mut sketch, path)?;
        }
        for path in &self.merged {
            let bytes = std::fs::read(path).map_err(|e| unusable("--merge", path, "read", &e))?;
            let read = Made::from_bytes(self.kind, &bytes).map_err(|e| match e {
                Error::FileDamaged { reason, .. } => Error::FileDamaged { path: path.display().to_string(), reason },
                other => other,
            })?;
            sketch.merge(&read)?;
        }
        if let Some(path) = &self.out {
            fluxguard::files::replace("--out", path, &[&sketch.to_bytes()?])?;
        }
        let quantile = |rank: f64| Ok(Quantile { rank, value: sketch.quantile(rank)? });
        let quantiles = RANKS.map(quantile).into_iter().collect::<Result<Vec<_>, Error>>();
        let report = Report {
            description: sketch.describe()?,
            quantiles: self.kind.numbers_only().then_some(quantiles).transpose()?,
            frequent: (self.kind == SketchKind::FrequentItems).then(|| sketch.frequent()).transpose()?,
        };
        Ok(Answer::new(self.json, &report, || table(&report), Outcome::Done))
    }

    fn take_in(&self, sketch: &mut Made, path: &Path) -> Result<(), Failure> {
        let sample = Sample::read("VALUES", path, &BTreeMap::new())?;
        let column = match &self.column {
            Some(name) => sample.column(name).ok_or_else(|| {
                Error::invalid("--column", quoted(name), format!("a column of {}: {}", sample.file, sample.names()))
            })?,
            None if sample.columns.len() == 1 => &sample.columns[0],
            None => {
                let was = format!("{} columns in {}", sample.columns.len(), sample.file);
                return Err(Error::invalid("--column", was, format!("one of them: {}", sample.names())).into());
            }
        };
        match &column.cells {
            Cells::Numbers(values) => sketch.update(values)?,
            Cells::Categories(counts) => {
                sketch.update_words(counts.iter().map(|(word, count)| (word.as_str(), *count)))?;
            }
            Cells::Text(cells) => sketch.update_words(cells.iter().map(|word| (word.as_str(), 1)))?,
        }
        Ok(())
    }
}

fn unusable(argument: &'static str, path: &Path, purpose: &'static str, reason: &std::io::Error) -> Error {
    Error::PathUnusable { argument, path: path.display().to_string(), purpose, reason: reason.to_string() }
}

fn kind() -> impl TypedValueParser<Value = SketchKind> {
    PossibleValuesParser::new(SketchKind::ALL.map(SketchKind::as_str)).try_map(|name| name.parse::<SketchKind>())
}

fn table(report: &Report) -> String {
    let d = &report.description;
    let mut rows = vec![vec!["size".to_owned(), d.size.to_string()], vec!["bytes".into(), d.bytes.to_string()]];
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
    text
}
