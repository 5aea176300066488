//! `pca`: how much of an observation the principal components of the reference leave over, or how
//! far out along them it is.

use serde::{Deserialize, Serialize};

use super::support::{linear, packed};
use super::{Detector, Rows};
use crate::error::{Error, Result};
use crate::sound::{Sound, is_table};

/// What is scored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// The squared length of what the kept components leave over (the Q statistic of Jackson and
    /// Mudholkar 1979).
    #[default]
    Residual,
    /// The sum of squared coordinates along the kept components over their variances (Hotelling's T
    /// squared; with all components the score of Shyu and others 2003).
    Components,
}

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Components that are kept; `None`: the fewest that explain `variance`.
    pub components: Option<usize>,
    /// The fraction of the variance that the kept components explain at least, in (0, 1].
    pub variance: f64,
    /// What is scored.
    pub score: Score,
}

impl Default for Options {
    fn default() -> Self {
        Options { components: None, variance: 0.9, score: Score::default() }
    }
}

/// Components of the covariance (divisor n - 1), as scikit-learn's `PCA`; standardize features that
/// differ in scale. pyod's PCA scores something else: distances from the observation to the
/// eigenvectors as if these were points. `parts`: of the residual its squares feature by feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PCA {
    score: Score,
    #[serde(with = "packed")]
    mean: Vec<f64>,
    /// One after the other.
    #[serde(with = "packed")]
    components: Vec<f64>,
    #[serde(with = "packed")]
    variances: Vec<f64>,
}

impl Detector for PCA {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        let (n, p) = (reference.len(), reference.features());
        reference.expect_at_least(2, "a variance takes two")?;
        if !(options.variance > 0.0 && options.variance <= 1.0) {
            return Err(Error::invalid(
                "variance",
                options.variance,
                "a fraction above 0, at most 1",
            ));
        }
        let mean = reference.means();
        let covariance = reference.covariance(&mean) * (n as f64 / (n - 1) as f64);
        let (values, vectors) = linear::eigen(&covariance)?;
        let total: f64 = values.iter().map(|v| v.max(0.0)).sum();
        if total <= 0.0 {
            let (value, observations) = (reference.row(0)[0], n);
            return Err(Error::ConstantFeature {
                argument: "reference",
                feature: 0,
                value,
                observations,
            });
        }
        let rank = values.iter().filter(|v| **v > total * 1e-14 * p as f64).count();
        let most = match options.score {
            Score::Residual => p.saturating_sub(1),
            Score::Components => rank,
        };
        if most == 0 {
            return Err(Error::invalid(
                "reference",
                "1 feature",
                "at least 2, so that something can be left over",
            ));
        }
        let kept = match options.components {
            Some(k) if (1..=most).contains(&k) => k,
            Some(k) => {
                let expected = format!("a number from 1 to {most} ({p} features, rank {rank})");
                return Err(Error::invalid("components", k, expected));
            }
            None => {
                let mut sum = 0.0;
                let enough = values.iter().position(|v| {
                    sum += v.max(0.0);
                    sum >= options.variance * total * (1.0 - 1e-12)
                });
                enough.map_or(most, |k| (k + 1).min(most))
            }
        };
        let components = (0..kept).flat_map(|k| vectors.column(k).to_vec()).collect();
        Ok(PCA {
            score: options.score,
            mean,
            components,
            variances: values.iter().take(kept).copied().collect(),
        })
    }

    fn features(&self) -> usize {
        self.mean.len()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let mut rest = vec![0.0; self.mean.len()];
        for (row, score) in rows.chunks_exact(self.mean.len()).zip(scores) {
            let along = self.project(row, &mut rest);
            *score = match self.score {
                Score::Residual => rest.iter().map(|x| x * x).sum(),
                Score::Components => along,
            };
        }
    }

    fn parts(&self, row: &[f64], parts: &mut [f64]) -> bool {
        if self.score == Score::Components {
            return false;
        }
        self.project(row, parts);
        parts.iter_mut().for_each(|x| *x *= *x);
        true
    }

    fn work(&self) -> usize {
        2 * self.components.len()
    }
}

impl PCA {
    /// Leaves in `rest` what the components do not reach; the sum of squares along them over their
    /// variances.
    fn project(&self, row: &[f64], rest: &mut [f64]) -> f64 {
        rest.iter_mut().zip(row.iter().zip(&self.mean)).for_each(|(r, (x, m))| *r = x - m);
        let mut along = 0.0;
        for (component, variance) in
            self.components.chunks_exact(self.mean.len()).zip(&self.variances)
        {
            // Of what is left: the same as of the whole, and closer to orthogonal.
            let z = linear::dot(rest, component);
            rest.iter_mut().zip(component).for_each(|(r, c)| *r -= z * c);
            along += z * z / variance;
        }
        along
    }
}

impl Sound for PCA {
    fn is_sound(&self) -> bool {
        is_table(&self.components, self.variances.len(), self.mean.len())
    }
}
