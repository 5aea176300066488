//! `gmm`: how low the density of a mixture of Gaussians is, fitted by `linfa-clustering`
//! (expectation maximization).

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{GaussianMixtureModel, GmmError};
use ndarray::{Array1, ArrayView2, Axis};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::support::linear::Whitening;
use super::{Detector, Rows};
use crate::error::{Error, Result};
use crate::sound::Sound;

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Number of Gaussians, each with a covariance of its own.
    pub components: usize,
    /// Added to the diagonal of each covariance.
    pub regularization: f64,
    /// The iteration ends when the mean log-likelihood grows by less. Where that is not reached in
    /// 1,000 steps, ten times as much is asked for, up to 0.1.
    pub tolerance: f64,
    /// Starts, of which the best is kept.
    pub runs: usize,
    /// Of the random numbers.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { components: 1, regularization: 1e-6, tolerance: 1e-3, runs: 1, seed: 0 }
    }
}

impl Options {
    fn fit(
        &self,
        reference: &DatasetBase<ArrayView2<'_, f64>, Array1<()>>,
    ) -> Result<GaussianMixtureModel<f64>> {
        let mut tolerance = self.tolerance;
        loop {
            let parameters = GaussianMixtureModel::params_with_rng(
                self.components,
                ChaCha8Rng::seed_from_u64(self.seed),
            )
            .n_runs(self.runs as u64)
            .reg_covariance(self.regularization)
            .tolerance(tolerance)
            .max_n_iterations(1000);
            match parameters.fit(reference) {
                Ok(model) => return Ok(model),
                Err(GmmError::NotConverged(_)) if tolerance < 0.1 => tolerance *= 10.0,
                Err(error) => {
                    let expected =
                        "a mixture that can be fitted; use fewer components or more regularization";
                    return Err(Error::invalid("reference", error, expected));
                }
            }
        }
    }
}

/// Minus the logarithm of the density: minus scikit-learn's `GaussianMixture.score_samples` at the
/// same optimum; which one is found depends on the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GaussianMixture {
    components: Vec<Component>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Component {
    log_weight: f64,
    mean: Vec<f64>,
    whitening: Whitening,
}

impl Detector for GaussianMixture {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        if !(1..=reference.len()).contains(&options.components) {
            let expected =
                format!("a number from 1 to {}: the reference's observations", reference.len());
            return Err(Error::invalid("components", options.components, expected));
        }
        if !(options.regularization >= 0.0 && options.regularization.is_finite()) {
            return Err(Error::invalid(
                "regularization",
                options.regularization,
                "a number from 0",
            ));
        }
        if options.runs == 0 {
            return Err(Error::invalid("runs", 0, "at least 1"));
        }
        reference.expect_at_least(
            reference.features() + 1,
            "a covariance takes more observations than features",
        )?;
        if !(options.tolerance > 0.0 && options.tolerance.is_finite()) {
            return Err(Error::invalid("tolerance", options.tolerance, "a number above 0"));
        }
        let model = options.fit(&DatasetBase::from(reference.matrix()))?;
        let parts = model
            .weights()
            .iter()
            .zip(model.means().outer_iter())
            .zip(model.covariances().axis_iter(Axis(0)));
        let components = parts
            .map(|((weight, mean), covariance)| {
                let whitening = Whitening::new(&covariance.to_owned())?;
                Ok(Component { log_weight: weight.ln(), mean: mean.to_vec(), whitening })
            })
            .collect::<Result<_>>()?;
        Ok(GaussianMixture { components })
    }

    fn features(&self) -> usize {
        self.components.first().map_or(0, |component| component.mean.len())
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let p = self.features();
        let constant = 0.5 * p as f64 * std::f64::consts::TAU.ln();
        let (mut centered, mut exponents) = (vec![0.0; p], vec![0.0; self.components.len()]);
        for (row, score) in rows.chunks_exact(p).zip(scores) {
            for (exponent, part) in exponents.iter_mut().zip(&self.components) {
                let squared = part.whitening.squared_distance(row, &part.mean, &mut centered);
                *exponent = part.log_weight - 0.5 * (squared + part.whitening.log_determinant);
            }
            let most = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = exponents.iter().map(|e| (e - most).exp()).sum();
            *score = constant - most - sum.ln();
        }
    }

    fn work(&self) -> usize {
        self.components.len() * self.features() * self.features()
    }
}

impl Sound for GaussianMixture {
    fn is_sound(&self) -> bool {
        let p = self.features();
        let whole = |part: &Component| part.mean.len() == p && part.whitening.is_of(p);
        p > 0 && self.components.iter().all(whole)
    }
}
