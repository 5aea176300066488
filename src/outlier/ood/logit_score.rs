//! Scores that are functions of an observation's logits.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::head::Head;
use crate::error::{Error, Result};
use crate::sound::Sound;
use crate::{Detector, Rows};

/// A function of logits; its fields are its options.
pub trait LogitScore: Default + Clone + Send + Sync + Serialize + DeserializeOwned {
    /// Classes below which it says nothing.
    const MIN_CLASSES: usize = 2;

    /// Whether the options are in their ranges.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// The score of one observation's finite logits: higher is more anomalous.
    fn score(&self, logits: &[f64]) -> f64;
}

/// A [`LogitScore`] of logits, or of the features that a [`Head`] makes logits of. Nothing is
/// learned but the calibration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnLogits<S> {
    score: S,
    head: Option<Head>,
    features: usize,
}

impl<S: LogitScore> Detector for OnLogits<S> {
    type Options = S;

    fn fit(reference: &Rows<'_>, options: &S) -> Result<Self> {
        options.check()?;
        let (head, features) = (reference.head().cloned(), reference.features());
        let classes = head.as_ref().map_or(features, Head::classes);
        if classes < S::MIN_CLASSES {
            let expected =
                format!("at least {}: without weights the features are the logits", S::MIN_CLASSES);
            return Err(Error::invalid("reference", format!("{classes} class"), expected));
        }
        Ok(OnLogits { score: options.clone(), head, features })
    }

    fn features(&self) -> usize {
        self.features
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let mut logits = vec![0.0; self.head.as_ref().map_or(0, Head::classes)];
        for (row, score) in rows.chunks_exact(self.features).zip(scores) {
            *score = match &self.head {
                None => self.score.score(row),
                Some(head) => {
                    head.logits(row, &mut logits);
                    self.score.score(&logits)
                }
            };
        }
    }

    fn work(&self) -> usize {
        // An exponential is worth about twenty multiplications.
        self.head
            .as_ref()
            .map_or(20 * self.features, |head| head.classes() * (head.features() + 20))
    }
}

/// The softmax of logits divided by a temperature, in the log domain.
pub struct Softmax {
    /// `sum exp(d)` over all classes but the first largest; `d <= 0` is the distance to the
    /// largest.
    pub rest: f64,
    /// `exp(d)` of the second largest; 0 with a single class.
    pub second: f64,
    /// `sum d exp(d)`.
    pub weighted: f64,
}

impl Softmax {
    pub fn new(logits: &[f64], temperature: f64) -> Self {
        let top = super::head::largest(logits);
        let mut softmax = Softmax { rest: 0.0, second: 0.0, weighted: 0.0 };
        for (_, logit) in logits.iter().enumerate().filter(|(k, _)| *k != top) {
            let d = (logit - logits[top]) / temperature;
            let e = d.exp();
            softmax.rest += e;
            softmax.second = softmax.second.max(e);
            softmax.weighted += if e > 0.0 { d * e } else { 0.0 };
        }
        softmax
    }

    /// 1 - the largest probability, without its rounding: a share of 1e-30 stays one.
    pub fn doubt(&self) -> f64 {
        self.rest / (1.0 + self.rest)
    }
}

/// Demands a positive number.
///
/// # Errors
/// [`Error::InvalidArgument`].
pub fn positive(argument: &'static str, x: f64) -> Result<()> {
    if x > 0.0 && x.is_finite() {
        Ok(())
    } else {
        Err(Error::invalid(argument, x, "a number above 0"))
    }
}

impl<S: LogitScore> Sound for OnLogits<S> {
    fn is_sound(&self) -> bool {
        let head = self
            .head
            .as_ref()
            .is_none_or(|head| head.is_sound() && head.features() == self.features);
        let classes = self.head.as_ref().map_or(self.features, Head::classes);
        self.features > 0 && head && classes >= S::MIN_CLASSES && self.score.check().is_ok()
    }
}
