//! `lof`: how much sparser it is around an observation than around its neighbors (Breunig,
//! Kriegel, Ng and Sander 2000).

use serde::{Deserialize, Serialize};

use super::neighbors::{Exact, Metric, Neighbor, check_k};
use super::support::packed;
use super::{Detector, Rows};
use crate::error::Result;
use crate::sound::Sound;

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How many of the nearest points make a neighborhood.
    pub neighbors: usize,
    /// What near means; an inner product is no distance and is refused.
    pub metric: Metric,
}

impl Default for Options {
    /// 20 neighbors, as scikit-learn.
    fn default() -> Self {
        Options { neighbors: 20, metric: Metric::default() }
    }
}

/// The mean local reachability density of the k nearest reference points over that of the
/// observation: about 1 inside, larger outside. Novelty mode: densities are those of the reference
/// alone. As scikit-learn's `LocalOutlierFactor` (`-score_samples`): exactly k neighbors where the
/// paper takes all at the k-th distance, and 1e-10 added to the mean reachability.
///
/// Observations of the reference that are equal count as one, the paper's k-distinct-distance
/// neighborhood (its remark on definition 6): of more copies than neighbors the density would be
/// infinite, next to them everything an outlier, and the threshold beyond all that is one.
/// (scikit-learn's densities of copies are 1e10.) Where there are fewer distinct observations than
/// asked for, all others are the neighborhood.
#[derive(Debug, Serialize, Deserialize)]
pub struct LOF {
    neighbors: usize,
    index: Exact,
    /// Of each point: the distance to its k-th neighbor.
    #[serde(with = "packed")]
    reach: Vec<f64>,
    /// Of each point: its local reachability density.
    #[serde(with = "packed")]
    density: Vec<f64>,
}

impl Detector for LOF {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        let k = options.neighbors;
        reference.expect_at_least(2, "a point takes another to have a neighbor")?;
        check_k(k, reference.len() - 1)?;
        let reference = &reference.distinct();
        reference.expect_at_least(
            2,
            "distinct observations: a point takes another to have a neighbor; or use knn",
        )?;
        let k = k.min(reference.len() - 1);
        if options.metric == Metric::InnerProduct {
            return Err(crate::Error::invalid("metric", "inner-product", "euclidean or cosine"));
        }
        let index = Exact::new(reference, options.metric)?;
        let found = index.search_self(k);
        let reach: Vec<f64> = found.chunks_exact(k).map(|found| found[k - 1].distance).collect();
        let density = found.chunks_exact(k).map(|found| density(found, &reach)).collect();
        Ok(LOF { neighbors: k, index, reach, density })
    }

    fn features(&self) -> usize {
        self.index.features()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let k = self.neighbors;
        let found = self.index.search(rows, k);
        for (found, score) in found.chunks_exact(k).zip(scores) {
            let own = density(found, &self.reach);
            *score =
                found.iter().map(|n| self.density[n.index as usize] / own).sum::<f64>() / k as f64;
        }
    }

    fn work(&self) -> usize {
        self.index.features() * self.index.len()
    }
}

/// One over the mean reachability distance (Breunig and others 2000, definition 6).
fn density(found: &[Neighbor], reach: &[f64]) -> f64 {
    let sum: f64 = found.iter().map(|n| n.distance.max(reach[n.index as usize])).sum();
    1.0 / (sum / found.len() as f64 + 1e-10)
}

impl Sound for LOF {
    fn is_sound(&self) -> bool {
        let n = self.index.len();
        (1..n).contains(&self.neighbors) && (self.reach.len(), self.density.len()) == (n, n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_one_point() {
        let spread: Vec<f64> = (0..80).map(|i| 0.5 + f64::from(i) / 790.0).collect();
        let with_copies: Vec<f64> = spread.iter().copied().chain([0.5; 31]).collect();
        let fit = |values: &[f64]| {
            LOF::fit(&Rows::from_values(values.to_vec(), 1), &Options::default()).expect("fits")
        };
        let probes = [0.5, 0.5001, 0.501, 0.55, 0.6, 0.7, 5.0, 50.0];
        let (mut plain, mut copied) = (vec![0.0; 8], vec![0.0; 8]);
        fit(&spread).score_rows(&probes, &mut plain);
        fit(&with_copies).score_rows(&probes, &mut copied);
        assert_eq!(plain, copied);
        assert!(
            copied[..5].iter().all(|score| *score < 1.6)
                && copied[6] > 50.0
                && copied[7] > copied[6],
            "{copied:?}"
        );
    }

    #[test]
    fn few_values_are_each_others_neighbors() {
        let values: Vec<f64> = (0..300).map(|i| f64::from(i % 3)).collect();
        let lof = LOF::fit(&Rows::from_values(values, 1), &Options::default()).expect("fits");
        let mut scores = [0.0; 5];
        lof.score_rows(&[0.0, 1.0, 2.0, 10.0, -5.0], &mut scores);
        assert!(
            scores[3..].iter().all(|far| scores[..3].iter().all(|own| own < far)),
            "{scores:?}"
        );
        let one = LOF::fit(&Rows::from_values(vec![7.0; 100], 1), &Options::default());
        assert_eq!(one.map(|_| ()).map_err(|e| e.code()), Err(203));
    }
}
