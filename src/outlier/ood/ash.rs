//! `ash`: the energy of features most of which are set to 0 (Djurisic, Bozanic, Ashok and Liu 2023,
//! algorithms 1 to 3).

use serde::{Deserialize, Serialize};

use super::head::Head;
use crate::error::{Error, Result};
use crate::sound::Sound;
use crate::{Detector, Rows};

/// What becomes of the features that are left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Scaled by `exp(sum of all / sum of those left)`.
    #[default]
    S,
    /// Each set to the sum of all over their number.
    B,
    /// Nothing.
    P,
}

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What becomes of the features that are left.
    pub variant: Variant,
    /// How many percent of the features are set to 0: the smallest ones.
    pub percentile: f64,
}

impl Default for Options {
    /// ASH-S at 90, as the paper on ImageNet.
    fn default() -> Self {
        Options { variant: Variant::default(), percentile: 90.0 }
    }
}

/// `-ln sum exp(W a(x) + b)` of shaped features `a(x)`. Nothing is learned but the calibration. For
/// features that are not negative, such as those after relu.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ash {
    head: Head,
    variant: Variant,
    /// How many features are left.
    left: usize,
}

impl Ash {
    fn shape(&self, row: &[f64], order: &mut Vec<usize>, shaped: &mut [f64]) {
        order.clear();
        order.extend(0..row.len());
        // Of equals the first are left.
        order.select_nth_unstable_by(self.left - 1, |a, b| {
            row[*b].total_cmp(&row[*a]).then(a.cmp(b))
        });
        let left = &order[..self.left];
        let all: f64 = row.iter().sum();
        let kept: f64 = left.iter().map(|i| row[*i]).sum();
        // The largest of features that are not negative sum up to their share at least: a larger
        // quotient is of others.
        let most = row.len() as f64 / self.left as f64;
        let quotient = if kept > 0.0 { (all / kept).clamp(0.0, most) } else { 1.0 };
        shaped.fill(0.0);
        for i in left {
            shaped[*i] = match self.variant {
                Variant::P => row[*i],
                Variant::B => all / self.left as f64,
                Variant::S => row[*i] * quotient.exp(),
            };
        }
    }
}

impl Detector for Ash {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        let (head, p) = (reference.expect_head()?.clone(), reference.features());
        if !(0.0..100.0).contains(&options.percentile) {
            return Err(Error::invalid(
                "percentile",
                options.percentile,
                "a number from 0 to below 100",
            ));
        }
        if let Some(negative) = reference.values().iter().find(|x| **x < 0.0) {
            let expected = "features that are not negative, such as those after relu";
            return Err(Error::invalid("reference", format!("a feature of {negative}"), expected));
        }
        let pruned = (p as f64 * options.percentile / 100.0).round() as usize;
        Ok(Ash { head, variant: options.variant, left: p.saturating_sub(pruned).max(1) })
    }

    fn features(&self) -> usize {
        self.head.features()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let (mut order, mut logits) = (Vec::new(), vec![0.0; self.head.classes()]);
        let mut shaped = vec![0.0; self.features()];
        for (row, score) in rows.chunks_exact(self.features()).zip(scores) {
            self.shape(row, &mut order, &mut shaped);
            *score = self.head.energy(&shaped, &mut logits);
        }
    }

    fn work(&self) -> usize {
        (self.head.classes() + 10) * self.features()
    }
}

impl Sound for Ash {
    fn is_sound(&self) -> bool {
        self.head.is_sound() && (1..=self.head.features()).contains(&self.left)
    }
}
