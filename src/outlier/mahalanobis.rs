//! `mahalanobis`: the distance to the mean in units of the covariance (Mahalanobis 1936), classic,
//! shrunk or robust.

use serde::{Deserialize, Serialize};

use super::covariance::{Estimate, ledoit_wolf, mcd};
use super::support::{linear::Whitening, packed};
use super::{Detector, Rows};
use crate::error::Result;
use crate::sound::Sound;

/// How mean and covariance are estimated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covariance {
    /// Mean and covariance with divisor n: scikit-learn's `EmpiricalCovariance`.
    #[default]
    Classic,
    /// Shrunk towards a multiple of the identity (Ledoit and Wolf 2004); regular whatever the
    /// number of features.
    Shrunk,
    /// Of the half with the least determinant, reweighted (Rousseeuw and Van Driessen 1999): not
    /// moved by outliers in the reference.
    Robust,
}

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct Options {
    /// How mean and covariance are estimated.
    pub covariance: Covariance,
    /// Of the robust estimate's random starts.
    pub seed: u64,
}

/// The squared distance `(x - m)' C^-1 (x - m)`, as scikit-learn's `mahalanobis`. `parts` are the
/// summands `(x - m)_k (C^-1 (x - m))_k`, which add to the score; one can be negative, where
/// features are correlated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mahalanobis {
    #[serde(with = "packed")]
    mean: Vec<f64>,
    whitening: Whitening,
}

/// Features up to which a row's deviations lie on the stack.
const FEW: usize = 64;

impl Detector for Mahalanobis {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        let reason = "a covariance that can be inverted takes more observations than features";
        let Estimate { mean, covariance } = match options.covariance {
            Covariance::Classic => {
                reference.expect_at_least(reference.features() + 1, reason)?;
                reference.expect_spread()?;
                let mean = reference.means();
                let covariance = reference.covariance(&mean);
                Estimate { mean, covariance }
            }
            Covariance::Shrunk => {
                reference.expect_at_least(2, "a covariance takes two")?;
                ledoit_wolf::estimate(reference).0
            }
            Covariance::Robust => {
                reference.expect_spread()?;
                mcd::estimate(reference, options.seed)?
            }
        };
        Ok(Mahalanobis { mean, whitening: Whitening::new(&covariance)? })
    }

    fn features(&self) -> usize {
        self.mean.len()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let p = self.mean.len();
        let (mut few, mut many) = ([0.0; FEW], Vec::new());
        let centered = if p <= FEW {
            &mut few[..p]
        } else {
            many.resize(p, 0.0);
            &mut many[..]
        };
        for (row, score) in rows.chunks_exact(p).zip(scores) {
            *score = self.whitening.squared_distance(row, &self.mean, centered);
        }
    }

    fn parts(&self, row: &[f64], parts: &mut [f64]) -> bool {
        let solved = self.whitening.solve(row, &self.mean);
        let deviations = row.iter().zip(&self.mean).map(|(x, m)| x - m);
        parts.iter_mut().zip(deviations.zip(solved)).for_each(|(part, (d, s))| *part = d * s);
        true
    }

    fn work(&self) -> usize {
        self.mean.len() * self.mean.len() / 2
    }
}

impl Sound for Mahalanobis {
    fn is_sound(&self) -> bool {
        !self.mean.is_empty() && self.whitening.is_of(self.mean.len())
    }
}
