//! Gradient-boosted regression trees on histograms.
//!
//! A small one of our own: the crates at hand either have no regression trees (linfa-trees) or sort
//! the rows anew in every node (smartcore), which a reference of tens of thousands of rows does not
//! bear. What it predicts is checked against scikit-learn's `HistGradientBoostingRegressor` in
//! `test/reference/performance.py`.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Distinct places of a feature, at most: one byte.
const BINS: usize = 255;

/// How the trees grow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoostedOptions {
    /// Trees.
    pub trees: usize,
    /// Splits from a root to a leaf, at most.
    pub depth: usize,
    /// Of what a tree says, this is added.
    pub learning_rate: f64,
    /// Observations in a leaf, at least.
    pub min_leaf: usize,
}

impl Default for BoostedOptions {
    fn default() -> Self {
        BoostedOptions { trees: 100, depth: 5, learning_rate: 0.1, min_leaf: 20 }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Node {
    Leaf(f64),
    /// Up to and including the threshold to `left`, else to the node after it.
    Split {
        feature: usize,
        threshold: f64,
        left: usize,
        right: usize,
    },
}

/// Fitted trees: Friedman (2001), algorithm 2 (least squares), with splits between histogram bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boosted {
    features: usize,
    base: f64,
    trees: Vec<Vec<Node>>,
}

/// The best split of a node.
struct Best {
    gain: f64,
    feature: usize,
    bin: usize,
}

/// The reference in bins, and the residuals.
struct Growing<'a> {
    options: &'a BoostedOptions,
    n: usize,
    /// Feature after feature.
    bins: Vec<u8>,
    /// Of each feature: values up to and including `edges[b]` lie in bins 0 to b.
    edges: Vec<Vec<f64>>,
    residuals: Vec<f64>,
    predicted: Vec<f64>,
}

impl Boosted {
    /// `x` row after row, `width` values each; `y` a value per row. O(trees depth rows features).
    ///
    /// # Errors
    /// `InvalidArgument` where lengths differ, there is nothing, or a value is NaN or Inf.
    pub fn fit(x: &[f64], width: usize, y: &[f64], options: &BoostedOptions) -> Result<Self> {
        if width == 0 || y.is_empty() || x.len() != width * y.len() {
            let was = format!("{} features of {} rows in {} values", width, y.len(), x.len());
            return Err(Error::invalid("x", was, "a row of features for each value of y"));
        }
        if let Some(bad) = x.iter().chain(y).find(|v| !v.is_finite()) {
            return Err(Error::invalid("x and y", bad, "finite numbers"));
        }
        let n = y.len();
        let mut bins = vec![0u8; n * width];
        let mut edges = Vec::with_capacity(width);
        for (feature, bins) in bins.chunks_exact_mut(n).enumerate() {
            let column: Vec<f64> = x.iter().skip(feature).step_by(width).copied().collect();
            let of_feature = edges_of(&column);
            for (bin, value) in bins.iter_mut().zip(&column) {
                // There are at most BINS - 1 edges.
                *bin = of_feature.partition_point(|edge| edge < value) as u8;
            }
            edges.push(of_feature);
        }
        let base = y.iter().sum::<f64>() / n as f64;
        let residuals = y.iter().map(|y| y - base).collect();
        let mut growing = Growing { options, n, bins, edges, residuals, predicted: vec![0.0; n] };
        let trees = (0..options.trees).map(|_| growing.tree()).collect();
        Ok(Boosted { features: width, base, trees })
    }

    /// The value for one row of as many features as it was fitted on. O(trees depth).
    #[must_use]
    pub fn predict(&self, row: &[f64]) -> f64 {
        debug_assert_eq!(row.len(), self.features);
        self.trees.iter().fold(self.base, |sum, tree| sum + walk(tree, row))
    }
}

