//! `fluxguard performance`: how well a model does, estimated without labels.

mod columns;
mod report;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::classes::Classes;
use super::failure::{listed, quoted};
use super::notes::Notes;
use super::outcome::{FailOn, Outcome};
use super::roles::expect_different;
use super::sample::{Column, Dialect, Missing, is_same_file, is_standard_input};
use super::text_table::number;
use super::{Answer, Failure};
use columns::Columns;
use fluxguard::Error;
use fluxguard::outlier::threshold::curves::Labeled;
use fluxguard::performance::calibration::Calibration;
use fluxguard::performance::{Estimator, Metric, Options, Problem};
use report::{Report, ScoreOf, table};

/// How well a model does on each chunk of observations, estimated without their labels
///
/// REFERENCE holds what the model said of observations with labels, which it was not trained on, in
/// the order of time; CURRENT what it said since. Classes: --score names the column of the
/// probability of class 1, or one column per class, in the order of the labels 0, 1, ... Labels and
/// predictions may be text; classes are then in the order of their names (that of no and yes, or
/// false and true), or of --class. Regression: --feature names the columns that the model saw.
/// Where CURRENT has the labels, too, what they say stands beside.
#[derive(Debug, Args)]
pub struct Performance {
    /// CSV with labels
    reference: PathBuf,
    /// CSV to estimate; - is standard input
    current: PathBuf,
    /// What the model's answers are
    #[arg(long, value_name = "NAME", default_value = "binary")]
    problem: ProblemName,
    /// Column of a probability: of class 1, or one for each class
    #[arg(long = "score", value_name = "COLUMN")]
    scores: Vec<String>,
    /// Column of a feature of a regression
    #[arg(long = "feature", value_name = "COLUMN")]
    features: Vec<String>,
    /// Column of the predictions [default: the threshold, or the likeliest class]
    #[arg(long, value_name = "COLUMN")]
    prediction: Option<String>,
    /// Column of the labels
    #[arg(long, value_name = "COLUMN")]
    label: String,
    /// Name of a class, where labels are text: of class 0, then of class 1, as the scores are
    /// [default: the reference's, sorted]
    #[arg(long = "class", value_name = "NAME")]
    classes: Vec<String>,
    /// What to estimate [default: all of the problem]
    #[arg(long = "metric", value_name = "NAME", value_parser = metric)]
    metrics: Vec<Metric>,
    /// Observations in a chunk
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    chunk_size: usize,
    /// Whether scores are calibrated on the reference
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    calibration: CalibrationName,
    /// A binary prediction is 1 from this score on
    #[arg(long, value_name = "NUMBER", default_value_t = 0.5)]
    threshold: f64,
    /// Alert bounds: so many standard deviations of the reference's chunks
    #[arg(long, value_name = "NUMBER", default_value_t = 3.0)]
    deviations: f64,
    #[command(flatten)]
    dialect: Dialect,
    /// Of the folds of cross-fitting
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Exit with 1 if this was found
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProblemName {
    Binary,
    Multiclass,
    Regression,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CalibrationName {
    /// Where it helps
    Auto,
    Always,
    Never,
}

impl Performance {
    /// Fits on the one file and estimates on the other.
    pub fn run(&self) -> Result<Answer, Failure> {
        if is_standard_input(&self.reference) && is_standard_input(&self.current) {
            return Err(
                Error::invalid("REFERENCE", "- for both files", "a file for one of them").into()
            );
        }
        expect_different(self.roles())?;
        let options = self.options();
        let (before, after) =
            (self.read("REFERENCE", &self.reference)?, self.read("CURRENT", &self.current)?);
        let classes = self.classes(&before)?;
        let reference = self.columns(&before, classes.as_ref(), true)?;
        let current = self.columns(&after, classes.as_ref(), false)?;
        let mut notes = Notes::default();
        self.expect_classes(&reference, classes.as_ref(), &mut notes)?;
        if is_same_file(&self.reference, &self.current) {
            notes
                .warnings
                .push("REFERENCE and CURRENT are one file: nothing can have changed".into());
        }
        let estimator = Estimator::fit(&reference.answers()?, options)?;
        let estimate = estimator.estimate(&current.answers()?)?;
        let described = estimator.describe();
        let mut chunks = estimate.chunks;
        for chunk in &mut chunks {
            let line = |at: usize| current.rows.get(at).copied().unwrap_or_default();
            (chunk.start, chunk.end) = (line(chunk.start), line(chunk.end - 1) + 1);
        }
        let mut names: Vec<&str> = self.wanted();
        if after.column(&self.label).is_none_or(Column::is_blank) {
            names.retain(|name| *name != self.label);
        } else if current.labels.is_none() {
            notes.hints.push(
                "some lines of CURRENT have no label: what the labels say is not shown".into(),
            );
        }
        let missing = Missing::since(&before, &after, &names)?;
        let report = Report {
            problem: described.options.problem,
            scores: self.score_of(classes.as_ref()),
            classes: classes.map(|classes| classes.0),
            calibrated: described.calibrated,
            bounds: described.bounds,
            chunks,
            drift: estimate.drift || missing.iter().any(Missing::drift),
            missing,
        };
        let outcome = Outcome::new(report.drift, self.fail_on);
        Ok(Answer::with(self.json, &report, || table(&report), outcome, &notes))
    }

    fn wanted(&self) -> Vec<&str> {
        self.roles().into_iter().map(|(_, column)| column).collect()
    }

    /// Flags and the columns that they name.
    fn roles(&self) -> Vec<(&'static str, &str)> {
        let scores = self.scores.iter().map(|name| ("--score", name.as_str()));
        let features = self.features.iter().map(|name| ("--feature", name.as_str()));
        let prediction = self.prediction.iter().map(|name| ("--prediction", name.as_str()));
        scores.chain(features).chain(prediction).chain([("--label", self.label.as_str())]).collect()
    }

    /// Which column is the probability of which class.
    fn score_of(&self, classes: Option<&Classes>) -> Vec<ScoreOf> {
        let first = usize::from(matches!(self.problem, ProblemName::Binary));
        let name = |class: usize| {
            classes.and_then(|c| c.0.get(class).cloned()).unwrap_or_else(|| class.to_string())
        };
        let of = |(i, column): (usize, &String)| ScoreOf {
            column: column.clone(),
            class: name(i + first),
        };
        self.scores.iter().enumerate().map(of).collect()
    }

    /// A reference of one class shows nothing of the others; scores that rank the classes the wrong
    /// way round are those of the other.
    fn expect_classes(
        &self,
        reference: &Columns,
        classes: Option<&Classes>,
        notes: &mut Notes,
    ) -> Result<(), Failure> {
        let Some(labels) = reference.labels.as_ref().filter(|_| !self.is_regression()) else {
            return Ok(());
        };
        let name = |class: usize| {
            classes.and_then(|c| c.0.get(class).cloned()).unwrap_or_else(|| class.to_string())
        };
        let seen: BTreeSet<usize> = labels.iter().map(|label| *label as usize).collect();
        if let [only] = seen.iter().copied().collect::<Vec<_>>()[..] {
            let was = format!("labels of REFERENCE that are all {}", quoted(&name(only)));
            return Err(Error::invalid(
                "--label",
                was,
                "observations of each class in the reference",
            )
            .into());
        }
        if matches!(self.problem, ProblemName::Multiclass) {
            let lacking: Vec<String> =
                (0..self.scores.len()).filter(|c| !seen.contains(c)).map(name).collect();
            if !lacking.is_empty() {
                let lacking = listed(lacking.iter().map(String::as_str));
                notes
                    .warnings
                    .push(format!("no label of REFERENCE is {lacking}: is the order of --score that of the classes?"));
            }
            return Ok(());
        }
        let truth: Vec<bool> = labels.iter().map(|label| *label == 1.0).collect();
        let auroc = Labeled::new(&reference.scores, &truth)?.quality(f64::INFINITY)?.auroc;
        if auroc < 0.4 {
            let (no, yes) = (quoted(&name(0)), quoted(&name(1)));
            let auroc = number(auroc);
            notes.warnings.push(format!(
                "in REFERENCE the score is higher for {no} than for {yes} (AUROC {auroc}), but counts as the probability of {yes}: if it is that \
                 of {no}, say --class={yes} --class={no}"
            ));
        }
        Ok(())
    }

    fn options(&self) -> Options {
        Options {
            problem: match self.problem {
                ProblemName::Binary => Problem::Binary,
                ProblemName::Multiclass => Problem::Multiclass,
                ProblemName::Regression => Problem::Regression,
            },
            metrics: self.metrics.clone(),
            chunk_size: self.chunk_size,
            calibration: match self.calibration {
                CalibrationName::Auto => Calibration::Auto,
                CalibrationName::Always => Calibration::Always,
                CalibrationName::Never => Calibration::Never,
            },
            threshold: self.threshold,
            deviations: self.deviations,
            seed: self.seed,
        }
    }

    fn is_regression(&self) -> bool {
        matches!(self.problem, ProblemName::Regression)
    }
}

fn metric(name: &str) -> Result<Metric, String> {
    let known: Vec<Metric> = [Problem::Binary, Problem::Regression]
        .iter()
        .flat_map(|p| Metric::of(*p))
        .copied()
        .collect();
    known.iter().find(|metric| metric.as_str() == name).copied().ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|metric| metric.as_str()).collect();
        format!("expected one of {}", names.join(", "))
    })
}
