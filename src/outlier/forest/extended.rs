//! `eif`: cuts by hyperplanes of random slope (Hariri, Carrasco Kind and Brunner 2019, "Extended
//! Isolation Forest").

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::super::support::{linear::dot, packed};
use super::super::{Detector, Rows};
use super::{Options, average_path_length, depth_limit, grow, score};
use crate::error::{Error, Result};
use crate::sound::Sound;

/// Scores as [`super::IsolationForest`]. A cut is `(x - p) . n <= 0`, `n` standard normal in
/// `extension_level + 1` features and 0 in the others, `p` uniform in the box around the node's
/// points (algorithm 2). With extension level 0 a cut leans on one feature, as an isolation
/// forest's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtendedIsolationForest {
    features: usize,
    sample_size: usize,
    trees: Vec<Tree>,
}

/// Nodes from the root on, left before right: the left child of node `i` is `i + 1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Tree {
    /// Of a cut the place of its right child; of a leaf 0.
    right: Vec<u32>,
    /// Of a cut `n . p`; of a leaf its path length.
    #[serde(with = "packed")]
    values: Vec<f64>,
    /// `n` of each cut, in the order of the nodes.
    #[serde(with = "packed")]
    slopes: Vec<f64>,
    /// Which cut a node is.
    cut: Vec<u32>,
}

impl Detector for ExtendedIsolationForest {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        let sample_size = options.check(reference)?;
        let p = reference.features();
        let level = options.extension_level.unwrap_or(p - 1);
        if level >= p {
            return Err(Error::invalid(
                "extension_level",
                level,
                format!("at most {}: the features less one", p - 1),
            ));
        }
        let depth = depth_limit(sample_size);
        let trees = grow::forest(options.trees, sample_size * (1 + p / 4), |tree| {
            let (mut random, sample) = grow::sample(reference, sample_size, options.seed, tree);
            let sample = reference.select(&sample);
            let points: &mut Vec<usize> = &mut (0..sample_size).collect();
            let mut grown = Tree::default();
            grown.grow(&sample, &mut random, points, level, depth, 0);
            grown
        });
        Ok(ExtendedIsolationForest { features: p, sample_size, trees })
    }

    fn features(&self) -> usize {
        self.features
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        scores.fill(0.0);
        for tree in &self.trees {
            for (row, total) in rows.chunks_exact(self.features).zip(scores.iter_mut()) {
                *total += tree.path_length(row);
            }
        }
        scores
            .iter_mut()
            .for_each(|total| *total = score(*total, self.trees.len(), self.sample_size));
    }

    fn work(&self) -> usize {
        self.trees.len() * depth_limit(self.sample_size) * (2 + self.features)
    }
}

impl Tree {
    fn grow(
        &mut self,
        sample: &Rows<'_>,
        random: &mut ChaCha8Rng,
        points: &mut [usize],
        extension: usize,
        depth: usize,
        level: usize,
    ) {
        let at = self.right.len();
        self.right.push(0);
        self.cut.push(0);
        if points.len() <= 1 || level == depth {
            self.values.push(level as f64 + average_path_length(points.len()));
            return;
        }
        let p = sample.features();
        let mut slope: Vec<f64> = (0..p).map(|_| random.sample(StandardNormal)).collect();
        for k in rand::seq::index::sample(random, p, p - 1 - extension) {
            slope[k] = 0.0;
        }
        let inside: Vec<f64> = (0..p)
            .map(|k| {
                let (low, high) = grow::range(sample, points, k);
                grow::between(random, low, high)
            })
            .collect();
        let offset = dot(&slope, &inside);
        self.values.push(offset);
        self.cut[at] = (self.slopes.len() / p) as u32;
        self.slopes.extend_from_slice(&slope);
        let left = grow::partition(points, |i| dot(sample.row(i), &slope) <= offset);
        let (left, right) = points.split_at_mut(left);
        self.grow(sample, random, left, extension, depth, level + 1);
        self.right[at] = self.right.len() as u32;
        self.grow(sample, random, right, extension, depth, level + 1);
    }

    fn path_length(&self, row: &[f64]) -> f64 {
        let p = row.len();
        let mut at = 0;
        while self.right[at] > 0 {
            let slope = &self.slopes[self.cut[at] as usize * p..][..p];
            at = if dot(row, slope) <= self.values[at] { at + 1 } else { self.right[at] as usize };
        }
        self.values[at]
    }
}

impl Sound for ExtendedIsolationForest {
    fn is_sound(&self) -> bool {
        let sizes = self.features > 0
            && (2..=1 << 16).contains(&self.sample_size)
            && !self.trees.is_empty();
        sizes && self.trees.iter().all(|tree| tree.is_sound(self.features))
    }
}

impl Tree {
    /// Children come after their parents, so that every walk ends.
    fn is_sound(&self, features: usize) -> bool {
        let n = self.right.len();
        let cuts = self.slopes.len() / features;
        let child = |(at, right): (usize, &u32)| {
            let right = *right as usize;
            right == 0 || (at + 1 < right && right < n && (self.cut[at] as usize) < cuts)
        };
        n > 0
            && (self.cut.len(), self.values.len()) == (n, n)
            && self.right.iter().enumerate().all(child)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn path_lengths_are_those_of_the_definition() {
        // Every reference point walks to a leaf whose length is depth + c(points there): summed
        // over the sample, the leaves' points are the sample.
        let values = Random(5).normals(64 * 3);
        let reference = Rows::from_values(values.clone(), 3);
        let options = Options { trees: 5, sample_size: 64, ..Options::default() };
        let forest = ExtendedIsolationForest::fit(&reference, &options).expect("fits");
        for tree in &forest.trees {
            let mut lengths: Vec<f64> = values.chunks(3).map(|row| tree.path_length(row)).collect();
            lengths.sort_by(f64::total_cmp);
            // Kraft: 2^-depth over the leaves is 1; a leaf of n points at depth 6 counts n times
            // 2^-6/n.
            let alone: f64 = lengths
                .iter()
                .filter(|l| l.fract() == 0.0 && **l <= 6.0)
                .map(|l| (-l).exp2())
                .sum();
            assert!(alone <= 1.0 + 1e-12 && lengths[63] <= 6.0 + average_path_length(64));
        }
    }

    #[test]
    fn off_the_diagonal_is_seen_where_cuts_lean() {
        // Two features that are equal: (2, -2) is inside both ranges and far from all.
        let mut random = Random(6);
        let values: Vec<f64> = (0..1000).flat_map(|_| [random.normal(); 2]).collect();
        let reference = Rows::from_values(values, 2);
        let forest = ExtendedIsolationForest::fit(&reference, &Options::default()).expect("fits");
        let mut scores = [0.0; 2];
        forest.score_rows(&[2.0, -2.0, 1.0, 1.0], &mut scores);
        assert!(scores[0] > 0.6 && scores[1] < 0.5, "{scores:?}");
        let wrong = Options { extension_level: Some(2), ..Options::default() };
        assert_eq!(
            ExtendedIsolationForest::fit(&reference, &wrong).map_err(|e| e.code()),
            Err(100)
        );
    }
}