fn walk(tree: &[Node], row: &[f64]) -> f64 {
    let mut at = 0;
    loop {
        match tree[at] {
            Node::Leaf(value) => return value,
            Node::Split { feature, threshold, left, right } => {
                at = if row[feature] <= threshold { left } else { right }
            }
        }
    }
}

/// Midpoints between neighboring distinct values; where there are too many, between evenly spaced
/// order statistics.
fn edges_of(column: &[f64]) -> Vec<f64> {
    let mut sorted = column.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    let between = |low: f64, high: f64| low + (high - low) / 2.0;
    if distinct.len() <= BINS {
        return distinct.windows(2).map(|w| between(w[0], w[1])).collect();
    }
    let mut edges: Vec<f64> = (1..BINS)
        .filter_map(|k| {
            let at = k * sorted.len() / BINS;
            let above = sorted.partition_point(|x| *x <= sorted[at - 1]);
            sorted.get(above).map(|next| between(sorted[at - 1], *next))
        })
        .collect();
    edges.dedup();
    edges
}

impl Growing<'_> {
    fn tree(&mut self) -> Vec<Node> {
        let mut nodes = Vec::new();
        let mut rows: Vec<u32> = (0..self.n as u32).collect();
        self.grow(&mut nodes, &mut rows, 0);
        self.residuals
            .iter_mut()
            .zip(&self.predicted)
            .for_each(|(residual, step)| *residual -= step);
        nodes
    }

    /// Grows the node of `rows`, which it reorders, and gives its place.
    fn grow(&mut self, nodes: &mut Vec<Node>, rows: &mut [u32], depth: usize) -> usize {
        let at = nodes.len();
        let sum: f64 = rows.iter().map(|&i| self.residuals[i as usize]).sum();
        let value = self.options.learning_rate * sum / rows.len() as f64;
        nodes.push(Node::Leaf(value));
        let best = if depth < self.options.depth { self.best(rows, sum) } else { None };
        let Some(Best { feature, bin, .. }) = best else {
            rows.iter().for_each(|&i| self.predicted[i as usize] = value);
            return at;
        };
        let bins = &self.bins[feature * self.n..][..self.n];
        // Rows keep their order: sums do not depend on how the node was reached.
        let (mut lower, upper): (Vec<u32>, Vec<u32>) =
            rows.iter().partition(|&&i| usize::from(bins[i as usize]) <= bin);
        let middle = lower.len();
        lower.extend(upper);
        rows.copy_from_slice(&lower);
        let threshold = self.edges[feature][bin];
        let (lower, upper) = rows.split_at_mut(middle);
        let left = self.grow(nodes, lower, depth + 1);
        let right = self.grow(nodes, upper, depth + 1);
        nodes[at] = Node::Split { feature, threshold, left, right };
        at
    }

    /// The split that lowers the squared error most, if any does.
    fn best(&self, rows: &[u32], sum: f64) -> Option<Best> {
        let (n, least) = (rows.len(), self.options.min_leaf.max(1));
        if n < 2 * least {
            return None;
        }
        let mut best: Option<Best> = None;
        for (feature, edges) in self.edges.iter().enumerate() {
            let bins = &self.bins[feature * self.n..][..self.n];
            let mut sums = [(0.0f64, 0usize); BINS + 1];
            for &i in rows {
                let cell = &mut sums[usize::from(bins[i as usize])];
                cell.0 += self.residuals[i as usize];
                cell.1 += 1;
            }
            let (mut left, mut count) = (0.0, 0);
            for (bin, (sum_here, count_here)) in sums.iter().enumerate().take(edges.len()) {
                left += sum_here;
                count += count_here;
                if *count_here == 0 || count < least || n - count < least {
                    continue;
                }
                let right = sum - left;
                let gain = left * left / count as f64 + right * right / (n - count) as f64
                    - sum * sum / n as f64;
                // Rounding must not make a split out of equal residuals.
                if gain > best.as_ref().map_or(1e-12 * sum * sum / n as f64, |best| best.gain) {
                    best = Some(Best { gain, feature, bin });
                }
            }
        }
        best
    }
}

