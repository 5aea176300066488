//! `fluxguard detect`: observations of a current sample that do not look like the reference.

mod classifier;
mod sequences;
mod table;
mod texts;

pub(super) use classifier::take_labels;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};
use serde::Serialize;
use serde_json::{Map, Value};

use super::outcome::{FailOn, Outcome};
use super::sample::{Cells, Sample, by_observation, is_standard_input, unmatched};
use super::{Answer, Failure};
use fluxguard::ffi::map;
use fluxguard::outlier::{Fitted, NAMES, Spec};
use fluxguard::sequence::{self, SequenceDetector};
use fluxguard::tensor::{Elements, Tensor};
use fluxguard::{Error, store};

/// Anomaly scores of a current sample's observations, by a detector that is fitted on a reference sample
///
/// A CSV has a header and one column a feature, all numbers; columns are matched by name. An observation is anomalous where
/// its score is above the threshold, which unchanged observations exceed at the anomaly rate. Of frequency, markov and ngram an
/// observation is a sequence: a line of a text file, a cell of a CSV's --column, or all cells with the same value --by another.
/// Detectors of classifiers (msp to ood) see logits, or features with --weights and --label-column.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("detector-from").args(["detector", "load"]).required(true))]
pub struct Detect {
    /// The detector
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES.iter().chain(sequence::NAMES)), requires = "fit")]
    detector: Option<String>,
    /// CSV of the reference sample; - is standard input
    #[arg(long, value_name = "REFERENCE", requires = "detector")]
    fit: Option<PathBuf>,
    /// CSV of the current sample; - is standard input
    #[arg(long, value_name = "CURRENT", required_unless_present = "save")]
    score: Option<PathBuf>,
    /// A fitted detector, from --save
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fit", "neighbours", "trees", "seed", "standardize", "options", "weights", "label_column"])]
    load: Option<PathBuf>,
    /// Leave the points of --load's file where they are and map it: many processes share one copy
    #[arg(long, requires = "load", conflicts_with = "fit")]
    mapped: bool,
    /// Keep the fitted detector in this file
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// The fraction of unchanged observations that may be called anomalous [default: 0.01, or what the reference supports]
    #[arg(long, value_name = "RATE", value_parser = rate)]
    anomaly_rate: Option<f64>,
    /// Neighbours of knn and lof
    #[arg(long, value_name = "K")]
    neighbours: Option<usize>,
    /// Trees of iforest and eif
    #[arg(long, value_name = "N")]
    trees: Option<usize>,
    /// Seed of a detector that draws random numbers
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Centre and scale each feature before the detector sees it
    #[arg(long)]
    standardize: bool,
    /// More options of the detector, as JSON: {"covariance": "robust"}
    #[arg(long, value_name = "JSON", value_parser = object)]
    options: Option<Map<String, Value>>,
    /// CSV of a classifier's last layer: a row a class, a column a feature, and bias
    #[arg(long, value_name = "WEIGHTS", requires = "fit")]
    weights: Option<PathBuf>,
    /// Column of the reference with the class of each observation, a whole number from 0
    #[arg(long, value_name = "NAME", requires = "fit")]
    label_column: Option<String>,
    /// Column of both CSVs with the sequences; without, files are text with a sequence a line
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// Column whose equal values say that cells belong to one sequence
    #[arg(long, value_name = "NAME", requires = "column")]
    by: Option<String>,
    /// How texts are cut: whitespace, words, characters or whole
    #[arg(long, value_name = "HOW", conflicts_with = "load")]
    tokens: Option<String>,
    /// Symbols before that count (markov), or n (ngram)
    #[arg(long, value_name = "N", conflicts_with = "load")]
    order: Option<usize>,
    /// Add to each anomaly what each feature had to do with it
    #[arg(long)]
    explain: bool,
    /// Exit with 1 where this was found
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What the program says.
#[derive(Debug, Serialize)]
struct Detections {
    detector: String,
    features: Vec<String>,
    threshold: f64,
    anomaly_rate: f64,
    /// One an observation.
    scores: Vec<f64>,
    p_values: Vec<f64>,
    /// From 0.
    anomalies: Vec<usize>,
    /// Of each anomaly, one number a feature.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanations: Option<Vec<Vec<f64>>>,
}

/// A detector and the names of its features, which a file of the detector alone does not hold.
struct Ready {
    detector: Fitted,
    reference: Option<Sample>,
}

impl Detect {
    /// Fits or loads, saves, scores and says what was found.
    pub fn run(&self) -> Result<Answer, Failure> {
        if let Some(detector) = self.of_sequences()? {
            return self.run_sequences(&detector);
        }
        if self.column.is_some() || self.tokens.is_some() || self.order.is_some() {
            let expected = format!("a detector of sequences: {}", sequence::NAMES.join(", "));
            return Err(Error::invalid("--column, --tokens, --order", "for a detector of numbers", expected).into());
        }
        let ready = self.ready()?;
        if let Some(path) = &self.save {
            store::save_detector(&ready.detector, path)?;
        }
        let Some(path) = &self.score else {
            let description = ready.detector.describe();
            return Ok(Answer::new(self.json, &description, || table::saved(&description), Outcome::Done));
        };
        let mut current = Sample::read("--score", path, &BTreeMap::new())?;
        current.columns.retain(|column| self.label_column.as_ref() != Some(&column.name));
        if let Some(bad) = ready.reference.as_ref().and_then(|reference| unmatched(reference, &current)) {
            return Err(bad.into());
        }
        let names: Vec<String> = match &ready.reference {
            Some(reference) => reference.columns.iter().map(|column| column.name.clone()).collect(),
            None => current.columns.iter().map(|column| column.name.clone()).collect(),
        };
        let found = self.detect(&ready.detector, names, &current)?;
        let outcome = Outcome::new(!found.anomalies.is_empty(), self.fail_on);
        Ok(Answer::new(self.json, &found, || table::render(&found), outcome))
    }

