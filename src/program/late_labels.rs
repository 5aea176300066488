//! `fluxguard late-labels`: predictions joined with the labels that came later, and the outcomes watched.

mod ids;
mod vocabulary;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::classes::{numbers, texts};
use super::failure::{BadCsv, listed, quoted};
use super::notes::Notes;
use super::outcome::{FailOn, Outcome};
use super::sample::{Dialect, Kind, Missing, Plan, Sample, Wanted, counted, is_same_file, is_standard_input};
use super::stream::flags::Flags;
use super::text_table::{Align, number, render};
use super::times::{Clock, times};
use super::{Answer, Failure};
use fluxguard::Error;
use fluxguard::drift::online::{StreamName, Takes};
use fluxguard::performance::late::{
    Counts, Detection, Id, LateLabels, LateOptions, Order, Outcome as Of, RealisedChunk,
};
use ids::{IdKind, Ids, Name};
use vocabulary::{Vocabulary, same_class};

/// Joins predictions with the labels that came later, by id, and watches the outcomes by an online detector
///
/// Both files have a column of ids (any text; where all are whole numbers, 7 and 7.0 are one) and one of times (numbers, or ISO 8601, all
/// with a zone or all without), and stand in the order of time. Predictions and labels are numbers, or for the outcome error any names of
/// classes. Labels that came twice, too late or for nothing are counted; lines that lack a value are left out.
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
    /// Two names of one class, such as 1=True; again for more
    #[arg(long, value_name = "PREDICTION=LABEL", value_parser = same_class)]
    same_class: Vec<(String, String)>,
    /// What ids are [default: int where all are whole numbers without zeros in front]
    #[arg(long, value_name = "KIND")]
    ids: Option<IdKind>,
    /// What an outcome is
    #[arg(long, value_name = "NAME", default_value = "error")]
    outcome: OutcomeName,
    /// In which order outcomes are watched
    #[arg(long, value_name = "NAME", default_value = "prediction")]
    order: OrderName,
    /// Predictions that are kept, at most
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    capacity: usize,
    /// A prediction waits no longer than this, in the unit of the times (of ISO 8601 seconds)
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
    #[command(flatten)]
    dialect: Dialect,
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
    /// Cells without a value in the file of the predictions; their lines are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_predictions: Vec<Missing>,
    /// The same in the file of the labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_labels: Vec<Missing>,
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
        let said = self.read("PREDICTIONS", &self.predictions, &self.prediction)?;
        let truth = self.read("LABELS", &self.labels, &self.label)?;
        let cells = [texts(&said, "--id", &self.id)?, texts(&truth, "--id", &self.id)?];
        let ids = Ids::new(cells.iter().flat_map(|cells| cells.iter().flatten()), self.ids);
        let (predicted, labelled, warning) = self.values(&said, &truth)?;
        let (predicted_at, clock) = self.times(&said, None)?;
        let (labelled_at, _) = self.times(&truth, clock)?;
        let predictions = self.events(&said, &ids, &predicted_at, &predicted)?;
        let labels = self.events(&truth, &ids, &labelled_at, &labelled)?;
        let mut late = LateLabels::new(self.options())?;
        let mut detections: Vec<Detection> = Vec::new();
        let mut waiting = labels.iter().peekable();
        for p in &predictions {
            while let Some(l) = waiting.next_if(|l| l.time < p.time) {
                detections.extend(late.label(&[l.id], &[l.value], Some(l.time))?);
            }
            detections.extend(late.record(&[p.id], &[p.value], Some(p.time))?);
        }
        for l in waiting {
            detections.extend(late.label(&[l.id], &[l.value], Some(l.time))?);
        }
        let told = late.describe();
        if told.counts.joined == 0 {
            return Err(nothing_joined(&ids, &predictions, &labels, &told.counts).into());
        }
        let drift = !detections.is_empty();
        let detections = detections.iter().map(|d| Found { outcome: d.outcome, id: ids.name(d.id) }).collect();
        let report = Report {
            detector: self.detector,
            counts: told.counts,
            chunks: told.chunks,
            detections,
            drift,
            missing_predictions: Missing::of(&said, &[&self.id, &self.time, &self.prediction]),
            missing_labels: Missing::of(&truth, &[&self.id, &self.time, &self.label]),
        };
        let mut notes = Notes { warnings: warning.into_iter().collect(), hints: Vec::new() };
        if is_same_file(&self.predictions, &self.labels) {
            notes.warnings.push("predictions and labels are one file".into());
        }
        let outcome = Outcome::new(report.drift, self.fail_on);
        Ok(Answer::with(self.json, &report, || table(&report), outcome, &notes))
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
        let wanted = [self.id.as_str(), self.time.as_str(), value];
        let text = wanted.iter().filter(|name| **name != value || self.of_classes());
        let known: BTreeMap<String, Kind> = text.map(|name| ((*name).to_owned(), Kind::Text)).collect();
        Sample::read(argument, path, Plan { dialect: &self.dialect, known: &known, columns: Wanted::Named(&wanted) })
    }

    /// Predictions and labels as numbers, none where there is no value, and perhaps a warning.
    #[allow(clippy::type_complexity)] // one use
    fn values(
        &self,
        said: &Sample,
        truth: &Sample,
    ) -> Result<(Vec<Option<f64>>, Vec<Option<f64>>, Option<String>), Failure> {
        if self.of_classes() {
            let predictions = texts(said, "--prediction", &self.prediction)?;
            let labels = texts(truth, "--label", &self.label)?;
            let found = Vocabulary::new(predictions, labels, &self.same_class)?;
            return Ok((found.predictions, found.labels, found.warning));
        }
        if !self.same_class.is_empty() {
            return Err(Error::invalid("--same-class", "classes", "none: this --outcome is of numbers").into());
        }
        let some = |x: &[f64]| x.iter().map(|x| (!x.is_nan()).then_some(*x)).collect::<Vec<_>>();
        let predictions = some(numbers(said, "--prediction", &self.prediction)?);
        Ok((predictions, some(numbers(truth, "--label", &self.label)?), None))
    }

    fn times(&self, sample: &Sample, clock: Option<Clock>) -> Result<(Vec<f64>, Option<Clock>), Failure> {
        times(sample, &self.time, texts(sample, "--time", &self.time)?, &self.dialect, clock)
    }

    /// The lines that have an id, a time and a value.
    fn events(
        &self,
        sample: &Sample,
        ids: &Ids<'_>,
        times: &[f64],
        values: &[Option<f64>],
    ) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::with_capacity(times.len());
        for (i, (cell, (time, value))) in
            texts(sample, "--id", &self.id)?.iter().zip(times.iter().zip(values)).enumerate()
        {
            let (Some(cell), Some(value), false) = (cell, value, time.is_nan()) else { continue };
            let Some(id) = ids.of(cell) else {
                let problem = format!("got {}, expected a whole number of 64 bits", quoted(cell));
                let (file, column) = (sample.file.clone(), Some(self.id.clone()));
                let mend = "mend it, or say --ids text".to_owned();
                return Err(BadCsv { file, line: Some(sample.line(i)), column, problem, mend }.into());
            };
            events.push(Event { time: *time, id, value: *value });
        }
        Ok(events)
    }
}

