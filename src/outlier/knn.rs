//! `knn`: how far the nearest reference points are (Ramaswamy, Rastogi and Shim 2000; Angiulli and
//! Pizzuti 2002).

use serde::{Deserialize, Serialize};

use super::neighbors::{Graph, Index, Method, Metric, check_k};
use super::{Detector, Rows};
use crate::error::Result;
use crate::sound::Sound;

/// What is made of the distances to the nearest points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregate {
    /// The distance to the k-th.
    #[default]
    Max,
    /// The mean of all k.
    Mean,
    /// The median of all k.
    Median,
}

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How many of the nearest points count.
    pub neighbors: usize,
    /// What near means.
    pub metric: Metric,
    /// What is made of the distances.
    pub aggregate: Aggregate,
    /// How they are searched.
    pub index: Method,
}

impl Default for Options {
    /// The largest of 5 Euclidean distances, as pyod.
    fn default() -> Self {
        Options {
            neighbors: 5,
            metric: Metric::default(),
            aggregate: Aggregate::default(),
            index: Method::default(),
        }
    }
}

/// The distance to the k-th nearest point of the reference, or the mean or median of the k
/// distances. pyod's KNN scores new points the same. `parts`: for the Euclidean metric each
/// feature's share of the squared distances to the k nearest, times the score.
#[derive(Debug, Serialize, Deserialize)]
pub struct KNN {
    neighbors: usize,
    aggregate: Aggregate,
    index: Index,
}

impl Detector for KNN {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        check_k(options.neighbors, reference.len())?;
        if options.index == Method::Hnsw {
            Graph::check_k(options.neighbors)?;
        }
        let index = Index::new(reference, options.metric, options.index)?;
        Ok(KNN { neighbors: options.neighbors, aggregate: options.aggregate, index })
    }

    fn features(&self) -> usize {
        self.index.exact().features()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let k = self.neighbors;
        let found = self.index.search(rows, k);
        for (found, score) in found.chunks_exact(k).zip(scores) {
            *score = match self.aggregate {
                Aggregate::Max => found[k - 1].distance,
                Aggregate::Mean => found.iter().map(|n| n.distance).sum::<f64>() / k as f64,
                Aggregate::Median => 0.5 * (found[(k - 1) / 2].distance + found[k / 2].distance),
            };
        }
    }

    fn parts(&self, row: &[f64], parts: &mut [f64]) -> bool {
        if self.index.exact().metric() != Metric::Euclidean {
            return false;
        }
        let mut score = [0.0];
        self.score_rows(row, &mut score);
        parts.fill(0.0);
        for n in self.index.search(row, self.neighbors) {
            let point = self.index.exact().point(n.index as usize);
            parts
                .iter_mut()
                .zip(row.iter().zip(point))
                .for_each(|(part, (x, y))| *part += (x - y) * (x - y));
        }
        let sum: f64 = parts.iter().sum();
        parts.iter_mut().for_each(|part| *part *= if sum > 0.0 { score[0] / sum } else { 0.0 });
        true
    }

    fn work(&self) -> usize {
        self.index.work()
    }
}

impl Sound for KNN {
    fn is_sound(&self) -> bool {
        self.index.can_find(self.neighbors)
    }
}