    /// The detector, where it is one of sequences.
    fn of_sequences(&self) -> Result<Option<SequenceDetector>, Failure> {
        if let Some(name) = self.detector.as_deref().filter(|name| sequence::NAMES.contains(name)) {
            if let (Some(fit), Some(score)) = (&self.fit, &self.score)
                && is_standard_input(fit)
                && is_standard_input(score)
            {
                return Err(Error::invalid("--score", "- for both files", "a file for one of them").into());
            }
            return self.fit_sequences(name).map(Some);
        }
        // What kind of detector a file holds, it says itself.
        Ok(self.load.as_ref().and_then(|path| store::load_sequence_detector(path).ok()))
    }

    fn ready(&self) -> Result<Ready, Failure> {
        if let Some(path) = &self.load {
            let detector = if self.mapped {
                store::load_detector_mapped(path, map::read_only)?
            } else {
                store::load_detector(path)?
            };
            return Ok(Ready { detector, reference: None });
        }
        // clap demands both.
        let (Some(name), Some(fit)) = (&self.detector, &self.fit) else {
            return Err(Error::invalid("--detector", "none", "a detector and --fit").into());
        };
        if is_standard_input(fit) && self.score.as_ref().is_some_and(|score| is_standard_input(score)) {
            return Err(Error::invalid("--score", "- for both files", "a file for one of them").into());
        }
        let spec = Spec::new(name, self.detector_options())?;
        let mut reference = Sample::read("--fit", fit, &BTreeMap::new())?;
        let labels = self.label_column.as_ref().map(|name| take_labels(&mut reference, name)).transpose()?;
        let names: Vec<String> = reference.columns.iter().map(|column| column.name.clone()).collect();
        let rows = numbers(&reference, &names)?;
        let head = self.weights.as_ref().map(|path| classifier::read_head(path, &names)).transpose()?;
        let rows = Tensor::new(Elements::F64(&rows), reference.observations)?;
        let detector = Fitted::fit_classifier(&spec, &rows, labels.as_deref(), head.as_ref())?;
        Ok(Ready { detector, reference: Some(reference) })
    }

    fn detector_options(&self) -> Map<String, Value> {
        let mut options = self.options.clone().unwrap_or_default();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                options.insert(name.to_owned(), value);
            }
        };
        set("neighbours", self.neighbours.map(Value::from));
        set("trees", self.trees.map(Value::from));
        set("tokens", self.tokens.clone().map(Value::from));
        set("order", self.order.map(Value::from));
        set("seed", self.seed.map(Value::from));
        set("standardize", self.standardize.then_some(Value::from(true)));
        options
    }

    /// What was asked for, or 1 %, or the lowest that so many scores support.
    fn anomaly_rate(&self, calibrated: usize) -> f64 {
        self.anomaly_rate.unwrap_or((1.0 / (calibrated + 1) as f64).max(0.01)).min(0.999)
    }

    fn detect(&self, detector: &Fitted, features: Vec<String>, current: &Sample) -> Result<Detections, Failure> {
        let rows = numbers(current, &features)?;
        let batch = Tensor::new(Elements::F64(&rows), current.observations)?;
        let scores = detector.score(&batch)?;
        let p_values = scores.iter().map(|score| detector.calibrated().p_value(*score)).collect();
        let anomaly_rate = self.anomaly_rate(detector.calibrated().len());
        let threshold = detector.threshold(anomaly_rate)?;
        let anomalies: Vec<usize> = (0..scores.len()).filter(|i| scores[*i] > threshold).collect();
        let p = detector.features();
        let explanations = self.explain.then(|| {
            let explain = |i: &usize| -> Result<Vec<f64>, Error> {
                detector.explain(&Tensor::new(Elements::F64(&rows[i * p..(i + 1) * p]), 1)?)
            };
            anomalies.iter().map(explain).collect::<Result<Vec<_>, _>>()
        });
        let explanations = explanations.transpose()?;
        let detector = detector.name().to_owned();
        Ok(Detections { detector, features, threshold, anomaly_rate, scores, p_values, anomalies, explanations })
    }
}

/// The columns of these names, an observation after the other.
pub(super) fn numbers(sample: &Sample, names: &[String]) -> Result<Vec<f64>, Failure> {
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        match sample.column(name).map(|column| &column.cells) {
            Some(Cells::Numbers(values)) => columns.push(values.as_slice()),
            _ => {
                let was = format!("column {name:?}, which holds text");
                return Err(Error::invalid("--fit", was, "columns of numbers; leave others out of both files").into());
            }
        }
    }
    Ok(by_observation(&columns))
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|p| *p > 0.0 && *p < 1.0);
    value.ok_or_else(|| "expected a fraction between 0 and 1".into())
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|e| format!("expected a JSON object: {e}"))
}
