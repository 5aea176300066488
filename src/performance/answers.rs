//! What a model said, read and checked.

use super::metric::Problem;
use super::options::Options;
use crate::tensor::Tensor;
use crate::{Error, Result};

/// What a model said of a batch, and what it should have said where that is known.
#[derive(Debug, Clone, Copy)]
pub struct Answers<'a> {
    /// Probabilities of the classes (one for a binary problem), or the features of a regression; an
    /// observation after the other.
    pub scores: Tensor<'a>,
    /// What was predicted: classes, or numbers. May be left out for classes: the threshold, or the
    /// likeliest class, decides.
    pub predictions: Option<&'a [f64]>,
    /// The labels.
    pub labels: Option<&'a [f64]>,
}

/// Answers that have been read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Read {
    /// Scores an observation.
    pub width: usize,
    /// An observation after the other.
    pub scores: Vec<f64>,
    pub predictions: Vec<f64>,
    pub labels: Option<Vec<f64>>,
}

impl Answers<'_> {
    /// Checks and copies. `argument` names the scores in errors.
    pub(super) fn read(
        &self,
        argument: &'static str,
        options: &Options,
        width: Option<usize>,
    ) -> Result<Read> {
        let n = self.scores.observations();
        let was = self.scores.features();
        let expected = match (options.problem, width) {
            (Problem::Binary, _) if was != 1 => Some("1, the probability of class 1".to_owned()),
            (Problem::Multiclass, None) if was < 2 => {
                Some("a probability for each of at least 2 classes".into())
            }
            (_, Some(width)) if width != was => Some(format!("{width}, as in the reference")),
            _ => None,
        };
        if let Some(expected) = expected {
            return Err(Error::invalid(argument, format!("{was} scores an observation"), expected));
        }
        let elements = self.scores.elements();
        let scores: Vec<f64> = (0..elements.len()).map(|i| elements.get(i)).collect();
        let classes = options.problem != Problem::Regression;
        let good = |x: f64| if classes { (0.0..=1.0).contains(&x) } else { x.is_finite() };
        if let Some(at) = scores.iter().position(|x| !good(*x)) {
            let was = format!("{} in observation {} (from 0)", scores[at], at / was);
            let expected = if classes { "a probability from 0 to 1" } else { "a finite number" };
            return Err(Error::invalid(argument, was, expected));
        }
        if options.problem == Problem::Multiclass {
            // Probabilities in half precision add up to 1 within a few thousandths.
            let sums = scores.chunks_exact(was).map(|row| row.iter().sum::<f64>());
            if let Some((i, sum)) = sums.enumerate().find(|(_, sum)| (sum - 1.0).abs() > 0.01) {
                let was = format!("probabilities that add up to {sum} in observation {i} (from 0)");
                return Err(Error::invalid(argument, was, "1 (apply softmax first)"));
            }
        }
        let kind = match options.problem {
            Problem::Binary => Kind::Binary,
            Problem::Multiclass => Kind::Class(was),
            Problem::Regression => Kind::Number,
        };
        let predictions = match self.predictions {
            Some(given) => values("predictions", given, n, kind)?,
            None => match options.problem {
                Problem::Binary => {
                    scores.iter().map(|p| f64::from(u8::from(*p >= options.threshold))).collect()
                }
                Problem::Multiclass => scores.chunks_exact(was).map(likeliest).collect(),
                Problem::Regression => {
                    return Err(Error::invalid(
                        "predictions",
                        "nothing",
                        "a prediction for each observation",
                    ));
                }
            },
        };
        let labels = self.labels.map(|given| values("labels", given, n, kind)).transpose()?;
        Ok(Read { width: was, scores, predictions, labels })
    }
}

impl Read {
    pub fn len(&self) -> usize {
        self.predictions.len()
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Binary,
    Class(usize),
    Number,
}

fn values(argument: &'static str, given: &[f64], n: usize, kind: Kind) -> Result<Vec<f64>> {
    if given.len() != n {
        return Err(Error::invalid(
            argument,
            format!("{} values", given.len()),
            format!("{n}, one per observation"),
        ));
    }
    let good = |x: f64| match kind {
        Kind::Binary => x == 0.0 || x == 1.0,
        Kind::Class(classes) => x >= 0.0 && x < classes as f64 && x.fract() == 0.0,
        Kind::Number => x.is_finite(),
    };
    let expected = || match kind {
        Kind::Binary => "0 or 1".into(),
        Kind::Class(classes) => format!("classes from 0 to {}", classes - 1),
        Kind::Number => "a finite number".into(),
    };
    match given.iter().position(|x| !good(*x)) {
        Some(i) => {
            // Of many classes other languages count from 1.
            let is_class = matches!(kind, Kind::Class(_)) && given[i].is_finite();
            let value = if is_class {
                format!("class {} (from 0)", given[i])
            } else {
                given[i].to_string()
            };
            Err(Error::invalid(
                argument,
                format!("{value} in observation {i} (from 0)"),
                expected(),
            ))
        }
        None => Ok(given.to_vec()),
    }
}

/// The first of the likeliest classes.
fn likeliest(row: &[f64]) -> f64 {
    let best = (1..row.len()).fold(0, |best, c| if row[c] > row[best] { c } else { best });
    best as f64
}
