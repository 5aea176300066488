//! What a model's output is, which says what scores it has.

use serde::{Deserialize, Serialize};

/// What the numbers of an output are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputKind {
    /// Scores of classes before softmax.
    Logits,
    /// Probabilities of classes.
    Probabilities,
    /// One number: the probability of the second of two classes.
    Binary,
    /// One number: the logit of the second of two classes.
    BinaryLogit,
    /// A probability for each label; an observation may have several labels.
    Multilabel,
    /// The same before sigmoids.
    MultilabelLogits,
    /// Predicted means, then as many predicted variances.
    Gaussian,
    /// Of a mixture of normal distributions of one number: weights, then as many means, then as
    /// many variances.
    Mixture,
    /// Anything else: regression outputs, activations, embeddings.
    Values,
    /// Scores of detectors that the guard does not run itself: higher is more anomalous.
    Scores,
}

impl OutputKind {
    /// Whether an observation has a predicted class.
    #[must_use]
    pub fn has_classes(self) -> bool {
        self.classes(2) > 0
    }

    /// The classes that one is predicted of, for an output of so many features; 0 where none is.
    #[must_use]
    pub fn classes(self, features: usize) -> usize {
        match self {
            OutputKind::Logits | OutputKind::Probabilities => features,
            OutputKind::Binary | OutputKind::BinaryLogit => 2,
            _ => 0,
        }
    }

    /// Whether its numbers are of a range, or of a sum.
    #[must_use]
    pub fn is_limited(self) -> bool {
        use OutputKind::*;
        matches!(self, Probabilities | Binary | Multilabel | Gaussian | Mixture)
    }

    /// The name in options and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            OutputKind::Logits => "logits",
            OutputKind::Probabilities => "probabilities",
            OutputKind::Binary => "binary",
            OutputKind::BinaryLogit => "binary-logit",
            OutputKind::Multilabel => "multilabel",
            OutputKind::MultilabelLogits => "multilabel-logits",
            OutputKind::Gaussian => "gaussian",
            OutputKind::Mixture => "mixture",
            OutputKind::Values => "values",
            OutputKind::Scores => "scores",
        }
    }
}
