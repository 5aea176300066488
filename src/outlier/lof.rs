//! `lof`: how much sparser it is around an observation than around its neighbours (Breunig, Kriegel, Ng and Sander 2000).

use serde::{Deserialize, Serialize};

use super::neighbours::{Exact, Metric, Neighbour, check_k};
use super::support::packed;
use super::{Detector, Rows};
use crate::error::Result;
use crate::sound::Sound;

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How many of the nearest points make a neighbourhood.
    pub neighbours: usize,
    /// What near means; an inner product is no distance and is refused.
    pub metric: Metric,
}

impl Default for Options {
    /// 20 neighbours, as scikit-learn.
    fn default() -> Self {
        Options { neighbours: 20, metric: Metric::default() }
    }
}

/// The mean local reachability density of the k nearest reference points over that of the observation: about 1 inside,
/// larger outside. Novelty mode: densities are those of the reference alone. As scikit-learn's `LocalOutlierFactor`
/// (`-score_samples`): exactly k neighbours where the paper takes all at the k-th distance, and 1e-10 added to the mean
/// reachability, so that points on top of each other have a density.
#[derive(Debug, Serialize, Deserialize)]
pub struct LOF {
    neighbours: usize,
    index: Exact,
    /// Of each point: the distance to its k-th neighbour.
    #[serde(with = "packed")]
    reach: Vec<f64>,
    /// Of each point: its local reachability density.
    #[serde(with = "packed")]
    density: Vec<f64>,
}

impl Detector for LOF {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        let k = options.neighbours;
        reference.expect_at_least(2, "a point takes another to have a neighbour")?;
        check_k(k, reference.len() - 1)?;
        if options.metric == Metric::InnerProduct {
            return Err(crate::Error::invalid("metric", "inner-product", "euclidean or cosine"));
        }
        let index = Exact::new(reference, options.metric)?;
        let found = index.search_self(k);
        let reach: Vec<f64> = found.chunks_exact(k).map(|found| found[k - 1].distance).collect();
        let density = found.chunks_exact(k).map(|found| density(found, &reach)).collect();
        Ok(LOF { neighbours: k, index, reach, density })
    }

    fn features(&self) -> usize {
        self.index.features()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let k = self.neighbours;
        let found = self.index.search(rows, k);
        for (found, score) in found.chunks_exact(k).zip(scores) {
            let own = density(found, &self.reach);
            *score = found.iter().map(|n| self.density[n.index as usize] / own).sum::<f64>() / k as f64;
        }
    }

    fn work(&self) -> usize {
        self.index.features() * self.index.len()
    }
}

/// One over the mean reachability distance (Breunig and others 2000, definition 6).
fn density(found: &[Neighbour], reach: &[f64]) -> f64 {
    let sum: f64 = found.iter().map(|n| n.distance.max(reach[n.index as usize])).sum();
    1.0 / (sum / found.len() as f64 + 1e-10)
}

impl Sound for LOF {
    fn is_sound(&self) -> bool {
        let n = self.index.len();
        (1..n).contains(&self.neighbours) && (self.reach.len(), self.density.len()) == (n, n)
    }
}
