//! What both faces do with sketches that leave the machine, in safe Rust.

use serde::{Deserialize, Serialize};

use super::host::{json, parsed};
use crate::error::Result;
use crate::profile::Profile;
use crate::sketch::Sketch;
use crate::sketch::exchange::{Description, Frequent};
use crate::tensor::Tensor;

/// `size` 0 is the kind's own.
pub(super) fn new(kind: &str, size: u32) -> Result<Sketch> {
    Sketch::new(kind.parse()?, (size > 0).then_some(size))
}

pub(super) fn read(kind: &str, bytes: &[u8]) -> Result<Sketch> {
    Sketch::from_bytes(kind.parse()?, bytes)
}

/// Of what a profile keeps: `feature` from 0; below that none is meant.
pub(super) fn of_profile(profile: &Profile, kind: &str, feature: i64) -> Result<Sketch> {
    profile.sketch(kind.parse()?, usize::try_from(feature).ok())
}

pub(super) fn update(sketch: &mut Sketch, values: &Tensor<'_>) -> Result<()> {
    let elements = values.elements();
    let values: Vec<f64> = (0..elements.len()).map(|i| elements.get(i)).collect();
    sketch.update(&values)
}

/// Items that are no doubles.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Items {
    Longs(Vec<Long>),
    Words(Vec<String>),
}

/// A whole number of 64 bits.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Long {
    Signed(i64),
    Unsigned(u64),
}

/// `words` is a JSON list of texts, or of whole numbers of 64 bits.
pub(super) fn update_words(sketch: &mut Sketch, words: &str) -> Result<()> {
    match parsed("words", words, "a JSON list of texts, or of whole numbers of 64 bits")? {
        Items::Words(words) => sketch.update_words(words.iter().map(|word| (word.as_str(), 1))),
        Items::Longs(longs) => {
            let wide = |long: &Long| match long {
                Long::Signed(x) => i128::from(*x),
                Long::Unsigned(x) => i128::from(*x),
            };
            sketch.update_ints(&longs.iter().map(wide).collect::<Vec<i128>>())
        }
    }
}

/// What is asked of a sketch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Question {
    /// What it has to say.
    Describe,
    /// The values at these ranks.
    Quantiles(Vec<f64>),
    /// The most frequent items.
    Frequent,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer {
    Described(Description),
    Quantiles(Vec<Option<f64>>),
    Frequent(Vec<Frequent>),
}

/// JSON of an answer, by a question in JSON: `"describe"`, `{"quantiles": [0.5]}` or `"frequent"`.
pub(super) fn ask(sketch: &Sketch, question: &str) -> Result<String> {
    json(&match parsed("question", question, "describe, quantiles or frequent")? {
        Question::Describe => Answer::Described(sketch.describe()?),
        Question::Quantiles(ranks) => {
            Answer::Quantiles(ranks.iter().map(|rank| sketch.quantile(*rank)).collect::<Result<_>>()?)
        }
        Question::Frequent => Answer::Frequent(sketch.frequent()?),
    })
}
