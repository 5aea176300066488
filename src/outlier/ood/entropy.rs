//! `entropy`: how spread the probabilities are (Shannon 1948).

use serde::{Deserialize, Serialize};

use super::logit_score::{LogitScore, Softmax};

/// `-sum p ln p` of the softmax, in nats, 0 to ln(classes).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct Entropy {}

impl LogitScore for Entropy {
    fn score(&self, logits: &[f64]) -> f64 {
        let Softmax { rest, weighted, .. } = Softmax::new(logits, 1.0);
        rest.ln_1p() - weighted / (1.0 + rest)
    }
}
