//! `fluxguard late-labels`: predictions joined with the labels that came later, and the outcomes watched.

mod ids;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::classes::{Classes, all_numbers, as_numbers, numbers, texts};
use super::outcome::{FailOn, Outcome};
use super::sample::{Kind, Sample, is_standard_input};
use super::stream::flags::Flags;
use super::text_table::{Align, number, render};
use super::{Answer, Failure};
use fluxguard::Error;
use fluxguard::drift::online::{StreamName, Takes};
use fluxguard::performance::late::{
    Counts, Detection, Id, LateLabels, LateOptions, Order, Outcome as Of, RealisedChunk,
};
use ids::{Ids, Name};

/// Joins predictions with the labels that came later, by id, and watches the outcomes by an online detector
///
/// Both files have a column of ids (any text; where all are whole numbers, 7 and 7.0 are one) and one of times, and stand in the order of
/// time. Predictions and labels are numbers, or for the outcome error any names of classes. Labels that came twice, too late or for
/// nothing are counted.
#[derive(Debug, Args)]
pub struct Late {
    /// CSV of predictions
    predictions: PathBuf,
    /// CSV of labels; - is standard input
    labels: PathBuf,
    /// Column of the ids, in both files
    #[arg(long, value_name = "COLUMN", default_value = "id")]
    id: String,
    /// Column of the times, in both files
    #[arg(long, value_name = "COLUMN", default_value = "time")]
    time: String,
    /// Column of the predictions
    #[arg(long, value_name = "COLUMN", default_value = "prediction")]
    prediction: String,
    /// Column of the labels
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    label: String,
    /// What an outcome is
    #[arg(long, value_name = "NAME", default_value = "error")]
    outcome: OutcomeName,
    /// In which order outcomes are watched
    #[arg(long, value_name = "NAME", default_value = "prediction")]
    order: OrderName,
    /// Predictions that are kept, at most
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    capacity: usize,
    /// A prediction waits no longer than this, in the unit of the times
    #[arg(long, value_name = "TIME")]
    timeout: Option<f64>,
    /// Outcomes in a chunk of realised performance
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    chunk_size: usize,
    /// Detector that sees the outcomes
    #[arg(long, value_name = "NAME", default_value = "betting", value_parser = detector_name())]
    detector: StreamName,
    #[command(flatten)]
    flags: Flags,
    /// Exit with 1 where this was found
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OutcomeName {
    Error,
    AbsoluteError,
    SquaredError,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OrderName {
    /// That of the predictions
    Prediction,
    /// That of the labels
    Arrival,
}

/// The JSON.
#[derive(Debug, Serialize)]
struct Report {
    detector: StreamName,
    counts: Counts,
    chunks: Vec<RealisedChunk>,
    detections: Vec<Found>,
    drift: bool,
}

/// Where the detector fired.
#[derive(Debug, Serialize)]
struct Found {
    outcome: u64,
    id: Name,
}

/// One line of either file.
struct Event {
    time: f64,
    id: Id,
    value: f64,
}

impl Late {
    /// Replays both files in the order of time; at one time predictions come first.
    pub fn run(&self) -> Result<Answer, Failure> {
        if is_standard_input(&self.predictions) && is_standard_input(&self.labels) {
            return Err(Error::invalid("PREDICTIONS", "- for both files", "a file for one of them").into());
        }
        let predictions = self.read("PREDICTIONS", &self.predictions, &self.prediction)?;
        let labels = self.read("LABELS", &self.labels, &self.label)?;
        let ids = [texts(&predictions, "--id", &self.id)?, texts(&labels, "--id", &self.id)?];
        let ids = Ids::new(ids[0].iter().chain(ids[1]));
        let classes = self.classes(&predictions, &labels)?;
        let predictions = self.events(&predictions, "--prediction", &self.prediction, &ids, classes.as_ref())?;
        let labels = self.events(&labels, "--label", &self.label, &ids, classes.as_ref())?;
        let mut late = LateLabels::new(self.options())?;
        let mut detections: Vec<Detection> = Vec::new();
        let mut labels = labels.iter().peekable();
        for p in &predictions {
            while let Some(l) = labels.next_if(|l| l.time < p.time) {
                detections.extend(late.label(&[l.id], &[l.value], Some(l.time))?);
            }
            detections.extend(late.record(&[p.id], &[p.value], Some(p.time))?);
        }
        for l in labels {
            detections.extend(late.label(&[l.id], &[l.value], Some(l.time))?);
        }
        let told = late.describe();
        let drift = !detections.is_empty();
        let detections = detections.iter().map(|d| Found { outcome: d.outcome, id: ids.name(d.id) }).collect();
        let report = Report { detector: self.detector, counts: told.counts, chunks: told.chunks, detections, drift };
        let outcome = Outcome::new(report.drift, self.fail_on);
        Ok(Answer::new(self.json, &report, || table(&report), outcome))
    }

    fn options(&self) -> LateOptions {
        LateOptions {
            detector: self.detector,
            detector_options: self.flags.options().into(),
            outcome: match self.outcome {
                OutcomeName::Error => Of::Error,
                OutcomeName::AbsoluteError => Of::AbsoluteError,
                OutcomeName::SquaredError => Of::SquaredError,
            },
            order: match self.order {
                OrderName::Prediction => Order::Prediction,
                OrderName::Arrival => Order::Arrival,
            },
            capacity: self.capacity,
            timeout: self.timeout,
            chunk_size: self.chunk_size,
        }
    }

    /// Whether values may be text: only whether they are equal counts.
    fn of_classes(&self) -> bool {
        matches!(self.outcome, OutcomeName::Error)
    }

    fn read(&self, argument: &'static str, path: &Path, value: &str) -> Result<Sample, Failure> {
        let mut known = BTreeMap::from([(self.id.clone(), Kind::Text)]);
        if self.of_classes() {
            known.insert(value.to_owned(), Kind::Text);
        }
        Sample::read(argument, path, &known)
    }

    /// The classes of both files, where they are not all numbers.
    fn classes(&self, predictions: &Sample, labels: &Sample) -> Result<Option<Classes>, Failure> {
        if !self.of_classes() {
            return Ok(None);
        }
        let predictions = texts(predictions, "--prediction", &self.prediction)?;
        let labels = texts(labels, "--label", &self.label)?;
        let numbers = all_numbers(predictions) && all_numbers(labels);
        Ok((!numbers).then(|| Classes::sorted(predictions.iter().chain(labels))))
    }

    fn events(
        &self,
        sample: &Sample,
        flag: &'static str,
        name: &str,
        ids: &Ids<'_>,
        classes: Option<&Classes>,
    ) -> Result<Vec<Event>, Failure> {
        let times = numbers(sample, "--time", &self.time)?;
        if let Some(i) = times.windows(2).position(|w| w[1] < w[0]) {
            let was = format!("{} after {} in line {} of {}", times[i + 1], times[i], i + 3, sample.file);
            return Err(Error::invalid("--time", was, "lines in the order of time").into());
        }
        let values = match classes {
            Some(classes) => classes.numbers(sample, name, texts(sample, flag, name)?)?,
            None if self.of_classes() => as_numbers(sample, name, texts(sample, flag, name)?)?,
            None => numbers(sample, flag, name)?.to_vec(),
        };
        let cells = texts(sample, "--id", &self.id)?;
        let event = |((cell, &time), value): ((&String, &f64), f64)| Event { time, id: ids.of(cell), value };
        Ok(cells.iter().zip(times).zip(values).map(event).collect())
    }
}

fn detector_name() -> impl TypedValueParser<Value = StreamName> {
    let single = StreamName::ALL.into_iter().filter(|name| matches!(name.takes(), Takes::Values | Takes::Outcomes));
    PossibleValuesParser::new(single.map(StreamName::as_str)).try_map(|name| name.parse::<StreamName>())
}

fn table(report: &Report) -> String {
    let c = &report.counts;
    let mut text =
        format!("{} fired {} times in {} outcomes\n\n", report.detector, report.detections.len(), c.joined - c.held);
    let counts = [
        ("predictions", c.predictions),
        ("  joined", c.joined),
        ("  expired", c.expired),
        ("  evicted", c.evicted),
        ("  waiting", c.waiting),
        ("labels", c.labels),
        ("  duplicate", c.duplicate),
        ("  late", c.late),
        ("  unknown", c.unknown),
        ("repeated predictions", c.repeated),
    ];
    let rows: Vec<Vec<String>> = counts.iter().map(|(name, n)| vec![(*name).into(), n.to_string()]).collect();
    text += &render(&[("count", Align::Left), ("", Align::Right)], &rows);
    if !report.chunks.is_empty() {
        let row = |c: &RealisedChunk| vec![c.chunk.to_string(), number(c.mean), number(c.standard_error)];
        let rows: Vec<Vec<String>> = report.chunks.iter().map(row).collect();
        let header = [("chunk", Align::Right), ("mean outcome", Align::Right), ("standard error", Align::Right)];
        text += &format!("\n{}", render(&header, &rows));
    }
    if !report.detections.is_empty() {
        let row = |d: &Found| vec![d.outcome.to_string(), d.id.to_string()];
        let rows: Vec<Vec<String>> = report.detections.iter().map(row).collect();
        text += &format!("\n{}", render(&[("outcome from 0", Align::Right), ("id", Align::Right)], &rows));
    }
    text
}
