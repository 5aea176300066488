//! `msp`: the maximum softmax probability (Hendrycks and Gimpel 2017).

use serde::{Deserialize, Serialize};

use super::logit_score::{LogitScore, Softmax};

/// `1 - max p`, in 0..1. The doubt itself is summed up, so that predictions whose probability
/// rounds to 1 still differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct Msp {}

impl LogitScore for Msp {
    fn score(&self, logits: &[f64]) -> f64 {
        Softmax::new(logits, 1.0).doubt()
    }
}
