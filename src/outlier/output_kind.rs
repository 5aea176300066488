//! What a model's output is, which says what scores it has.

use serde::{Deserialize, Serialize};

/// What the numbers of an output are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputKind {
    /// Scores of classes before softmax.
    Logits,
    /// Probabilities of classes.
    Probabilities,
    /// Anything else: regression outputs, activations, embeddings.
    Values,
    /// Scores of detectors that the guard does not run itself: higher is more anomalous.
    Scores,
}

impl OutputKind {
    /// Whether an observation has a predicted class.
    #[must_use]
    pub fn has_classes(self) -> bool {
        matches!(self, OutputKind::Logits | OutputKind::Probabilities)
    }
}
