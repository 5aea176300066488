//! `copod`: the tails of each feature's empirical copula (Li, Zhao, Botta, Ionescu and Hu 2020).

use serde::{Deserialize, Serialize};

use super::tails::{Tail, Tails};
use super::{Detector, Rows};
use crate::error::Result;
use crate::sound::Sound;

/// There is nothing to choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {}

/// The sum over features of the larger of the tail that skewness points to and the mean of both
/// tails, each minus a logarithm. As pyod's COPOD for a batch of one; pyod refits on the batch,
/// this does not. (The paper takes the largest of three sums, pyod the sum of the largest.) `parts`
/// are the summands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct COPOD(Tails);

impl Detector for COPOD {
    type Options = Options;

    fn fit(reference: &Rows<'_>, _: &Options) -> Result<Self> {
        reference.expect_at_least(2, "a tail takes two")?;
        Ok(COPOD(Tails::new(reference)))
    }

    fn features(&self) -> usize {
        self.0.features()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        self.0.score_rows(rows, scores, part);
    }

    fn parts(&self, row: &[f64], parts: &mut [f64]) -> bool {
        self.0.parts(row, parts, part);
        true
    }

    fn work(&self) -> usize {
        self.0.work()
    }
}

#[inline]
fn part(tail: Tail) -> f64 {
    tail.skewed.max(0.5 * (tail.left + tail.right))
}

impl Sound for COPOD {
    fn is_sound(&self) -> bool {
        self.0.is_sound()
    }
}
