//! `max-logit`: the largest logit (Hendrycks et al. 2022, section 4).

use serde::{Deserialize, Serialize};

use super::logit_score::LogitScore;

/// Minus the largest logit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct MaxLogit {}

impl LogitScore for MaxLogit {
    const MIN_CLASSES: usize = 1;

    fn score(&self, logits: &[f64]) -> f64 {
        -logits.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }
}
