//! `she`: simplified Hopfield energy (Zhang et al. 2023, section 3.3).

use serde::{Deserialize, Serialize};

use super::classes;
use super::head::{Head, largest};
use crate::error::Result;
use crate::sound::{Sound, is_table};
use crate::support::{linear::dot, packed};
use crate::{Detector, Rows};

/// Options: none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {}

/// Minus the inner product with the stored pattern of the predicted class: the mean of the
/// reference observations of that class that the classifier gets right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct She {
    head: Head,
    /// Class after class.
    #[serde(with = "packed")]
    patterns: Vec<f64>,
}

impl Detector for She {
    type Options = Options;

    fn fit(reference: &Rows<'_>, _: &Options) -> Result<Self> {
        let head = reference.expect_head()?.clone();
        let labels = classes::labels(reference)?;
        let mut logits = vec![0.0; head.classes()];
        let mut right = |i: usize| {
            head.logits(reference.row(i), &mut logits);
            largest(&logits) == labels[i] as usize
        };
        let right: Vec<bool> = (0..reference.len()).map(&mut right).collect();
        let patterns =
            classes::means_of(reference, |i| right[i], "no observation that is classified right")?;
        Ok(She { head, patterns })
    }

    fn features(&self) -> usize {
        self.head.features()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let p = self.features();
        let mut logits = vec![0.0; self.head.classes()];
        for (row, score) in rows.chunks_exact(p).zip(scores) {
            self.head.logits(row, &mut logits);
            *score = -dot(row, &self.patterns[largest(&logits) * p..][..p]);
        }
    }

    fn work(&self) -> usize {
        (self.head.classes() + 1) * self.features()
    }
}

impl Sound for She {
    fn is_sound(&self) -> bool {
        self.head.is_sound() && is_table(&self.patterns, self.head.classes(), self.head.features())
    }
}
