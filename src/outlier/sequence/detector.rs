//! A detector of sequences that hosts use: by name, with p-values, an explanation and a file form.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::categories::{CategoryReport, compare};
use super::model::{Model, ModelOptions};
use super::tokens::Tokens;
use super::vocabulary::Vocabulary;
use crate::calibration::{Calibrated, Calibration, Fold, folds, holdout};
use crate::error::{Error, Result};
use crate::options::refuse_nulls;
use crate::sound::Sound;
use crate::threshold::{Method, Threshold};

/// A category or an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Symbol {
    /// By name.
    Name(String),
    /// By number, which is its name.
    Number(i64),
    /// Likewise.
    Flag(bool),
}

impl Symbol {
    fn name(&self) -> String {
        match self {
            Symbol::Name(name) => name.clone(),
            Symbol::Number(number) => number.to_string(),
            Symbol::Flag(flag) => flag.to_string(),
        }
    }
}

/// What is scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Sequence {
    /// Symbols in order.
    Symbols(Vec<Symbol>),
    /// A text, which is cut into symbols; or a single symbol that is none.
    One(Symbol),
}

/// What is fitted, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct SequenceSpec {
    /// The model.
    pub model: ModelOptions,
    /// How texts are cut.
    pub tokens: Tokens,
    /// Whether texts are brought to lower case before.
    pub lowercase: bool,
    /// Where p-values come from.
    pub calibration: Calibration,
}

impl SequenceSpec {
    /// By name and options: those of the model, `tokens` (`"whitespace"`, `"words"`,
    /// `"characters"`, `"whole"`), `lowercase` (false) and `calibration` (as [`crate::Spec::new`]).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub fn new(name: &str, mut options: Map<String, Value>) -> Result<Self> {
        refuse_nulls(&options)?;
        let calibration = Calibration::parse(options.remove("calibration"))?;
        let (tokens, lowercase) = (options.remove("tokens"), options.remove("lowercase"));
        let model = ModelOptions::new(name, options)?;
        let tokens = match tokens {
            None => model.tokens(),
            Some(value) => serde_json::from_value(value.clone()).map_err(|_| {
                Error::invalid("tokens", value, "whitespace, words, characters or whole")
            })?,
        };
        let lowercase = match lowercase {
            None => false,
            Some(Value::Bool(yes)) => yes,
            Some(other) => return Err(Error::invalid("lowercase", other, "true or false")),
        };
        Ok(SequenceSpec { model, tokens, lowercase, calibration })
    }

    fn symbols(&self, sequence: &Sequence) -> Vec<String> {
        symbols(sequence, self.tokens, self.lowercase)
    }
}

fn symbols(sequence: &Sequence, tokens: Tokens, lowercase: bool) -> Vec<String> {
    match sequence {
        Sequence::Symbols(symbols) => symbols.iter().map(Symbol::name).collect(),
        Sequence::One(Symbol::Name(text)) if lowercase => tokens.of(&text.to_lowercase()),
        Sequence::One(Symbol::Name(text)) => tokens.of(text),
        Sequence::One(symbol) => vec![symbol.name()],
    }
}

/// A model and the symbols that it knows.
#[derive(Debug, Serialize, Deserialize)]
struct Stage {
    vocabulary: Vocabulary,
    model: Model,
}

impl Stage {
    fn fit(model: &ModelOptions, sequences: &[Vec<String>], which: &[usize]) -> Result<Self> {
        let vocabulary = Vocabulary::new(which.iter().map(|i| &sequences[*i]));
        let numbers: Vec<Vec<u32>> =
            which.iter().map(|i| vocabulary.numbers(&sequences[*i])).collect();
        Ok(Stage { model: model.fit(&numbers, vocabulary.len())?, vocabulary })
    }

    fn surprisals(&self, symbols: &[String]) -> Vec<f64> {
        self.model.surprisals(&self.vocabulary.numbers(symbols))
    }

    fn score(&self, symbols: &[String]) -> f64 {
        let surprisals = self.surprisals(symbols);
        surprisals.iter().sum::<f64>() / surprisals.len() as f64
    }
}

/// One symbol's part of a sequence's score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Surprisal {
    /// The symbol; none for the end of the sequence.
    pub symbol: Option<String>,
    /// `-ln p` given the symbols before it, in nats.
    pub surprisal: f64,
    /// Whether the reference has it; an end is seen.
    pub seen: bool,
}

/// What [`SequenceDetector::describe`] tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // the names say it
pub struct SequenceDescription {
    pub detector: String,
    pub options: Value,
    pub tokens: Tokens,
    pub lowercase: bool,
    pub calibration: Calibration,
    pub sequences: usize,
    pub symbols: usize,
    /// Scores that p-values are ranks among.
    pub calibration_size: usize,
}

/// A fitted detector: see the module.
#[derive(Debug, Serialize, Deserialize)]
pub struct SequenceDetector {
    name: String,
    /// JSON of the model's options.
    options: String,
    tokens: Tokens,
    lowercase: bool,
    calibration: Calibration,
    sequences: usize,
    stage: Stage,
    calibrated: Calibrated,
}

