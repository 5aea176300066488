//! The last linear layer of a classifier: from features to logits.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::sound::{Sound, is_table};
use crate::support::{linear::dot, packed};

/// `logits = weights * features + bias`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Class after class, feature fastest.
    #[serde(with = "packed")]
    weights: Vec<f64>,
    /// One per class.
    #[serde(with = "packed")]
    bias: Vec<f64>,
}

impl Head {
    /// Of `weights`, `classes x features` with the feature fastest, and as many numbers of `bias`
    /// as there are classes.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for sizes that do not go together, or a number that is not
    /// finite.
    pub fn new(weights: Vec<f64>, bias: Vec<f64>) -> Result<Self> {
        let (w, k) = (weights.len(), bias.len());
        if k == 0 || w == 0 || !w.is_multiple_of(k) {
            let expected =
                "a whole number of features for each class, of which bias has one number each";
            return Err(Error::invalid(
                "weights",
                format!("{w} weights for {k} classes"),
                expected,
            ));
        }
        for (argument, values) in [("weights", &weights), ("bias", &bias)] {
            if let Some(bad) = values.iter().find(|x| !x.is_finite()) {
                return Err(Error::invalid(argument, bad, "finite numbers"));
            }
        }
        Ok(Head { weights, bias })
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.bias.len()
    }

    /// Number of features.
    #[must_use]
    pub fn features(&self) -> usize {
        self.weights.len() / self.bias.len()
    }

    /// The weights of each class.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.weights.chunks_exact(self.features())
    }

    /// One number per class.
    #[must_use]
    pub fn bias(&self) -> &[f64] {
        &self.bias
    }

    /// Writes the logits of one observation's features; `logits` has one place a class.
    pub fn logits(&self, features: &[f64], logits: &mut [f64]) {
        for (logit, (weights, bias)) in logits.iter_mut().zip(self.rows().zip(&self.bias)) {
            *logit = dot(weights, features) + bias;
        }
    }

    /// `-ln sum exp(logit)` of one observation's features.
    #[must_use]
    pub fn energy(&self, features: &[f64], logits: &mut [f64]) -> f64 {
        self.logits(features, logits);
        -log_sum_exp(logits)
    }
}

/// `ln sum exp(x)` of at least one number.
#[must_use]
pub fn log_sum_exp(x: &[f64]) -> f64 {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() {
        return largest;
    }
    largest + x.iter().map(|x| (x - largest).exp()).sum::<f64>().ln()
}

/// The first place of the largest.
#[must_use]
pub fn largest(x: &[f64]) -> usize {
    x.iter()
        .enumerate()
        .fold((0, f64::NEG_INFINITY), |best, (i, x)| if *x > best.1 { (i, *x) } else { best })
        .0
}

impl Sound for Head {
    fn is_sound(&self) -> bool {
        !self.bias.is_empty() && is_table(&self.weights, self.bias.len(), self.features())
    }
}
