//! `deep-knn`: the distance to the k-th nearest reference observation, of features of length 1
//! (Sun, Ming, Zhu and Li 2022).

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::neighbors::{Graph, Index, Method, Metric, check_k};
use crate::sound::Sound;
use crate::{Detector, Rows};

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// k.
    pub neighbors: usize,
    /// How they are searched.
    pub index: Method,
}

impl Default for Options {
    /// 50, as the paper for 50,000 reference observations.
    fn default() -> Self {
        Options { neighbors: 50, index: Method::default() }
    }
}

/// The Euclidean distance, in 0..2, to the k-th nearest. Features of zeros only have no direction
/// and are left as they are.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeepKnn {
    neighbors: usize,
    index: Index,
}

fn of_length_one(rows: &[f64], features: usize) -> Vec<f64> {
    let mut rows = rows.to_vec();
    for row in rows.chunks_exact_mut(features) {
        // Scaled first: squares of large features would overflow.
        let largest = row.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        if largest > 0.0 {
            row.iter_mut().for_each(|x| *x /= largest);
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            row.iter_mut().for_each(|x| *x /= length);
        }
    }
    rows
}

impl Detector for DeepKnn {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        check_k(options.neighbors, reference.len())?;
        if options.index == Method::Hnsw {
            Graph::check_k(options.neighbors)?;
        }
        let p = reference.features();
        let rows = Rows::from_values(of_length_one(reference.values(), p), p);
        Ok(DeepKnn {
            neighbors: options.neighbors,
            index: Index::new(&rows, Metric::Euclidean, options.index)?,
        })
    }

    fn features(&self) -> usize {
        self.index.exact().features()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let k = self.neighbors;
        let found = self.index.search(&of_length_one(rows, self.features()), k);
        scores
            .iter_mut()
            .zip(found.chunks_exact(k))
            .for_each(|(score, found)| *score = found[k - 1].distance);
    }

    fn work(&self) -> usize {
        self.index.work()
    }
}

impl Sound for DeepKnn {
    fn is_sound(&self) -> bool {
        self.index.can_find(self.neighbors)
    }
}
