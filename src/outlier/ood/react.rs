//! `react`: the energy of features that are cut off (Sun, Guo and Li 2021, equation 4).

use serde::{Deserialize, Serialize};

use super::head::Head;
use crate::error::{Error, Result};
use crate::sound::Sound;
use crate::support::columns::quantile;
use crate::{Detector, Rows};

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Where features are cut off: this percentile, 0 to 100, of all features of the reference
    /// together (numpy's, which interpolates).
    pub percentile: f64,
}

impl Default for Options {
    /// 90, as the paper.
    fn default() -> Self {
        Options { percentile: 90.0 }
    }
}

/// `-ln sum exp(W min(x, c) + b)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct React {
    head: Head,
    clip: f64,
}

impl Detector for React {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        if !(0.0..=100.0).contains(&options.percentile) {
            return Err(Error::invalid("percentile", options.percentile, "a number from 0 to 100"));
        }
        let mut values = reference.values().to_vec();
        values.sort_by(f64::total_cmp);
        let clip = quantile(&values, options.percentile / 100.0);
        Ok(React { head: reference.expect_head()?.clone(), clip })
    }

    fn features(&self) -> usize {
        self.head.features()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let (mut clipped, mut logits) =
            (vec![0.0; self.features()], vec![0.0; self.head.classes()]);
        for (row, score) in rows.chunks_exact(self.features()).zip(scores) {
            clipped.iter_mut().zip(row).for_each(|(c, x)| *c = x.min(self.clip));
            *score = self.head.energy(&clipped, &mut logits);
        }
    }

    fn work(&self) -> usize {
        self.head.classes() * self.features()
    }
}

impl Sound for React {
    fn is_sound(&self) -> bool {
        self.head.is_sound() && !self.clip.is_nan()
    }
}
