//! `odin`: the maximum softmax probability at a temperature (Liang, Li and Srikant 2018, equation
//! 1).

use serde::{Deserialize, Serialize};

use super::logit_score::{LogitScore, Softmax, positive};
use crate::error::Result;

/// `1 - max softmax(logits / T)`. ODIN's other half, a step on the input against the gradient, is
/// not taken: it needs the model. What is left is the paper's ablation with epsilon 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Odin {
    /// T.
    pub temperature: f64,
}

impl Default for Odin {
    /// 1000, as the paper.
    fn default() -> Self {
        Odin { temperature: 1000.0 }
    }
}

impl LogitScore for Odin {
    fn check(&self) -> Result<()> {
        positive("temperature", self.temperature)
    }

    fn score(&self, logits: &[f64]) -> f64 {
        Softmax::new(logits, self.temperature).doubt()
    }
}
