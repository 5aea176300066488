//! A forest of extremely randomized trees that tells two classes apart (Geurts, Ernst & Wehenkel
//! 2006, "Extremely randomized trees", table 1).
//!
//! Why our own: linfa's ensembles (`linfa-ensemble` 0.8.1 over `linfa-trees`) vote for classes and
//! have no shares to rank by, break ties in the random order of a hash map, so that the same data
//! can give another p-value, and read all rows anew in every node of a tree.

use crate::stats::random::SplitMix64;

const TREES: u64 = 100;

/// Rows below which a node is a leaf (the paper's n_min is 2 for classification; larger is for
/// noisy data, as here).
const MIN: usize = 5;

/// Rows of a tree, at most; of more, each tree has its own, drawn without replacement (Bühlmann &
/// Yu 2002, "Analyzing bagging": subagging). Time then grows with the rows only where they are
/// scored.
const MAX: usize = 4096;

enum Node {
    /// Rows below `at` go to `left`, the others to the node after it.
    Split { feature: usize, at: f64, left: usize },
    /// The share of the second class.
    Leaf(f64),
}

/// Fitted trees.
pub(super) struct Forest {
    trees: Vec<Vec<Node>>,
}

impl Forest {
    /// Trees of rows and whether each is of the second class. Deterministic. Cost: O(trees · √d · n
    /// log n) for n = min(N, 4096).
    pub(super) fn fit(rows: &[(&[f64], bool)], features: usize) -> Self {
        let tried = (features as f64).sqrt().ceil() as usize;
        let tree = |seed| {
            let mut random = SplitMix64::new(seed);
            let mut members: Vec<usize> = (0..rows.len()).collect();
            if members.len() > MAX {
                for place in 0..MAX {
                    let other = place + random.below(members.len() - place);
                    members.swap(place, other);
                }
                members.truncate(MAX);
            }
            let mut tree = Tree { rows, features, tried, random, nodes: vec![Node::Leaf(0.5)] };
            tree.grow(0, &mut members);
            tree.nodes
        };
        Forest { trees: (0..TREES).map(tree).collect() }
    }

    /// The mean share of the second class in the leaves that the row falls into, in [0, 1].
    pub(super) fn score(&self, row: &[f64]) -> f64 {
        let leaf = |tree: &Vec<Node>| {
            let mut node = 0;
            loop {
                match tree[node] {
                    Node::Split { feature, at, left } => {
                        node = left + usize::from(row[feature] >= at)
                    }
                    Node::Leaf(share) => return share,
                }
            }
        };
        self.trees.iter().map(leaf).sum::<f64>() / self.trees.len() as f64
    }
}

struct Tree<'a> {
    rows: &'a [(&'a [f64], bool)],
    features: usize,
    tried: usize,
    random: SplitMix64,
    nodes: Vec<Node>,
}

impl Tree<'_> {
    /// Makes `node` of these rows. Depth is about log N: cuts are uniform between the extremes.
    fn grow(&mut self, node: usize, members: &mut [usize]) {
        let second = members.iter().filter(|k| self.rows[**k].1).count();
        let pure = second == 0 || second == members.len();
        let split =
            if pure || members.len() < MIN { None } else { self.best_split(members, second) };
        let Some((feature, at)) = split else {
            self.nodes[node] = Node::Leaf(second as f64 / members.len() as f64);
            return;
        };
        let mut cut = 0;
        for k in 0..members.len() {
            if self.rows[members[k]].0[feature] < at {
                members.swap(k, cut);
                cut += 1;
            }
        }
        let left = self.nodes.len();
        self.nodes.extend([Node::Leaf(0.5), Node::Leaf(0.5)]);
        self.nodes[node] = Node::Split { feature, at, left };
        let (low, high) = members.split_at_mut(cut);
        self.grow(left, low);
        self.grow(left + 1, high);
    }

    /// The best, by Gini's impurity, of a random cut of each of a few random features that vary
    /// here.
    fn best_split(&mut self, members: &[usize], second: usize) -> Option<(usize, f64)> {
        let mut best: Option<(f64, usize, f64)> = None;
        let mut order: Vec<usize> = (0..self.features).collect();
        let mut left_to_try = self.tried;
        for place in 0..self.features {
            if left_to_try == 0 {
                break;
            }
            let other = place + self.random.below(self.features - place);
            order.swap(place, other);
            let feature = order[place];
            let values = || members.iter().map(|k| self.rows[*k].0[feature]);
            let (low, high) =
                values().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
            if low >= high {
                continue;
            }
            left_to_try -= 1;
            let at = low + (high - low) * self.random.uniform();
            // Rounding may give `low` itself, below which is nothing.
            let at = if at > low { at } else { high };
            let below = members.iter().map(|k| self.rows[*k]).filter(|(row, _)| row[feature] < at);
            let (count, of_second) = below
                .fold((0, 0), |(count, second), (_, is)| (count + 1, second + usize::from(is)));
            let impurity = |count: usize, second: usize| {
                second as f64 * (count - second) as f64 / count as f64
            };
            let found =
                impurity(count, of_second) + impurity(members.len() - count, second - of_second);
            if best.is_none_or(|(least, _, _)| found < least) {
                best = Some((found, feature, at));
            }
        }
        best.map(|(_, feature, at)| (feature, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn it_learns_what_no_line_separates_and_is_the_same_again() {
        let mut random = Random(1);
        let mut draw = |n: usize| -> Vec<([f64; 2], bool)> {
            let point = |random: &mut Random| [random.uniform() - 0.5, random.uniform() - 0.5];
            (0..n).map(|_| point(&mut random)).map(|x| (x, x[0] * x[1] > 0.0)).collect()
        };
        let (seen, unseen) = (draw(500), draw(500));
        let rows: Vec<(&[f64], bool)> = seen.iter().map(|(x, class)| (&x[..], *class)).collect();
        let (forest, again) = (Forest::fit(&rows, 2), Forest::fit(&rows, 2));
        let right = unseen.iter().filter(|(x, class)| (forest.score(x) > 0.5) == *class).count();
        assert!(right > 450, "{right} of 500");
        assert!(unseen.iter().all(|(x, _)| forest.score(x) == again.score(x)));
    }

    #[test]
    fn rows_that_are_all_equal_make_one_leaf() {
        let rows = [
            (&[1.0, 2.0][..], false),
            (&[1.0, 2.0], true),
            (&[1.0, 2.0], true),
            (&[1.0, 2.0], false),
        ]
        .repeat(5);
        let forest = Forest::fit(&rows, 2);
        assert!(forest.trees.iter().all(|tree| tree.len() == 1));
        assert_eq!(forest.score(&[0.0, 0.0]), 0.5);
    }
}
