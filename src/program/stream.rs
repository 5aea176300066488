//! `fluxguard stream`: where an online detector fired on a column of values.

pub(super) mod flags;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use super::failure::{BadCsv, quoted};
use super::hints;
use super::notes::Notes;
use super::outcome::{FailOn, Outcome};
use super::roles::one_file;
use super::sample::{Cells, Dialect, Plan, Sample, Wanted, is_standard_input};
use super::text_table::{Align, number, render};
use super::{Answer, Failure};
use flags::Flags;
use fluxguard::Error;
use fluxguard::drift::online::{OnlineDetector as Detector, OnlineName, State, Takes};

/// Where an online detector fired on a stream of values, one after the other
///
/// A CSV has a header and one line per observation. A detector starts afresh after it fired. An
/// option that the detector does not have is refused with the list of those that it has.
#[derive(Debug, Args)]
pub struct Stream {
    /// CSV of the values; - is standard input
    values: PathBuf,
    /// Detector to run
    #[arg(long, value_name = "NAME", value_parser = detector_name())]
    detector: OnlineName,
    /// Column to read, where there are several
    #[arg(long, value_name = "COLUMN")]
    column: Option<String>,
    /// CSV of the other stream, of the same column and as long: what a pair's second number is
    /// (two-sample)
    #[arg(long, value_name = "CSV")]
    against: Option<PathBuf>,
    /// CSV of reference values, of the same column (martingale, mmd) [default: the first values of
    /// the stream]
    #[arg(long, value_name = "CSV")]
    reference: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    dialect: Dialect,
    /// Exit with 1 if this was found
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON.
#[derive(Debug, Serialize)]
struct Found {
    detector: OnlineName,
    column: String,
    /// Those that have a value, and were seen.
    observations: u64,
    /// Lines without a value, left out.
    #[serde(skip_serializing_if = "is_zero")]
    missing: u64,
    /// Indices from 0 of the lines at which it fired.
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
        let read =
            |argument, path: &Path, name: Option<&str>| read(argument, path, name, &self.dialect);
        let Values { column, values, hints } =
            read("VALUES", &self.values, self.column.as_deref())?;
        let mut options = self.flags.options()?;
        if let Some(path) = &self.reference {
            let reference = read("--reference", path, Some(&column))?;
            let there: Vec<f64> = reference.values.into_iter().filter(|x| !x.is_nan()).collect();
            options.insert("reference".into(), there.into());
        }
        let mut detector = Detector::new(self.detector, options.into())?;
        let against =
            self.against.as_ref().map(|path| read("--against", path, Some(&column))).transpose()?;
        let (rows, seen) = match &against {
            Some(against) => in_turn(&values, &against.values)?,
            None => values.iter().copied().enumerate().filter(|(_, x)| !x.is_nan()).unzip(),
        };
        let (n, needs) = (rows.len(), detector.needs());
        if (n as u64) < needs {
            let expected =
                format!("at least {needs}: {} cannot fire before, by its options", self.detector);
            return Err(Error::invalid("VALUES", format!("{n} observations"), expected).into());
        }
        let fired = detector.update(&seen)?;
        // Where it fired among those that were seen, in lines of the file.
        let detections: Vec<u64> =
            fired.iter().filter_map(|i| rows.get(*i as usize)).map(|row| *row as u64).collect();
        let after = detector.describe();
        let found = Found {
            detector: self.detector,
            column,
            observations: after.observations,
            missing: (values.len() - rows.len()) as u64,
            drift: !detections.is_empty(),
            detections,
            state: after.state,
            statistic: after.statistic,
        };
        let outcome = Outcome::new(found.drift, self.fail_on);
        let notes = Notes { warnings: self.one_file(), hints };
        Ok(Answer::with(self.json, &found, || table(&found, &values), outcome, &notes))
    }
}

impl Stream {
    /// Warnings where VALUES is also another file.
    fn one_file(&self) -> Vec<String> {
        let others = [("--reference", &self.reference), ("--against", &self.against)];
        let others = others.iter().filter_map(|(flag, path)| Some((*flag, path.as_deref()?)));
        let pairs = others
            .map(|other| one_file(&[("VALUES", &self.values), other], "nothing can have changed"));
        pairs.flatten().collect()
    }

