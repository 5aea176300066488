//! `class-mahalanobis`: the distance to the nearest class in units of the classes' common
//! covariance (Lee, Lee, Lee and Shin 2018, equations 1 and 2; without their step on the input).

use serde::{Deserialize, Serialize};

use super::classes;
use crate::covariance::ledoit_wolf;
use crate::error::Result;
use crate::sound::{Sound, is_table};
use crate::support::{linear::Whitening, packed};
use crate::{Detector, Rows};

/// How the common covariance is estimated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covariance {
    /// With divisor n, as the paper. Singular where a unit is always off.
    #[default]
    Classic,
    /// Shrunk towards a multiple of the identity (Ledoit and Wolf 2004): regular whatever the
    /// features.
    Shrunk,
}

/// Options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How the common covariance is estimated.
    pub covariance: Covariance,
}

impl Covariance {
    /// The inverse factor of a covariance of observations about `mean`.
    pub(super) fn whitening(self, rows: &Rows<'_>, mean: &[f64], free: usize) -> Result<Whitening> {
        let covariance = match self {
            Covariance::Shrunk => ledoit_wolf::estimate(rows).0.covariance,
            Covariance::Classic => {
                let reason = "a covariance that can be inverted takes more observations than features and classes; \
                              or use covariance = \"shrunk\"";
                rows.expect_at_least(rows.features() + free, reason)?;
                rows.covariance(mean)
            }
        };
        Whitening::new(&covariance)
    }
}

/// The least `(x - m)' C^-1 (x - m)` over the classes' means `m`. `parts` are not given: see
/// [`crate::explain`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassMahalanobis {
    #[serde(with = "packed")]
    means: Vec<f64>,
    features: usize,
    whitening: Whitening,
}

impl Detector for ClassMahalanobis {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        let (means, features) = (classes::means(reference)?, reference.features());
        let residuals = classes::residuals(reference, &means)?;
        let whitening = options.covariance.whitening(
            &residuals,
            &vec![0.0; features],
            means.len() / features,
        )?;
        Ok(ClassMahalanobis { means, features, whitening })
    }

    fn features(&self) -> usize {
        self.features
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let mut centered = vec![0.0; self.features];
        for (row, score) in rows.chunks_exact(self.features).zip(scores) {
            let to = |mean: &[f64]| self.whitening.squared_distance(row, mean, &mut centered);
            *score = self.means.chunks_exact(self.features).map(to).fold(f64::INFINITY, f64::min);
        }
    }

    fn work(&self) -> usize {
        self.means.len() * self.features / 2
    }
}

impl Sound for ClassMahalanobis {
    fn is_sound(&self) -> bool {
        let p = self.features;
        p > 0 && is_table(&self.means, self.means.len() / p, p) && self.whitening.is_of(p)
    }
}
