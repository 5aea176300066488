//! `ecod`: how far out in the tails each feature is (Li, Zhao, Hu, Botta, Ionescu and Chen 2022).

use serde::{Deserialize, Serialize};

use super::tails::{Tail, Tails};
use super::{Detector, Rows};
use crate::error::Result;
use crate::sound::Sound;

/// There is nothing to choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {}

/// The sum over features of the largest of the left tail, the right tail and the tail that skewness
/// points to, each minus a logarithm. As pyod's ECOD for a batch of one; pyod refits on the batch,
/// this does not. (The paper takes the largest of three sums, pyod the sum of the largest.) `parts`
/// are the summands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ECOD(Tails);

impl Detector for ECOD {
    type Options = Options;

    fn fit(reference: &Rows<'_>, _: &Options) -> Result<Self> {
        reference.expect_at_least(2, "a tail takes two")?;
        Ok(ECOD(Tails::new(reference)))
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
    tail.left.max(tail.right).max(tail.skewed)
}

impl Sound for ECOD {
    fn is_sound(&self) -> bool {
        self.0.is_sound()
    }
}
