//! `iforest`: cuts along one feature (Liu, Ting and Zhou 2008, "Isolation Forest").

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::super::support::packed;
use super::super::{Detector, Rows};
use super::nodes::{Cut, Nodes};
use super::{Options, average_path_length, depth_limit, grow, score};
use crate::error::{Error, Result};
use crate::sound::Sound;

/// The score is `2^(-E[path length] / c(sample size))`, in (0, 1); about 0.5 for what is like the
/// reference. That is minus scikit-learn's `score_samples`; a forest dumped from there scores the
/// same ([`IsolationForest::from_dump`]), but for scikit-learn's rounding of values to single
/// precision. A cut's feature is drawn among those that vary in the node, as there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct IsolationForest {
    features: usize,
    sample_size: usize,
    trees: usize,
    nodes: Nodes,
    /// The features that never vary, and their values.
    constants: Vec<(u32, f64)>,
}

impl Detector for IsolationForest {
    type Options = Options;

    /// A feature that never varies is never cut, and whoever has another value in it is alone after
    /// one cut. Points that are all equal are a leaf, as in scikit-learn; but what is not equal to
    /// them and comes there is alone after one more cut, where scikit-learn takes it for one of
    /// them: of a reference of few values, each a leaf, no other value would be an outlier.
    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        let sample_size = options.check(reference)?;
        if options.extension_level.is_some() {
            return Err(Error::invalid(
                "extension_level",
                "a number",
                "none: it belongs to detector eif",
            ));
        }
        let depth = depth_limit(sample_size);
        let trees = grow::forest(options.trees, sample_size, |tree| {
            let (mut random, sample) = grow::sample(reference, sample_size, options.seed, tree);
            let mut one = Nodes::new(depth, 1);
            let points: &mut Vec<usize> = &mut (0..sample_size).collect();
            Growing::new(&reference.select(&sample), depth, &mut one).grow(
                &mut random,
                points,
                Nodes::ROOT,
                0,
            );
            one
        });
        Ok(IsolationForest {
            features: reference.features(),
            sample_size,
            trees: options.trees,
            nodes: Nodes::joined(depth, &trees),
            constants: constants(reference),
        })
    }

    fn features(&self) -> usize {
        self.features
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        scores.fill(0.0);
        // So many rows that they stay in the cache while all trees pass over them.
        let block = (4096 / self.features.max(1)).clamp(16, 1024) / 16 * 16;
        for (rows, scores) in rows.chunks(block * self.features).zip(scores.chunks_mut(block)) {
            self.nodes.add_path_lengths(rows, self.features, scores);
        }
        if !self.constants.is_empty() {
            for (row, total) in rows.chunks_exact(self.features).zip(scores.iter_mut()) {
                if self.constants.iter().any(|(feature, value)| row[*feature as usize] != *value) {
                    *total = self.trees as f64;
                }
            }
        }
        scores.iter_mut().for_each(|total| *total = score(*total, self.trees, self.sample_size));
    }

    fn work(&self) -> usize {
        2 * self.trees * depth_limit(self.sample_size)
    }
}

/// The features of which all observations have the same value.
fn constants(reference: &Rows<'_>) -> Vec<(u32, f64)> {
    let first = reference.row(0).iter().enumerate();
    let constant = first.filter(|(k, x)| reference.iter().all(|row| row[*k] == **x));
    constant.map(|(k, x)| (k as u32, *x)).collect()
}

/// Grows one tree on its sample.
struct Growing<'a> {
    sample: &'a Rows<'a>,
    depth: usize,
    into: &'a mut Nodes,
    features: Vec<usize>,
}

impl<'a> Growing<'a> {
    fn new(sample: &'a Rows<'a>, depth: usize, into: &'a mut Nodes) -> Self {
        Growing { sample, depth, into, features: (0..sample.features()).collect() }
    }

    /// `points` into the subtree at place `node`. Never deeper than the depth limit, which is at
    /// most 16.
    fn grow(&mut self, random: &mut ChaCha8Rng, points: &mut [usize], node: usize, level: usize) {
        let cut =
            if points.len() > 1 && level < self.depth { self.cut(random, points) } else { None };
        let Some(cut) = cut else {
            self.leaf(random, points, node, level);
            return;
        };
        self.into.cut(0, node, cut);
        let (values, p, feature) =
            (self.sample.values(), self.sample.features(), cut.feature as usize);
        let left = grow::partition(points, |i| values[i * p + feature] <= cut.threshold);
        let (left, right) = points.split_at_mut(left);
        let (left_child, right_child) = Nodes::children(node);
        self.grow(random, left, left_child, level + 1);
        self.grow(random, right, right_child, level + 1);
    }

