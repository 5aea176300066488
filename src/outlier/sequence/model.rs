//! Every model of sequences by its name.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::SequenceModel;
use super::markov::{self, FrequencyOptions, Markov};
use super::ngram::{self, Ngram};
use super::tokens::Tokens;
use crate::error::{Error, Result};
use crate::options;

/// The names of all models.
pub const NAMES: &[&str] = &["frequency", "markov", "ngram"];

/// A model's name and options.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelOptions {
    /// [`Markov`] of order 0.
    Frequency(FrequencyOptions),
    /// [`Markov`]
    Markov(markov::Options),
    /// [`Ngram`]
    Ngram(ngram::Options),
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // as above
pub enum Model {
    Frequency(Markov),
    Markov(Markov),
    Ngram(Ngram),
}

impl ModelOptions {
    /// # Errors
    /// [`Error::InvalidArgument`] for a name or an option that there is not.
    pub fn new(name: &str, options: Map<String, Value>) -> Result<Self> {
        match name {
            "frequency" => parse(options).map(ModelOptions::Frequency),
            "markov" => parse(options).map(ModelOptions::Markov),
            "ngram" => parse(options).map(ModelOptions::Ngram),
            _ => Err(Error::invalid(
                "detector",
                format!("{name:?}"),
                format!("one of {}", NAMES.join(", ")),
            )),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            ModelOptions::Frequency(_) => "frequency",
            ModelOptions::Markov(_) => "markov",
            ModelOptions::Ngram(_) => "ngram",
        }
    }

    /// How texts are cut unless it is said.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        if matches!(self, ModelOptions::Frequency(_)) { Tokens::Whole } else { Tokens::default() }
    }

    pub(super) fn json(&self) -> Value {
        let json = match self {
            ModelOptions::Frequency(options) => serde_json::to_value(options),
            ModelOptions::Markov(options) => serde_json::to_value(options),
            ModelOptions::Ngram(options) => serde_json::to_value(options),
        };
        json.unwrap_or_default()
    }

    pub(super) fn fit(&self, reference: &[Vec<u32>], symbols: usize) -> Result<Model> {
        match self {
            ModelOptions::Frequency(FrequencyOptions { smoothing }) => {
                let options = markov::Options { order: 0, smoothing: *smoothing };
                Markov::fit(reference, symbols, &options).map(Model::Frequency)
            }
            ModelOptions::Markov(options) => {
                Markov::fit(reference, symbols, options).map(Model::Markov)
            }
            ModelOptions::Ngram(options) => {
                Ngram::fit(reference, symbols, options).map(Model::Ngram)
            }
        }
    }
}

impl Model {
    pub(super) fn surprisals(&self, sequence: &[u32]) -> Vec<f64> {
        match self {
            Model::Frequency(model) | Model::Markov(model) => model.surprisals(sequence),
            Model::Ngram(model) => model.surprisals(sequence),
        }
    }
}

fn parse<T: DeserializeOwned>(given: Map<String, Value>) -> Result<T> {
    options::from_value(Value::Object(given))
}

impl Model {
    /// Whether it is of so many symbols.
    pub(super) fn is_sound(&self, symbols: usize) -> bool {
        match self {
            Model::Frequency(model) | Model::Markov(model) => model.is_sound(symbols),
            Model::Ngram(model) => model.is_sound(symbols),
        }
    }
}