impl SequenceDetector {
    /// Learns the reference.
    ///
    /// # Errors
    /// [`Error::BaselineTooSmall`] for no sequences, or too few to calibrate with;
    /// [`Error::InvalidArgument`] for one without symbols, or options out of their ranges.
    pub fn fit(spec: &SequenceSpec, reference: &[Sequence]) -> Result<Self> {
        let sequences: Vec<Vec<String>> =
            reference.iter().map(|sequence| spec.symbols(sequence)).collect();
        let n = sequences.len();
        if n == 0 {
            let reason = "there is nothing to learn".into();
            return Err(Error::BaselineTooSmall {
                argument: "reference",
                was: 0,
                expected: 1,
                reason,
            });
        }
        if let Some(empty) = sequences.iter().position(Vec::is_empty) {
            let was = format!("no symbols in sequence {empty} (from 0)");
            return Err(Error::invalid("reference", was, "at least one symbol in each"));
        }
        let part = |fold: &Fold| -> Result<(Stage, Vec<f64>)> {
            let stage = Stage::fit(&spec.model, &sequences, &fold.fit)?;
            let scores = fold.score.iter().map(|i| stage.score(&sequences[*i])).collect();
            Ok((stage, scores))
        };
        let all: Vec<usize> = (0..n).collect();
        let (stage, scores) = match spec.calibration {
            Calibration::None => (Stage::fit(&spec.model, &sequences, &all)?, Vec::new()),
            Calibration::Holdout(fraction) => part(&holdout(n, fraction)?)?,
            Calibration::Cross(k) => {
                let mut scores = Vec::with_capacity(n);
                for fold in folds(n, k)? {
                    scores.extend(part(&fold)?.1);
                }
                (Stage::fit(&spec.model, &sequences, &all)?, scores)
            }
        };
        Ok(SequenceDetector {
            name: spec.model.name().into(),
            options: spec.model.json().to_string(),
            tokens: spec.tokens,
            lowercase: spec.lowercase,
            calibration: spec.calibration,
            sequences: n,
            stage,
            calibrated: Calibrated::new(scores),
        })
    }

    fn symbols(&self, sequence: &Sequence) -> Vec<String> {
        symbols(sequence, self.tokens, self.lowercase)
    }

    /// The mean surprisal of each sequence, in nats; NaN for one without symbols (of `ngram`, its
    /// end is one). Higher is more anomalous; never depends on the others.
    #[must_use]
    pub fn score(&self, sequences: &[Sequence]) -> Vec<f64> {
        sequences.iter().map(|sequence| self.stage.score(&self.symbols(sequence))).collect()
    }

    /// The rank of each sequence's score among those of unseen reference sequences: see
    /// [`Calibrated::p_value`].
    ///
    /// # Errors
    /// [`Error::Incompatible`] for [`Calibration::None`].
    pub fn p_values(&self, sequences: &[Sequence]) -> Result<Vec<f64>> {
        self.calibrated.expect_scores()?;
        Ok(self.score(sequences).into_iter().map(|score| self.calibrated.p_value(score)).collect())
    }

    /// Each symbol's surprisal, and the end's where the model has one; the score is their mean.
    #[must_use]
    pub fn explain(&self, sequence: &Sequence) -> Vec<Surprisal> {
        let symbols = self.symbols(sequence);
        let unseen = self.stage.vocabulary.len() as u32;
        let seen: Vec<bool> =
            self.stage.vocabulary.numbers(&symbols).iter().map(|i| *i != unseen).collect();
        let surprisals = self.stage.surprisals(&symbols);
        let at = |(i, surprisal): (usize, f64)| Surprisal {
            symbol: symbols.get(i).cloned(),
            surprisal,
            seen: seen.get(i).copied().unwrap_or(true),
        };
        surprisals.into_iter().enumerate().map(at).collect()
    }

    /// A threshold from the scores of unseen reference sequences.
    ///
    /// # Errors
    /// As [`Method::threshold`]; [`Error::Incompatible`] for [`Calibration::None`].
    pub fn threshold(&self, method: &Method) -> Result<Threshold> {
        self.calibrated.expect_scores()?;
        method.threshold(self.calibrated.scores())
    }

    /// How the categories of `sequences` differ from the reference's.
    ///
    /// # Errors
    /// [`Error::Incompatible`] for another detector than `frequency`; [`Error::InvalidArgument`]
    /// for no symbols.
    pub fn categories(&self, sequences: &[Sequence]) -> Result<CategoryReport> {
        let Model::Frequency(model) = &self.stage.model else {
            let (argument, was) = ("detector", self.name.clone());
            return Err(Error::Incompatible {
                argument,
                was,
                expected: "frequency, which counts categories".into(),
            });
        };
        let names = self.stage.vocabulary.names();
        let reference = names.iter().cloned().zip(model.counts()).collect();
        let mut current = std::collections::BTreeMap::new();
        for symbol in sequences.iter().flat_map(|sequence| self.symbols(sequence)) {
            *current.entry(symbol).or_insert(0) += 1;
        }
        compare(&reference, &current)
    }

    /// Scores of unseen reference sequences; empty for [`Calibration::None`].
    #[must_use]
    pub fn calibrated(&self) -> &Calibrated {
        &self.calibrated
    }

    /// Name, options, sizes.
    #[must_use]
    pub fn describe(&self) -> SequenceDescription {
        SequenceDescription {
            detector: self.name.clone(),
            options: serde_json::from_str(&self.options).unwrap_or_default(),
            tokens: self.tokens,
            lowercase: self.lowercase,
            calibration: self.calibration,
            sequences: self.sequences,
            symbols: self.stage.vocabulary.len(),
            calibration_size: self.calibrated.len(),
        }
    }
}

impl Sound for SequenceDetector {
    fn is_sound(&self) -> bool {
        let symbols = self.stage.vocabulary.len();
        u32::try_from(symbols).is_ok_and(|n| n < u32::MAX - 1)
            && self.stage.model.is_sound(symbols)
            && self.calibrated.is_sound()
    }
}

crate::store::stored_as_cbor!(SequenceDetector = "sequence", 1);
