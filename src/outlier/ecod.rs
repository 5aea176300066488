//! `ecod`: how far out in the tails each feature is (Li, Zhao, Hu, Botta, Ionescu and Chen 2022).

use serde::{Deserialize, Serialize};

use super::tails::Tails;
use super::{Detector, Rows};
use crate::error::Result;

/// There is nothing to choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {}

/// The sum over features of the largest of the left tail, the right tail and the tail that skewness points to, each minus
/// a logarithm. As pyod's ECOD for a batch of one; pyod refits on the batch, this does not. (The paper takes the largest
/// of three sums, pyod the sum of the largest.) `parts` are the summands.
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
        for (row, score) in rows.chunks_exact(self.features()).zip(scores) {
            *score = row.iter().enumerate().map(|(k, x)| self.part(k, *x)).sum();
        }
    }

    fn parts(&self, row: &[f64], parts: &mut [f64]) -> bool {
        row.iter().zip(parts).enumerate().for_each(|(k, (x, part))| *part = self.part(k, *x));
        true
    }

    fn work(&self) -> usize {
        40 * self.features()
    }
}

impl ECOD {
    #[inline]
    fn part(&self, k: usize, x: f64) -> f64 {
        let tail = self.0.at(k, x);
        tail.left.max(tail.right).max(tail.skewed)
    }
}
