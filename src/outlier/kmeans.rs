//! `kmeans`: how far the nearest of k cluster centers is, by `linfa-clustering` (k-means++ and
//! Lloyd's iteration).

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::KMeans;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::support::packed;
use super::{Detector, Rows};
use crate::error::{Error, Result};
use crate::sound::{Sound, is_table};

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Number of clusters.
    pub clusters: usize,
    /// Starts, of which the best is kept.
    pub runs: usize,
    /// Of the random numbers.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { clusters: 8, runs: 10, seed: 0 }
    }
}

/// The Euclidean distance to the nearest center: the least of scikit-learn's `KMeans.transform`.
/// `parts`: each feature's share of the squared distance, times the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KMeansDistance {
    features: usize,
    #[serde(with = "packed")]
    centers: Vec<f64>,
}

impl Detector for KMeansDistance {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        if !(1..=reference.len()).contains(&options.clusters) {
            let expected =
                format!("a number from 1 to {}: the reference's observations", reference.len());
            return Err(Error::invalid("clusters", options.clusters, expected));
        }
        if options.runs == 0 {
            return Err(Error::invalid("runs", 0, "at least 1"));
        }
        let rows = reference.matrix();
        let model =
            KMeans::params_with_rng(options.clusters, ChaCha8Rng::seed_from_u64(options.seed))
                .n_runs(options.runs)
                .max_n_iterations(300)
                .tolerance(1e-8)
                .fit(&DatasetBase::from(rows))
                .map_err(|e| {
                    Error::invalid("reference", e, "observations that can be clustered")
                })?;
        Ok(KMeansDistance {
            features: reference.features(),
            centers: model.centroids().iter().copied().collect(),
        })
    }

    fn features(&self) -> usize {
        self.features
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        for (row, score) in rows.chunks_exact(self.features).zip(scores) {
            *score = self.nearest(row).0.sqrt();
        }
    }

    fn parts(&self, row: &[f64], parts: &mut [f64]) -> bool {
        let (squared, center) = self.nearest(row);
        let scale = if squared > 0.0 { 1.0 / squared.sqrt() } else { 0.0 };
        parts
            .iter_mut()
            .zip(row.iter().zip(center))
            .for_each(|(part, (x, c))| *part = (x - c) * (x - c) * scale);
        true
    }

    fn work(&self) -> usize {
        self.centers.len()
    }
}

impl KMeansDistance {
    fn nearest(&self, row: &[f64]) -> (f64, &[f64]) {
        let distance =
            |center: &[f64]| row.iter().zip(center).map(|(x, c)| (x - c) * (x - c)).sum::<f64>();
        let mut nearest = (f64::INFINITY, &self.centers[..self.features]);
        for center in self.centers.chunks_exact(self.features) {
            let squared = distance(center);
            if squared < nearest.0 {
                nearest = (squared, center);
            }
        }
        nearest
    }

    /// The centers, one after the other.
    #[must_use]
    pub fn centers(&self) -> &[f64] {
        &self.centers
    }
}

impl Sound for KMeansDistance {
    fn is_sound(&self) -> bool {
        self.features > 0
            && is_table(&self.centers, self.centers.len() / self.features, self.features)
    }
}
