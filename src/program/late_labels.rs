//! `fluxguard late-labels`: predictions joined with the labels that came later, and the outcomes
//! watched.

mod events;
mod ids;
mod report;
mod vocabulary;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::classes::{numbers, texts};
use super::failure::quoted;
use super::notes::Notes;
use super::outcome::{FailOn, Outcome};
use super::roles::expect_different;
use super::sample::{
    Dialect, Kind, Missing, Plan, Sample, Wanted, is_same_file, is_standard_input,
};
use super::stream::flags::Flags;
use super::times::{Clock, times};
use super::{Answer, Failure};
use events::{Event, first_without_label, nothing_joined};
use fluxguard::Error;
use fluxguard::drift::online::{OnlineName, Takes};
use fluxguard::performance::late::{
    Counts, Detection, LateLabels, LateOptions, Order, Outcome as Of,
};
use ids::{IdKind, Ids};
use report::{Found, Report, table};
use vocabulary::{Vocabulary, same_class};

/// Joins predictions with the labels that came later, by id, and watches the outcomes by an online
/// detector
///
/// Both files have a column of ids (any text; where all are whole numbers, 7 and 7.0 are one) and
/// one of times (numbers, or ISO 8601, all with a zone or all without), and stand in the order of
/// time. Predictions and labels are numbers, or for the outcome error any names of classes. Labels
/// that came twice, too late or for nothing are counted; lines that lack a value are left out.
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
    /// Outcomes in a chunk of realized performance
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    chunk_size: usize,
    /// Detector that sees the outcomes
    #[arg(long, value_name = "NAME", default_value = "betting", value_parser = detector_name())]
    detector: OnlineName,
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

impl Late {
    /// Replays both files in the order of time; at one time predictions come first.
    pub fn run(&self) -> Result<Answer, Failure> {
        if is_standard_input(&self.predictions) && is_standard_input(&self.labels) {
            return Err(Error::invalid(
                "PREDICTIONS",
                "- for both files",
                "a file for one of them",
            )
            .into());
        }
        for value in [("--prediction", &self.prediction), ("--label", &self.label)] {
            for key in [("--id", &self.id), ("--time", &self.time)] {
                expect_different([key, value].map(|(flag, column)| (flag, column.as_str())))?;
            }
        }
        let said = self.read("PREDICTIONS", &self.predictions, &self.prediction)?;
        let truth = self.read("LABELS", &self.labels, &self.label)?;
        let cells = [texts(&said, "--id", &self.id)?, texts(&truth, "--id", &self.id)?];
        let ids = Ids::new(cells.iter().flat_map(|cells| cells.iter().flatten()), self.ids);
        let (predicted, labeled, warning) = self.values(&said, &truth)?;
        let (predicted_at, clock) = self.times(&said, None)?;
        let (labeled_at, _) = self.times(&truth, clock)?;
        let predictions = self.events(&said, &ids, &predicted_at, &predicted)?;
        let labels = self.events(&truth, &ids, &labeled_at, &labeled)?;
        let mut late = LateLabels::new(self.options()?)?;
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
        let described = late.describe();
        if described.counts.joined == 0 {
            return Err(nothing_joined(&ids, &predictions, &labels, &described.counts).into());
        }
        let drift = !detections.is_empty();
        let detections =
            detections.iter().map(|d| Found { outcome: d.outcome, id: ids.name(d.id) }).collect();
        let report = Report {
            detector: self.detector,
            counts: described.counts,
            chunks: described.chunks,
            detections,
            drift,
            missing_predictions: Missing::of(&said, &[&self.id, &self.time, &self.prediction]),
            missing_labels: Missing::of(&truth, &[&self.id, &self.time, &self.label]),
        };
        let mut notes = Notes { warnings: warning.into_iter().collect(), hints: Vec::new() };
        if is_same_file(&self.predictions, &self.labels) {
            notes.warnings.push("predictions and labels are one file".into());
        }
        if self.id == self.time {
            let column = quoted(&self.id);
            notes.warnings.push(format!(
                "{column} is --id and --time: a label counts as come when its prediction did"
            ));
        }
        self.tell_held(&ids, &predictions, &labels, &report.counts, &mut notes);
        let outcome = Outcome::new(report.drift, self.fail_on);
        Ok(Answer::with(self.json, &report, || table(&report), outcome, &notes))
    }

    fn options(&self) -> Result<LateOptions, Error> {
        Ok(LateOptions {
            detector: self.detector,
            detector_options: self.flags.options()?.into(),
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
        })
    }

    /// Says what outcomes wait for that are held: half of them or more is a warning.
    fn tell_held(
        &self,
        ids: &Ids<'_>,
        predictions: &[Event],
        labels: &[Event],
        counts: &Counts,
        notes: &mut Notes,
    ) {
        if counts.held == 0 {
            return;
        }
        // Those that went by --timeout or --capacity hold nothing.
        let first = first_without_label(predictions, labels)
            .filter(|_| counts.expired + counts.evicted == 0);
        let whose = first.map_or_else(
            || "an earlier prediction".into(),
            |p| format!("the prediction {}", ids.name(p.id)),
        );
        let (held, joined) = (counts.held, counts.joined);
        let text = format!(
            "{held} of {joined} outcomes were not watched: outcomes are watched in the order of the predictions, and {whose}, which comes before \
             them, has no label; say --order arrival, or --timeout TIME (or a smaller --capacity) after which it is given up"
        );
        if 2 * held >= joined { notes.warnings.push(text) } else { notes.hints.push(text) }
    }

    /// Whether values may be text: only whether they are equal counts.
    fn of_classes(&self) -> bool {
        matches!(self.outcome, OutcomeName::Error)
    }

    fn read(&self, argument: &'static str, path: &Path, value: &str) -> Result<Sample, Failure> {
        let wanted = [self.id.as_str(), self.time.as_str(), value];
        let text = wanted.iter().filter(|name| **name != value || self.of_classes());
        let known: BTreeMap<String, Kind> =
            text.map(|name| ((*name).to_owned(), Kind::Text)).collect();
        Sample::read(
            argument,
            path,
            Plan { dialect: &self.dialect, known: &known, columns: Wanted::Named(&wanted) },
        )
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
            return Err(Error::invalid(
                "--same-class",
                "classes",
                "none: this --outcome is of numbers",
            )
            .into());
        }
        let some = |x: &[f64]| x.iter().map(|x| (!x.is_nan()).then_some(*x)).collect::<Vec<_>>();
        let predictions = some(numbers(said, "--prediction", &self.prediction)?);
        Ok((predictions, some(numbers(truth, "--label", &self.label)?), None))
    }

    fn times(
        &self,
        sample: &Sample,
        clock: Option<Clock>,
    ) -> Result<(Vec<f64>, Option<Clock>), Failure> {
        times(sample, &self.time, texts(sample, "--time", &self.time)?, &self.dialect, clock)
    }
}

fn detector_name() -> impl TypedValueParser<Value = OnlineName> {
    let single = OnlineName::ALL
        .into_iter()
        .filter(|name| matches!(name.takes(), Takes::Values | Takes::Outcomes));
    PossibleValuesParser::new(single.map(OnlineName::as_str))
        .try_map(|name| name.parse::<OnlineName>())
}
