//! `fluxguard detect`: observations of a current sample that do not look like the reference.

mod classifier;
mod found;
mod rows;
mod sequences;
mod table;
mod texts;
mod within;

pub(super) use classifier::take_labels;
pub(super) use rows::Rows;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};
use serde_json::{Map, Value};

use super::hints;
use super::notes::Notes;
use super::outcome::{FailOn, Outcome};
use super::roles::expect_different;
use super::sample::{
    Choice, Dialect, Missing, Plan, Sample, Wanted, is_same_file, is_standard_input, not_fitted_on,
    unmatched,
};
use super::{Answer, Failure};
use fluxguard::outlier::{Fitted, NAMES, Spec};
use fluxguard::sequence;
use fluxguard::store::map;
use fluxguard::{Error, store};
use found::Detections;
use sequences::ReadySequences;

/// Anomaly scores of a current sample's observations, by a detector that is fitted on a reference
/// sample
///
/// A CSV has a header and one column per feature, all numbers; columns are matched by name; a line
/// that lacks a value gets no score. An observation is anomalous where its score is above the
/// threshold, which unchanged observations exceed at the anomaly rate. Of frequency, markov and
/// ngram an observation is a sequence: a line of a text file, a cell of a CSV's --column, or all
/// cells with the same value --by another. Detectors of classifiers (msp to ood) see logits, or
/// features with --weights and --label-column.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("detector-from").args(["detector", "load"]).required(true))]
pub struct Detect {
    /// The detector
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES.iter().chain(sequence::NAMES)))]
    detector: Option<String>,
    /// CSV of the reference sample; - is standard input
    #[arg(long, value_name = "REFERENCE", requires = "detector", required_unless_present_any = ["load", "within"])]
    fit: Option<PathBuf>,
    /// CSV of the current sample; - is standard input
    #[arg(long, value_name = "CURRENT", required_unless_present_any = ["save", "within"])]
    score: Option<PathBuf>,
    /// CSV of one sample: which of its own observations do not look like the rest; each is scored
    /// by a detector that was fitted on others
    #[arg(long, value_name = "FILE", requires = "detector", conflicts_with_all = ["fit", "score", "load", "save", "explain", "column"])]
    within: Option<PathBuf>,
    /// A fitted detector, from --save; it knows the names of its columns, whatever their order in
    /// CURRENT
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fit", "neighbors", "trees", "seed", "standardize", "options", "weights", "label_column"])]
    load: Option<PathBuf>,
    /// Leave the points of --load's file where they are and map it: many processes share one copy
    #[arg(long, requires = "load", conflicts_with = "fit")]
    mapped: bool,
    /// Keep the fitted detector in this file
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// The fraction of unchanged observations that may be called anomalous [default: 0.01, or what
    /// the reference supports]
    #[arg(long, value_name = "RATE", value_parser = rate)]
    anomaly_rate: Option<f64>,
    /// Neighbors of knn and lof
    #[arg(long, value_name = "K")]
    neighbors: Option<usize>,
    /// Trees of iforest and eif
    #[arg(long, value_name = "N")]
    trees: Option<usize>,
    /// Seed of a detector that draws random numbers
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Center and scale each feature before the detector sees it
    #[arg(long)]
    standardize: bool,
    /// More options of the detector, as JSON: {"covariance": "robust"}
    #[arg(long, value_name = "JSON", value_parser = object)]
    options: Option<Map<String, Value>>,
    /// CSV of a classifier's last layer: a row per class, a column per feature, and bias
    #[arg(long, value_name = "WEIGHTS", requires = "detector")]
    weights: Option<PathBuf>,
    /// Column of the reference with the class of each observation, a whole number from 0
    #[arg(long, value_name = "NAME", requires = "detector")]
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
    /// Add to each anomaly how much each feature contributed to its score
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    columns: Choice,
    #[command(flatten)]
    dialect: Dialect,
    /// Exit with 1 if this was found
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A detector and the sample that it was fitted on, where that was now.
struct Ready {
    detector: Fitted,
    reference: Option<Sample>,
}