impl Boosted {
    /// Whether it is of so many features, and every walk ends: children come after their parents.
    pub(super) fn is_sound(&self, features: usize) -> bool {
        let tree = |tree: &Vec<Node>| {
            let node = |(at, node): (usize, &Node)| match node {
                Node::Leaf(_) => true,
                Node::Split { feature, left, right, .. } => {
                    *feature < features
                        && [left, right].iter().all(|child| at < **child && **child < tree.len())
                }
            };
            !tree.is_empty() && tree.iter().enumerate().all(node)
        };
        self.features == features && self.trees.iter().all(tree)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    fn rows(n: usize) -> (Vec<f64>, Vec<f64>) {
        let mut random = Random(4);
        let x: Vec<f64> = (0..3 * n).map(|_| random.uniform()).collect();
        let y = x
            .chunks_exact(3)
            .map(|r| (6.0 * r[0]).sin() + r[1] * r[1] + 0.1 * random.normal())
            .collect();
        (x, y)
    }

    #[test]
    fn it_learns_what_is_there_and_no_more() {
        let (x, y) = rows(4000);
        let (train, test) = (3 * 3000, 3000);
        let fitted = Boosted::fit(&x[..train], 3, &y[..test], &BoostedOptions::default()).unwrap();
        let error: f64 = x[train..]
            .chunks_exact(3)
            .zip(&y[test..])
            .map(|(r, y)| (fitted.predict(r) - y).powi(2))
            .sum::<f64>()
            / 1000.0;
        // The noise has a variance of 0.01: what is left is hardly more.
        assert!(error < 0.013, "{error}");
    }

    #[test]
    fn one_split_is_the_best_of_all() {
        let (x, y) = rows(60);
        let options = BoostedOptions { trees: 1, depth: 1, learning_rate: 1.0, min_leaf: 5 };
        let fitted = Boosted::fit(&x, 3, &y, &options).unwrap();
        let squared = |of: &dyn Fn(&[f64]) -> f64| -> f64 {
            x.chunks_exact(3).zip(&y).map(|(r, y)| (of(r) - y).powi(2)).sum()
        };
        let mut least = f64::INFINITY;
        for feature in 0..3 {
            for cut in x.iter().skip(feature).step_by(3) {
                let side = |below: bool| -> Vec<f64> {
                    x.chunks_exact(3)
                        .zip(&y)
                        .filter(|(r, _)| (r[feature] <= *cut) == below)
                        .map(|(_, y)| *y)
                        .collect()
                };
                let (low, high) = (side(true), side(false));
                if low.len() >= 5 && high.len() >= 5 {
                    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
                    let (low, high) = (mean(&low), mean(&high));
                    least = least.min(squared(&|r| if r[feature] <= *cut { low } else { high }));
                }
            }
        }
        assert!((squared(&|r| fitted.predict(r)) - least).abs() < 1e-9);
    }

    #[test]
    fn constants_many_ties_and_bad_input() {
        let options = BoostedOptions::default();
        let flat = Boosted::fit(&[1.0; 100], 1, &[2.5; 100], &options).unwrap();
        assert_eq!(flat.predict(&[7.0]), 2.5);
        let tied: Vec<f64> = (0..2000).map(|i| if i < 1990 { 0.0 } else { f64::from(i) }).collect();
        assert!(Boosted::fit(&tied, 1, &tied, &options).unwrap().predict(&[0.0]).abs() < 10.0);
        for (x, width, y) in
            [(&[][..], 1, &[][..]), (&[1.0], 1, &[1.0, 2.0]), (&[f64::NAN], 1, &[1.0])]
        {
            assert_eq!(Boosted::fit(x, width, y, &options).unwrap_err().code(), 100);
        }
    }
}
