//! `fluxguard performance`: how well a model does, estimated without labels.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::failure::{BadCsv, quoted};
use super::outcome::{FailOn, Outcome};
use super::sample::{Cells, Sample, by_observation, is_standard_input};
use super::text_table::{Align, number, render};
use super::{Answer, Failure};
use fluxguard::Error;
use fluxguard::performance::calibration::Calibration;
use fluxguard::performance::{Answers, Bound, Chunk, Estimator, Metric, Options, Problem};
use fluxguard::tensor::{Elements, Tensor};

/// How well a model does on each chunk of observations, estimated without their labels
///
/// REFERENCE holds what the model said of observations with labels, which it was not trained on, in the order of time; CURRENT what
/// it said since. Classes: --score names the column of the probability of class 1, or one column a class, in the order of the labels 0, 1, ...
/// Regression: --feature names the columns that the model saw. Where CURRENT has the labels, too, what they say stands beside.
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
    /// Of the folds of cross-fitting
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Exit with 1 where this was found
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

/// The JSON.
#[derive(Debug, Serialize)]
struct Report {
    problem: Problem,
    calibrated: Vec<bool>,
    bounds: Vec<Bound>,
    chunks: Vec<Chunk>,
    drift: bool,
}

/// The columns of a file that count.
struct Columns {
    observations: usize,
    scores: Vec<f64>,
    predictions: Option<Vec<f64>>,
    labels: Option<Vec<f64>>,
}

impl Performance {
    /// Fits on the one file and estimates on the other.
    pub fn run(&self) -> Result<Answer, Failure> {
        if is_standard_input(&self.reference) && is_standard_input(&self.current) {
            return Err(Error::invalid("REFERENCE", "- for both files", "a file for one of them").into());
        }
        let options = self.options();
        let reference = self.read("REFERENCE", &self.reference, true)?;
        let current = self.read("CURRENT", &self.current, false)?;
        let estimator = Estimator::fit(&reference.answers()?, options)?;
        let estimate = estimator.estimate(&current.answers()?)?;
        let told = estimator.describe();
        let report = Report {
            problem: told.options.problem,
            calibrated: told.calibrated,
            bounds: told.bounds,
            chunks: estimate.chunks,
            drift: estimate.drift,
        };
        let outcome = Outcome::new(report.drift, self.fail_on);
        Ok(Answer::new(self.json, &report, || table(&report), outcome))
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

    fn read(&self, argument: &'static str, path: &Path, labelled: bool) -> Result<Columns, Failure> {
        let sample = Sample::read(argument, path, &std::collections::BTreeMap::new())?;
        let (flag, names, other) = match self.problem {
            ProblemName::Regression => ("--feature", &self.features, &self.scores),
            _ => ("--score", &self.scores, &self.features),
        };
        if names.is_empty() || !other.is_empty() {
            let expected = format!("{flag} COLUMN for a problem of this kind, once or more; {}", sample.names());
            return Err(Error::invalid(flag, "other columns, or none", expected).into());
        }
        let scores: Vec<&[f64]> = names.iter().map(|name| numbers(&sample, flag, name)).collect::<Result<_, _>>()?;
        let predictions = self.prediction.as_deref().map(|name| numbers(&sample, "--prediction", name)).transpose()?;
        let labels = (labelled || sample.column(&self.label).is_some())
            .then(|| numbers(&sample, "--label", &self.label))
            .transpose()?;
        Ok(Columns {
            observations: sample.observations,
            scores: by_observation(&scores),
            predictions: predictions.map(<[f64]>::to_vec),
            labels: labels.map(<[f64]>::to_vec),
        })
    }
}

impl Columns {
    fn answers(&self) -> Result<Answers<'_>, Error> {
        Ok(Answers {
            scores: Tensor::new(Elements::F64(&self.scores), self.observations)?,
            predictions: self.predictions.as_deref(),
            labels: self.labels.as_deref(),
        })
    }
}

/// The numbers of the column of this name.
pub(super) fn numbers<'a>(sample: &'a Sample, flag: &'static str, name: &str) -> Result<&'a [f64], Failure> {
    let column = sample.column(name).ok_or_else(|| {
        Error::invalid(flag, quoted(name), format!("a column of {}: {}", sample.file, sample.names()))
    })?;
    match &column.cells {
        Cells::Numbers(values) => Ok(values),
        Cells::Categories(_) => Err(BadCsv {
            file: sample.file.clone(),
            line: Some(1),
            column: Some(name.into()),
            problem: "it holds text".into(),
            mend: "write classes as the numbers 0, 1, ...".into(),
        }
        .into()),
    }
}

fn metric(name: &str) -> Result<Metric, String> {
    let known: Vec<Metric> =
        [Problem::Binary, Problem::Regression].iter().flat_map(|p| Metric::of(*p)).copied().collect();
    known.iter().find(|metric| metric.as_str() == name).copied().ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|metric| metric.as_str()).collect();
        format!("expected one of {}", names.join(", "))
    })
}

fn table(report: &Report) -> String {
    let alerts = report.chunks.iter().filter(|chunk| chunk.alert).count();
    let calibrated = report.calibrated.iter().filter(|c| **c).count();
    let calibration = match report.calibrated.len() {
        0 => String::new(),
        n => format!("; {calibrated} of {n} scores calibrated"),
    };
    let text = format!("{alerts} alerts in {} estimates{calibration}\n\n", report.chunks.len());
    let or_none = |x: f64| if x.is_nan() { "-".to_owned() } else { number(x) };
    let row = |c: &Chunk| {
        vec![
            c.metric.to_string(),
            c.chunk.to_string(),
            format!("{}-{}", c.start, c.end - 1),
            or_none(c.estimate),
            or_none(c.sampling_error),
            or_none(c.realised.unwrap_or(f64::NAN)),
            or_none(c.lower),
            or_none(c.upper),
            if c.alert { "ALERT".into() } else { String::new() },
        ]
    };
    let header = [
        ("metric", Align::Left),
        ("chunk", Align::Right),
        ("observations", Align::Right),
        ("estimate", Align::Right),
        ("sampling error", Align::Right),
        ("realised", Align::Right),
        ("lower", Align::Right),
        ("upper", Align::Right),
        ("", Align::Left),
    ];
    text + &render(&header, &report.chunks.iter().map(row).collect::<Vec<_>>())
}
