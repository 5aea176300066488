//! `ocsvm`: on which side of a one-class support vector machine's surface (Schoelkopf and others
//! 2001), by `linfa-svm`.

use linfa::DatasetBase;
use linfa::dataset::Pr;
use linfa::traits::Fit;
use linfa_svm::Svm;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::neighbors::{Exact, Metric};
use super::support::{memory, packed};
use super::{Detector, Rows};
use crate::error::{Error, Result};
use crate::sound::Sound;

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// At most this fraction of the reference lies outside, and at least this fraction are support
    /// vectors; in (0, 1].
    pub nu: f64,
    /// Of the kernel `exp(-gamma |x - y|^2)`; `None`: 10 over the median squared distance between
    /// two observations of the reference that are not equal (of 512 of them at most). Chosen on the
    /// sets of `make evaluate ARGS=outliers`: `docs/detectors.md`.
    pub gamma: Option<f64>,
    /// The solver stops when the conditions of an optimum hold up to this.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options { nu: 0.5, gamma: None, tolerance: 1e-10 }
    }
}

/// `1 - sum of alpha K(x, support vector) / rho`: below 0 inside, 1 far away. It is minus
/// scikit-learn's `OneClassSVM.decision_function` over rho, its `offset_`, which grows with the
/// reference: so scores of references of different sizes, as those of cross-fitting, are of one
/// scale. Fitting takes 8 bytes for each pair of observations.
#[derive(Debug, Serialize, Deserialize)]
pub struct OneClassSVM {
    gamma: f64,
    rho: f64,
    #[serde(with = "packed")]
    alpha: Vec<f64>,
    support: Exact,
}

impl Detector for OneClassSVM {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        if !(options.nu > 0.0 && options.nu <= 1.0) {
            return Err(Error::invalid("nu", options.nu, "a number above 0, at most 1"));
        }
        if !(options.tolerance > 0.0 && options.tolerance < 1.0) {
            return Err(Error::invalid("tolerance", options.tolerance, "a number between 0 and 1"));
        }
        let n = reference.len();
        reference.expect_at_least(2, "a surface takes two")?;
        if options.nu * (n as f64) < 1.0 {
            let expected =
                format!("at least 1/{n}, so that one observation can be a support vector");
            return Err(Error::invalid("nu", options.nu, expected));
        }
        memory::expect_room(
            "reference",
            n.saturating_mul(n),
            16,
            "the kernel of all pairs of observations",
        )?;
        let gamma = match options.gamma {
            Some(gamma) if gamma > 0.0 && gamma.is_finite() => gamma,
            Some(gamma) => {
                return Err(Error::invalid("gamma", gamma, "a positive number, or none"));
            }
            None => default_gamma(reference),
        };
        let targets: Array1<()> = Array1::from_elem(n, ());
        let model = Svm::<f64, Pr>::params()
            .eps(options.tolerance)
            .nu_weight(options.nu)
            .gaussian_kernel(1.0 / gamma)
            .fit(&DatasetBase::new(reference.matrix(), targets.view()))
            .map_err(|e| {
                Error::invalid("reference", e, "observations that a surface can be fitted to")
            })?;
        let supporting: Vec<usize> = (0..n).filter(|i| model.alpha[*i].abs() > 1e-12).collect();
        if !(model.rho > 0.0 && model.rho.is_finite()) {
            return Err(Error::invalid(
                "reference",
                "one without a surface",
                "observations that a surface can be fitted to",
            ));
        }
        let alpha = supporting.iter().map(|i| model.alpha[*i] / model.rho).collect();
        let support = Exact::new(&reference.select(&supporting), Metric::Euclidean)?;
        Ok(OneClassSVM { gamma, rho: 1.0, alpha, support })
    }

    fn features(&self) -> usize {
        self.support.features()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let mut distances = Vec::new();
        for (row, score) in rows.chunks_exact(self.features()).zip(scores) {
            self.support.distances(row, &mut distances);
            let kernels = distances.iter().map(|d| (-self.gamma * d * d).exp());
            *score = self.rho - self.alpha.iter().zip(kernels).map(|(a, k)| a * k).sum::<f64>();
        }
    }

    fn work(&self) -> usize {
        (self.features() + 10) * self.alpha.len()
    }
}

/// Observations whose distances the default gamma is of.
const LOOKED_AT: usize = 512;

/// See [`Options::gamma`]; 1 where all observations are equal.
fn default_gamma(reference: &Rows<'_>) -> f64 {
    let step = reference.len().div_ceil(LOOKED_AT);
    let rows: Vec<&[f64]> = reference.iter().step_by(step).collect();
    let between = |(i, a): (usize, &&[f64])| -> Vec<f64> {
        let squared = |b: &&[f64]| a.iter().zip(*b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
        rows[..i].iter().map(squared).filter(|d| *d > 0.0).collect()
    };
    let mut squares: Vec<f64> = rows.iter().enumerate().flat_map(between).collect();
    if squares.is_empty() {
        return 1.0;
    }
    let middle = squares.len() / 2;
    let (_, median, _) = squares.select_nth_unstable_by(middle, f64::total_cmp);
    // Of differences as small as can be the quotient would be infinite.
    (10.0 / *median).min(f64::MAX)
}

impl Sound for OneClassSVM {
    fn is_sound(&self) -> bool {
        self.alpha.len() == self.support.len()
    }
}
