//! What a caller may choose.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::drift::online::OnlineName;

/// What an outcome is, from a prediction and its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// 1 where they differ, else 0.
    Error,
    /// |prediction - label|.
    AbsoluteError,
    /// (prediction - label)².
    SquaredError,
}

/// In which order outcomes reach the detector and the chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// That of the predictions: an outcome waits for those before it, until they have their labels
    /// or have stopped waiting. Slower, and fair where bad outcomes are known sooner than good ones
    /// (or later).
    Prediction,
    /// That of the labels: at once.
    Arrival,
}

/// Options of [`LateLabels`](super::LateLabels).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LateOptions {
    /// The detector that sees the outcomes, by its name.
    pub detector: OnlineName,
    /// Its options, by their names.
    pub detector_options: Value,
    /// What an outcome is.
    pub outcome: Outcome,
    /// In which order outcomes are seen.
    pub order: Order,
    /// Predictions that are kept, at most; as many ids of earlier ones are remembered, to tell a
    /// label that came twice or too late from one of an unknown id. About 100 bytes each.
    pub capacity: usize,
    /// A prediction waits for its label no longer than this, in the unit of the times given
    /// (predictions, where none are).
    pub timeout: Option<f64>,
    /// Outcomes in a chunk of realized performance.
    pub chunk_size: usize,
}

impl Default for LateOptions {
    fn default() -> Self {
        LateOptions {
            detector: OnlineName::Betting,
            detector_options: Value::Null,
            outcome: Outcome::Error,
            order: Order::Prediction,
            capacity: 100_000,
            timeout: None,
            chunk_size: 1000,
        }
    }
}

impl Outcome {
    pub(super) fn of(self, prediction: f64, label: f64) -> f64 {
        match self {
            Outcome::Error => f64::from(u8::from(prediction != label)),
            Outcome::AbsoluteError => (prediction - label).abs(),
            Outcome::SquaredError => (prediction - label) * (prediction - label),
        }
    }
}
