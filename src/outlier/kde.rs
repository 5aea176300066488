//! `kde`: how low the density of a Gaussian kernel estimate is (Rosenblatt 1956; Parzen 1962).

use serde::{Deserialize, Serialize};

use super::neighbors::{Exact, Metric};
use super::{Detector, Rows};
use crate::error::{Error, Result};
use crate::sound::Sound;

/// The kernel's standard deviation, the same in all directions: standardize features that differ in
/// scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Bandwidth {
    /// In the features' units, above 0.
    Width(f64),
    /// By the number of observations n and of features p.
    Rule(Rule),
}

/// Rules of thumb for features with a standard deviation of 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// `n^(-1/(p + 4))` (Scott 1992).
    Scott,
    /// `(n (p + 2)/4)^(-1/(p + 4))` (Silverman 1986).
    Silverman,
}

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How wide the kernel is.
    pub bandwidth: Bandwidth,
}

impl Default for Options {
    fn default() -> Self {
        Options { bandwidth: Bandwidth::Rule(Rule::Scott) }
    }
}

/// Minus the logarithm of the density: minus scikit-learn's `KernelDensity.score_samples` for the
/// Gaussian kernel. All reference points are kept and looked at. `parts` are of the squared
/// distance's expectation under the kernel's weights: `sum of w (x - y)^2 / (2 h^2)`.
#[derive(Debug, Serialize, Deserialize)]
pub struct KDE {
    bandwidth: f64,
    points: Exact,
}

impl Detector for KDE {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        let (n, p) = (reference.len() as f64, reference.features() as f64);
        let bandwidth = match options.bandwidth {
            Bandwidth::Width(width) if width > 0.0 && width.is_finite() => width,
            Bandwidth::Width(width) => {
                return Err(Error::invalid(
                    "bandwidth",
                    width,
                    "a positive number, \"scott\" or \"silverman\"",
                ));
            }
            Bandwidth::Rule(Rule::Scott) => n.powf(-1.0 / (p + 4.0)),
            Bandwidth::Rule(Rule::Silverman) => (n * (p + 2.0) / 4.0).powf(-1.0 / (p + 4.0)),
        };
        Ok(KDE { bandwidth, points: Exact::new(reference, Metric::Euclidean)? })
    }

    fn features(&self) -> usize {
        self.points.features()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let p = self.features() as f64;
        let constant = p * self.bandwidth.ln()
            + 0.5 * p * std::f64::consts::TAU.ln()
            + (self.points.len() as f64).ln();
        let mut exponents = Vec::new();
        for (row, score) in rows.chunks_exact(self.features()).zip(scores) {
            let least = self.exponents(row, &mut exponents);
            let sum: f64 = exponents.iter().map(|e| (least - e).exp()).sum();
            *score = constant + least - sum.ln();
        }
    }

    fn parts(&self, row: &[f64], parts: &mut [f64]) -> bool {
        let mut exponents = Vec::new();
        let least = self.exponents(row, &mut exponents);
        let sum: f64 = exponents.iter().map(|e| (least - e).exp()).sum();
        parts.fill(0.0);
        for (i, e) in exponents.iter().enumerate() {
            let weight = (least - e).exp() / sum;
            // Others add nothing that is seen.
            if weight > 1e-12 {
                for (part, (x, y)) in parts.iter_mut().zip(row.iter().zip(self.points.point(i))) {
                    *part += weight * 0.5 * ((x - y) / self.bandwidth).powi(2);
                }
            }
        }
        true
    }

    fn work(&self) -> usize {
        (self.features() + 10) * self.points.len()
    }
}

impl KDE {
    /// `d^2 / (2 h^2)` to each point, and the least.
    fn exponents(&self, row: &[f64], exponents: &mut Vec<f64>) -> f64 {
        self.points.distances(row, exponents);
        exponents.iter_mut().for_each(|d| *d = 0.5 * (*d / self.bandwidth).powi(2));
        exponents.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

impl Sound for KDE {
    fn is_sound(&self) -> bool {
        self.bandwidth > 0.0 && !self.points.is_empty()
    }
}