/// Why no label met a prediction.
fn nothing_joined(ids: &Ids<'_>, predictions: &[Event], labels: &[Event], counts: &Counts) -> Error {
    let known: HashMap<Id, f64> = predictions.iter().map(|p| (p.id, p.time)).collect();
    let first = |events: &[Event]| {
        let names: Vec<String> = events.iter().take(3).map(|event| ids.name(event.id).to_string()).collect();
        listed(names.iter().map(String::as_str))
    };
    let Some(met) = labels.iter().find(|l| known.contains_key(&l.id)) else {
        let was =
            format!("nothing to join: ids of predictions are {}, of labels {}", first(predictions), first(labels));
        let expected = "ids that both files have: choose the column by --id; --ids int makes 007 and 7 one";
        return Error::invalid("--id", was, expected);
    };
    if counts.unknown == counts.labels {
        let (label, prediction) = (number(met.time), number(known.get(&met.id).copied().unwrap_or(f64::NAN)));
        let was = format!(
            "nothing to join: the label of {} came at {label}, its prediction at {prediction}",
            ids.name(met.id)
        );
        return Error::invalid("--time", was, "labels that come after their predictions, in the same unit of time");
    }
    let was = format!("nothing to join: all {} labels that have a prediction came after it had gone", counts.late);
    Error::invalid("--timeout", was, "a longer one, or a larger --capacity")
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
    text += &counted(&report.missing_predictions, "their lines in the file of predictions are left out");
    text + &counted(&report.missing_labels, "their lines in the file of labels are left out")
}