    /// A leaf; of several points that are equal with a cut on either side of their value in one
    /// feature, as deep as the tree goes.
    fn leaf(&mut self, random: &mut ChaCha8Rng, points: &[usize], node: usize, level: usize) {
        let length = |level: usize, points: usize| level as f64 + average_path_length(points);
        if points.len() < 2 || level >= self.depth {
            self.into.leaf(0, node, length(level, points.len()));
            return;
        }
        let feature = random.gen_range(0..self.features.len());
        let value = self.sample.row(points[0])[feature];
        let cut = |threshold: f64| Cut { threshold, feature: feature as u32 };
        let (left, right) = Nodes::children(node);
        let upper = random.r#gen::<bool>();
        // The greater ones go right at the value itself, the smaller ones left just below it.
        self.into.cut(0, node, cut(if upper { value } else { value.next_down() }));
        let (inner, outer) = if upper { (left, right) } else { (right, left) };
        self.into.leaf(0, outer, length(level + 1, 1));
        if level + 1 == self.depth {
            self.into.leaf(0, inner, length(level + 1, points.len()));
            return;
        }
        self.into.cut(0, inner, cut(if upper { value.next_down() } else { value }));
        let (left, right) = Nodes::children(inner);
        let (inner, outer) = if upper { (right, left) } else { (left, right) };
        self.into.leaf(0, outer, length(level + 2, 1));
        self.into.leaf(0, inner, length(level + 2, points.len()));
    }

    /// A feature among those that vary, and a place between its least and greatest value.
    fn cut(&mut self, random: &mut ChaCha8Rng, points: &[usize]) -> Option<Cut> {
        for tried in 0..self.features.len() {
            let at = random.gen_range(tried..self.features.len());
            self.features.swap(tried, at);
            let feature = self.features[tried];
            let (low, high) = grow::range(self.sample, points, feature);
            if low < high {
                return Some(Cut {
                    threshold: grow::between(random, low, high),
                    feature: feature as u32,
                });
            }
        }
        None
    }
}

/// A forest as scikit-learn's `estimators_[i].tree_` has it, to load or to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForestDump {
    /// `n_features_in_`
    pub features: usize,
    /// `max_samples_`
    pub sample_size: usize,
    /// `estimators_`
    pub trees: Vec<TreeDump>,
}

/// Arrays with an element a node, by scikit-learn's names. Children are -1 in a leaf. Values above
/// `threshold` go right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // the names say it
pub struct TreeDump {
    pub children_left: Vec<i64>,
    pub children_right: Vec<i64>,
    pub feature: Vec<i64>,
    pub threshold: Vec<f64>,
    pub n_node_samples: Vec<u64>,
}

impl TreeDump {
    /// The place in the flat layout of each node that the root leads to.
    fn place(&self, features: usize, depth: usize, tree: usize, into: &mut Nodes) -> Result<()> {
        let n = self.children_left.len();
        let bad =
            |what: String| Error::invalid("dump", what, "a tree as scikit-learn's tree_ has it");
        let lengths = [
            self.children_right.len(),
            self.feature.len(),
            self.threshold.len(),
            self.n_node_samples.len(),
        ];
        if lengths.iter().any(|length| *length != n) {
            return Err(bad(format!("arrays of {n} and {lengths:?} nodes in tree {tree}")));
        }
        let mut waiting = vec![(0usize, Nodes::ROOT, 0usize)];
        while let Some((at, node, level)) = waiting.pop() {
            if at >= n || level > depth {
                return Err(bad(format!(
                    "node {at} of {n} at depth {level} of {depth} in tree {tree}"
                )));
            }
            let child = |of: &[i64]| usize::try_from(of[at]).ok();
            match (child(&self.children_left), child(&self.children_right)) {
                (Some(left), Some(right)) if level < depth => {
                    let feature = usize::try_from(self.feature[at]).ok().filter(|k| *k < features);
                    let (Some(feature), false) = (feature, self.threshold[at].is_nan()) else {
                        return Err(bad(format!(
                            "feature {} of {features} in tree {tree}",
                            self.feature[at]
                        )));
                    };
                    into.cut(
                        tree,
                        node,
                        Cut { threshold: self.threshold[at], feature: feature as u32 },
                    );
                    let (left_child, right_child) = Nodes::children(node);
                    waiting.push((left, left_child, level + 1));
                    waiting.push((right, right_child, level + 1));
                }
                (None, None) => {
                    let samples = usize::try_from(self.n_node_samples[at]).unwrap_or(usize::MAX);
                    into.leaf(tree, node, level as f64 + average_path_length(samples));
                }
                _ => {
                    return Err(bad(format!(
                        "node {at} with a child too many at depth {level} in tree {tree}"
                    )));
                }
            }
        }
        Ok(())
    }
}