impl Detect {
    /// Fits or loads, saves, scores and says what was found.
    pub fn run(&self) -> Result<Answer, Failure> {
        let roles = [("--column", &self.column), ("--by", &self.by)];
        expect_different(roles.iter().filter_map(|(flag, name)| Some((*flag, name.as_deref()?))))?;
        if let Some(ready) = self.of_sequences()? {
            return self.run_sequences(&ready);
        }
        if self.column.is_some() || self.tokens.is_some() || self.order.is_some() {
            let expected = format!("a detector of sequences: {}", sequence::NAMES.join(", "));
            return Err(Error::invalid(
                "--column, --tokens, --order",
                "for a detector of numbers",
                expected,
            )
            .into());
        }
        if let Some(path) = &self.within {
            return self.run_within(path);
        }
        let ready = self.ready()?;
        if let Some(path) = &self.save {
            store::save(&ready.detector, path)?;
        }
        let Some(path) = &self.score else {
            let description = ready.detector.describe();
            return Ok(Answer::new(
                self.json,
                &description,
                || table::saved(&description),
                Outcome::Done,
            ));
        };
        let mut current = self.read("--score", path)?;
        self.columns.expect_met()?;
        if let Some(name) = &self.label_column {
            current.take(name);
        }
        let bad = match &ready.reference {
            Some(reference) => unmatched(reference, &current),
            None => not_fitted_on(ready.detector.names(), &current),
        };
        if let Some(bad) = bad {
            return Err(bad.into());
        }
        let found = self.detect(&ready, &current)?;
        let drift = found.missing.iter().any(Missing::drift);
        let outcome = Outcome::new(drift || !found.anomalies.is_empty(), self.fail_on);
        let notes = Notes::hinting(hints::of_columns(ready.reference.as_ref(), &current));
        Ok(Answer::with(self.json, &found, || table::render(&found), outcome, &notes))
    }

    fn read(&self, argument: &'static str, path: &Path) -> Result<Sample, Failure> {
        let always: Vec<&str> = self.label_column.as_deref().into_iter().collect();
        let columns = Wanted::Chosen(&self.columns, &always);
        Sample::read(
            argument,
            path,
            Plan { dialect: &self.dialect, known: &BTreeMap::new(), columns },
        )
    }

    /// Two files: what a detector was fitted on looks more usual to it than anything new.
    fn expect_two_files(&self) -> Result<(), Error> {
        let (Some(fit), Some(score)) = (&self.fit, &self.score) else { return Ok(()) };
        if is_standard_input(fit) && is_standard_input(score) {
            return Err(Error::invalid("--score", "- for both files", "a file for one of them"));
        }
        if is_same_file(fit, score) {
            let was = format!("{}, which is also --fit", score.display());
            let expected = "other observations: a detector finds those that it was fitted on usual; of numbers, --within FILE alone \
                            scores a file's own";
            return Err(Error::invalid("--score", was, expected));
        }
        Ok(())
    }

    /// The detector, where it is one of sequences.
    fn of_sequences(&self) -> Result<Option<ReadySequences>, Failure> {
        if let Some(name) = self.detector.as_deref().filter(|name| sequence::NAMES.contains(name)) {
            if self.within.is_some() {
                let expected = format!("a detector of numbers; {name} takes --fit and --score");
                return Err(Error::invalid("--within", format!("for {name}"), expected).into());
            }
            self.expect_two_files()?;
            return self.fit_sequences(name).map(Some);
        }
        // What kind of detector a file holds, it says itself.
        let loaded = self
            .load
            .as_ref()
            .and_then(|path| store::load::<sequence::SequenceDetector>(path).ok());
        Ok(loaded.map(|detector| ReadySequences { detector, reference: None }))
    }

    fn ready(&self) -> Result<Ready, Failure> {
        if let Some(path) = &self.load {
            let detector = if self.mapped {
                store::load_mapped::<Fitted>(path, map::read_only)?
            } else {
                store::load::<Fitted>(path)?
            };
            return Ok(Ready { detector, reference: None });
        }
        // clap demands both.
        let (Some(name), Some(fit)) = (&self.detector, &self.fit) else {
            return Err(Error::invalid("--detector", "none", "a detector and --fit").into());
        };
        self.expect_two_files()?;
        let spec = Spec::new(name, self.detector_options())?;
        let mut reference = self.read("--fit", fit)?;
        let labels =
            self.label_column.as_ref().map(|name| take_labels(&mut reference, name)).transpose()?;
        let names: Vec<String> =
            reference.columns.iter().map(|column| column.name.clone()).collect();
        let mut rows = Rows::complete("--fit", &reference, &names)?;
        let labels = labels.map(|labels| rows.labeled(labels));
        let head = self
            .weights
            .as_ref()
            .map(|path| classifier::read_head(path, &names, &self.dialect))
            .transpose()?;
        let detector =
            Fitted::fit_classifier(&spec, &rows.tensor()?, labels.as_deref(), head.as_ref())?
                .named(names)?;
        Ok(Ready { detector, reference: Some(reference) })
    }

    fn detector_options(&self) -> Map<String, Value> {
        let mut options = self.options.clone().unwrap_or_default();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                options.insert(name.to_owned(), value);
            }
        };
        set("neighbors", self.neighbors.map(Value::from));
        set("trees", self.trees.map(Value::from));
        set("tokens", self.tokens.clone().map(Value::from));
        set("order", self.order.map(Value::from));
        set("seed", self.seed.map(Value::from));
        set("standardize", self.standardize.then_some(Value::from(true)));
        options
    }
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|p| *p > 0.0 && *p < 1.0);
    value.ok_or_else(|| "expected a fraction between 0 and 1".into())
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|e| format!("expected a JSON object: {e}"))
}
