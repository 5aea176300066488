//! `energy`: the free energy of the logits (Liu, Wang, Owens and Li 2020, equation 4).

use serde::{Deserialize, Serialize};

use super::head::log_sum_exp;
use super::logit_score::{LogitScore, positive};
use crate::error::Result;

/// `-T ln sum exp(logit / T)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Energy {
    /// T.
    pub temperature: f64,
}

impl Default for Energy {
    /// 1, as the paper.
    fn default() -> Self {
        Energy { temperature: 1.0 }
    }
}

impl LogitScore for Energy {
    const MIN_CLASSES: usize = 1;

    fn check(&self) -> Result<()> {
        positive("temperature", self.temperature)
    }

    fn score(&self, logits: &[f64]) -> f64 {
        if self.temperature == 1.0 {
            return -log_sum_exp(logits);
        }
        let scaled: Vec<f64> = logits.iter().map(|x| x / self.temperature).collect();
        -self.temperature * log_sum_exp(&scaled)
    }
}