impl IsolationForest {
    /// A forest that was grown elsewhere. Its trees may be as deep as those of `sample_size`
    /// observations are.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the arrays do not make such trees.
    pub fn from_dump(dump: &ForestDump) -> Result<Self> {
        let (features, sample_size, trees) = (dump.features, dump.sample_size, dump.trees.len());
        if features == 0 || trees == 0 || !(2..=1 << 16).contains(&sample_size) {
            let was = format!("{trees} trees on {sample_size} observations of {features} features");
            return Err(Error::invalid(
                "dump",
                was,
                "at least one tree and feature, and 2 to 65536 observations",
            ));
        }
        let depth = depth_limit(sample_size);
        let mut nodes = Nodes::new(depth, trees);
        for (i, tree) in dump.trees.iter().enumerate() {
            tree.place(features, depth, i, &mut nodes)?;
        }
        Ok(IsolationForest { features, sample_size, trees, nodes, constants: Vec::new() })
    }
}

/// What a file holds: every tree from its root, left before right. A cell of `features` is 0 for a
/// leaf, else the cut's feature + 1; a leaf's path length follows from its size.
#[derive(Clone, Serialize, Deserialize)]
struct Saved {
    features: usize,
    sample_size: usize,
    trees: usize,
    cuts: Vec<u32>,
    #[serde(with = "packed")]
    thresholds: Vec<f64>,
    sizes: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    constants: Vec<(u32, f64)>,
}

impl From<IsolationForest> for Saved {
    fn from(forest: IsolationForest) -> Saved {
        let IsolationForest { features, sample_size, trees, nodes, constants } = forest;
        let (cuts, thresholds, sizes) = (vec![], vec![], vec![]);
        let mut saved = Saved { features, sample_size, trees, cuts, thresholds, sizes, constants };
        for tree in 0..trees {
            nodes.visit(tree, &mut |level, cut, length| match cut {
                Some(cut) => {
                    saved.cuts.push(cut.feature + 1);
                    saved.thresholds.push(cut.threshold);
                }
                None => {
                    saved.cuts.push(0);
                    saved.sizes.push(size_of_leaf(length - level as f64, sample_size));
                }
            });
        }
        saved
    }
}

/// The number of observations whose average path length is nearest.
fn size_of_leaf(length: f64, most: usize) -> u32 {
    let (mut low, mut high) = (1, most.max(1));
    while low < high {
        let middle = usize::midpoint(low, high);
        if average_path_length(middle) < length - 1e-9 { low = middle + 1 } else { high = middle }
    }
    low as u32
}

impl TryFrom<Saved> for IsolationForest {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self> {
        let bad = || Error::invalid("forest", "trees that do not end", "a forest as it was saved");
        let Saved { features, sample_size, trees, cuts, thresholds, sizes, constants } = saved;
        if features == 0
            || trees == 0
            || trees > cuts.len()
            || !(2..=1 << 16).contains(&sample_size)
        {
            return Err(bad());
        }
        if constants.iter().any(|(feature, _)| *feature as usize >= features) {
            return Err(bad());
        }
        let depth = depth_limit(sample_size);
        let mut nodes = Nodes::new(depth, trees);
        let (mut cuts, mut thresholds, mut sizes) =
            (cuts.into_iter(), thresholds.into_iter(), sizes.into_iter());
        for tree in 0..trees {
            let mut waiting = vec![(Nodes::ROOT, 0usize)];
            while let Some((node, level)) = waiting.pop() {
                match cuts.next().ok_or_else(bad)? {
                    0 => {
                        let size = sizes.next().ok_or_else(bad)? as usize;
                        nodes.leaf(tree, node, level as f64 + average_path_length(size));
                    }
                    cut => {
                        let threshold =
                            thresholds.next().filter(|t| !t.is_nan()).ok_or_else(bad)?;
                        if level == depth || cut as usize > features {
                            return Err(bad());
                        }
                        nodes.cut(tree, node, Cut { threshold, feature: cut - 1 });
                        let (left, right) = Nodes::children(node);
                        waiting.push((right, level + 1));
                        waiting.push((left, level + 1));
                    }
                }
            }
        }
        Ok(IsolationForest { features, sample_size, trees, nodes, constants })
    }
}

impl Sound for IsolationForest {
    /// It was looked at when it was read: see `Saved`.
    fn is_sound(&self) -> bool {
        self.features > 0
    }
}

#[cfg(test)]
mod tests;
