//! `fluxguard stream`: where an online detector fired on a column of values.

pub(super) mod flags;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use super::failure::{BadCsv, quoted};
use super::outcome::{FailOn, Outcome};
use super::sample::{Cells, Column, Sample, is_standard_input};
use super::text_table::{Align, number, render};
use super::{Answer, Failure};
use flags::Flags;
use fluxguard::Error;
use fluxguard::drift::online::{State, Stream as Detector, StreamName, Takes};

/// Where an online detector fired on a stream of values, one after the other
///
/// A CSV has a header and one line an observation. A detector starts afresh after it fired. An option that the
/// detector does not have is refused with the list of those that it has.
#[derive(Debug, Args)]
pub struct Stream {
    /// CSV of the values; - is standard input
    values: PathBuf,
    /// Detector to run
    #[arg(long, value_name = "NAME", value_parser = detector_name())]
    detector: StreamName,
    /// Column to read, where there are several
    #[arg(long, value_name = "COLUMN")]
    column: Option<String>,
    /// CSV of the other stream, of the same column and as long: what a pair's second number is (two-sample)
    #[arg(long, value_name = "CSV")]
    against: Option<PathBuf>,
    /// CSV of reference values, of the same column (martingale, mmd) [default: the first values of the stream]
    #[arg(long, value_name = "CSV")]
    reference: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
    /// Exit with 1 where this was found
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON.
#[derive(Debug, Serialize)]
struct Found {
    detector: StreamName,
    column: String,
    observations: u64,
    /// Indices from 0 of the observations at which it fired.
    detections: Vec<u64>,
    /// After the last observation.
    state: State,
    statistic: f64,
    drift: bool,
}

impl Stream {
    /// Reads the values, runs the detector and says where it fired.
    pub fn run(&self) -> Result<Answer, Failure> {
        self.expect_files()?;
        let (column, values) = read("VALUES", &self.values, self.column.as_deref())?;
        let mut options = self.flags.options();
        if let Some(path) = &self.reference {
            let (_, reference) = read("--reference", path, Some(&column))?;
            options.insert("reference".into(), reference.into());
        }
        let mut detector = Detector::new(self.detector, options.into())?;
        let (n, needs) = (values.len(), detector.needs());
        if (n as u64) < needs {
            let expected = format!("at least {needs}: {} cannot fire before, by its options", self.detector);
            return Err(Error::invalid("VALUES", format!("{n} observations"), expected).into());
        }
        let pairs;
        let detections = match &self.against {
            Some(path) => {
                pairs = in_turn(&values, &read("--against", path, Some(&column))?.1)?;
                detector.update(&pairs)?
            }
            None => detector.update(&values)?,
        };
        let after = detector.describe();
        let found = Found {
            detector: self.detector,
            column,
            observations: after.observations,
            drift: !detections.is_empty(),
            detections,
            state: after.state,
            statistic: after.statistic,
        };
        let outcome = Outcome::new(found.drift, self.fail_on);
        Ok(Answer::new(self.json, &found, || table(&found, &values), outcome))
    }
}

impl Stream {
    /// One file at most is standard input, and those are there that the detector wants.
    fn expect_files(&self) -> Result<(), Error> {
        let others = [("--reference", &self.reference), ("--against", &self.against)];
        let read = others.iter().filter(|(_, path)| path.as_deref().is_some_and(is_standard_input));
        let read: Vec<&str> = read.map(|(flag, _)| *flag).collect();
        match read[..] {
            [] => {}
            [_] if !is_standard_input(&self.values) => {}
            _ => return Err(Error::invalid("--reference, --against", "- for both files", "a file for one of them")),
        }
        match (self.detector.takes(), &self.against) {
            (Takes::Pairs, None) => {
                let expected = format!("--against CSV: {} compares two streams", self.detector);
                Err(Error::invalid("--against", "none", expected))
            }
            (Takes::Pairs, Some(_)) | (_, None) => Ok(()),
            (_, Some(path)) => {
                let expected = format!("no other stream: {} takes one; two-sample takes two", self.detector);
                Err(Error::invalid("--against", path.display(), expected))
            }
        }
    }
}

/// Pairs, one after the other.
fn in_turn(values: &[f64], against: &[f64]) -> Result<Vec<f64>, Error> {
    if values.len() != against.len() {
        let expected = format!("{}, as many as VALUES has", values.len());
        return Err(Error::invalid("--against", format!("{} observations", against.len()), expected));
    }
    Ok(values.iter().zip(against).flat_map(|(x, y)| [*x, *y]).collect())
}

/// The name and the values of the column `name`, or of the only one.
pub(super) fn read(argument: &'static str, path: &Path, name: Option<&str>) -> Result<(String, Vec<f64>), Failure> {
    let mut sample = Sample::read(argument, path, &BTreeMap::new())?;
    let known = sample.names();
    let column =
        match name {
            Some(name) => sample.columns.iter().position(|column| column.name == name).ok_or_else(|| {
                Error::invalid("--column", quoted(name), format!("a column of {}: {known}", sample.file))
            })?,
            None if sample.columns.len() == 1 => 0,
            None => {
                let was = format!("{} columns in {}", sample.columns.len(), sample.file);
                return Err(Error::invalid("--column", was, format!("one of them by name: {known}")).into());
            }
        };
    let Column { name, cells, .. } = sample.columns.swap_remove(column);
    let bad = |problem: &str, mend: &str| BadCsv {
        file: sample.file.clone(),
        line: Some(1),
        column: Some(name.clone()),
        problem: problem.into(),
        mend: mend.into(),
    };
    if name.parse::<f64>().is_ok() {
        return Err(bad("its name is a number", "is the header missing? Add one, such as x").into());
    }
    match cells {
        Cells::Numbers(values) => Ok((name, values)),
        Cells::Categories(_) | Cells::Text(_) => Err(bad("it holds text", "choose a column of numbers").into()),
    }
}

fn table(found: &Found, values: &[f64]) -> String {
    let Found { detector, observations, detections, .. } = found;
    let times = match detections.len() {
        0 => "did not fire".into(),
        1 => "fired once".into(),
        n => format!("fired {n} times"),
    };
    let mut text = format!("{detector} {times} in {observations} observations of {}\n", quoted(&found.column));
    if !detections.is_empty() {
        let row = |i: &u64| vec![i.to_string(), values.get(*i as usize).map_or_else(String::new, |x| number(*x))];
        let rows: Vec<Vec<String>> = detections.iter().map(row).collect();
        text += &format!("\n{}", render(&[("index from 0", Align::Right), ("value", Align::Right)], &rows));
    }
    text
}

fn detector_name() -> impl TypedValueParser<Value = StreamName> {
    PossibleValuesParser::new(StreamName::ALL.map(StreamName::as_str)).try_map(|name| name.parse::<StreamName>())
}
