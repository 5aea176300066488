//! `margin`: how far the most probable class is before the next.

use serde::{Deserialize, Serialize};

use super::logit_score::{LogitScore, Softmax};

/// `1 - (p1 - p2)` of the two largest probabilities, in 0..1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct Margin {}

impl LogitScore for Margin {
    fn score(&self, logits: &[f64]) -> f64 {
        let Softmax { rest, second, .. } = Softmax::new(logits, 1.0);
        (rest + second) / (1.0 + rest)
    }
}
