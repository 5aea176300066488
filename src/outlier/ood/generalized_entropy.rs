//! `gen`: generalized entropy (Liu, Lochman and Zach 2023, equation 2).

use serde::{Deserialize, Serialize};

use super::head::largest;
use super::logit_score::{LogitScore, Softmax};
use crate::error::{Error, Result};

/// `sum (p (1 - p))^gamma` over the most probable classes. The paper's score is minus this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Generalized {
    /// The exponent, in 0..1.
    pub gamma: f64,
    /// Of how many of the most probable classes; of all where there are fewer.
    pub classes: usize,
}

impl Default for Generalized {
    /// 0.1 and 100, as the paper.
    fn default() -> Self {
        Generalized { gamma: 0.1, classes: 100 }
    }
}

impl LogitScore for Generalized {
    fn check(&self) -> Result<()> {
        if !(self.gamma > 0.0 && self.gamma < 1.0) {
            return Err(Error::invalid("gamma", self.gamma, "a number between 0 and 1"));
        }
        if self.classes == 0 { Err(Error::invalid("classes", 0, "at least 1")) } else { Ok(()) }
    }

    fn score(&self, logits: &[f64]) -> f64 {
        let (softmax, top) = (Softmax::new(logits, 1.0), largest(logits));
        let total = 1.0 + softmax.rest;
        let term = |p: f64, rest: f64| (p * rest).powf(self.gamma);
        let others = logits.iter().enumerate().filter(|(k, _)| *k != top);
        let mut others: Vec<f64> =
            others.map(|(_, logit)| (logit - logits[top]).exp() / total).collect();
        others.sort_by(|a, b| b.total_cmp(a));
        let others: f64 = others.iter().take(self.classes - 1).map(|p| term(*p, 1.0 - p)).sum();
        term(1.0 / total, softmax.doubt()) + others
    }
}