    /// One file at most is standard input, and those are there that the detector wants.
    fn expect_files(&self) -> Result<(), Error> {
        let others = [("--reference", &self.reference), ("--against", &self.against)];
        let read = others.iter().filter(|(_, path)| path.as_deref().is_some_and(is_standard_input));
        let read: Vec<&str> = read.map(|(flag, _)| *flag).collect();
        match read[..] {
            [] => {}
            [_] if !is_standard_input(&self.values) => {}
            _ => {
                return Err(Error::invalid(
                    "--reference, --against",
                    "- for both files",
                    "a file for one of them",
                ));
            }
        }
        match (self.detector.takes(), &self.against) {
            (Takes::Pairs, None) => {
                let expected = format!("--against CSV: {} compares two streams", self.detector);
                Err(Error::invalid("--against", "none", expected))
            }
            (Takes::Pairs, Some(_)) | (_, None) => Ok(()),
            (_, Some(path)) => {
                let expected =
                    format!("no other stream: {} takes one; two-sample takes two", self.detector);
                Err(Error::invalid("--against", path.display(), expected))
            }
        }
    }
}

/// Lines whose both numbers have a value, and the pairs one after the other.
fn in_turn(values: &[f64], against: &[f64]) -> Result<(Vec<usize>, Vec<f64>), Error> {
    if values.len() != against.len() {
        let expected = format!("{}, as many as VALUES has", values.len());
        return Err(Error::invalid(
            "--against",
            format!("{} observations", against.len()),
            expected,
        ));
    }
    let whole = |i: &usize| !values[*i].is_nan() && !against[*i].is_nan();
    let rows: Vec<usize> = (0..values.len()).filter(whole).collect();
    let pairs = rows.iter().flat_map(|i| [values[*i], against[*i]]).collect();
    Ok((rows, pairs))
}

/// A column of numbers.
pub(super) struct Values {
    pub column: String,
    /// NaN where there is no value.
    pub values: Vec<f64>,
    /// That they may be no numbers.
    pub hints: Vec<String>,
}

/// The column `name`, or the only one.
pub(super) fn read(
    argument: &'static str,
    path: &Path,
    name: Option<&str>,
    dialect: &Dialect,
) -> Result<Values, Failure> {
    let wanted: Vec<&str> = name.into_iter().collect();
    let columns = if name.is_some() { Wanted::Named(&wanted) } else { Wanted::All };
    let sample = Sample::read(argument, path, Plan { dialect, known: &BTreeMap::new(), columns })?;
    let column = sample.only("--column", name)?;
    let bad = |problem: &str, fix: &str| BadCsv {
        file: sample.file.clone(),
        line: Some(1),
        column: Some(column.name.clone()),
        problem: problem.into(),
        fix: fix.into(),
    };
    if column.name.parse::<f64>().is_ok() {
        return Err(bad("its name is a number", "is the header missing? Add one, such as x").into());
    }
    match &column.cells {
        Cells::Numbers(_) if column.is_blank() => {
            Err(bad("no cell has a value", "choose another column: --column").into())
        }
        Cells::Numbers(values) => Ok(Values {
            column: column.name.clone(),
            values: values.clone(),
            hints: hints::of_codes(column),
        }),
        Cells::Categories(_) | Cells::Text(_) => {
            Err(bad("it holds text", "choose a column of numbers: --column").into())
        }
    }
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn table(found: &Found, values: &[f64]) -> String {
    let Found { detector, observations, detections, .. } = found;
    let times = match detections.len() {
        0 => "did not fire".into(),
        1 => "fired once".into(),
        n => format!("fired {n} times"),
    };
    let mut text =
        format!("{detector} {times} in {observations} observations of {}\n", quoted(&found.column));
    if found.missing > 0 {
        text += &format!(
            "{} lines have no value and were left out; indices are lines\n",
            found.missing
        );
    }
    if !detections.is_empty() {
        let row = |i: &u64| {
            vec![i.to_string(), values.get(*i as usize).map_or_else(String::new, |x| number(*x))]
        };
        let rows: Vec<Vec<String>> = detections.iter().map(row).collect();
        text += &format!(
            "\n{}",
            render(&[("index from 0", Align::Right), ("value", Align::Right)], &rows)
        );
    }
    text
}

fn detector_name() -> impl TypedValueParser<Value = OnlineName> {
    PossibleValuesParser::new(OnlineName::ALL.map(OnlineName::as_str))
        .try_map(|name| name.parse::<OnlineName>())
}
