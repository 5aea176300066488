//! A forest as flat arrays that many observations walk side by side.
//!
//! Every tree is laid out as a whole binary tree of the depth limit: node `i` has children `2i + 1` and `2i + 2`, so there
//! is nothing to follow and every walk takes as many steps. Below a leaf the layout goes on to the left with cuts at
//! infinity, to one cell that holds the leaf's path length. A tree of 256 observations takes 5 KiB.

/// A cut: observations whose `feature` is above `threshold` go right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    pub threshold: f64,
    pub feature: u32,
}

/// Never right: for a finite value no number is above infinity.
const PASS: Cut = Cut { threshold: f64::INFINITY, feature: 0 };

/// Observations that walk side by side: the processor works on the others while it waits for one's next cut.
const ABREAST: usize = 16;

/// The trees, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Nodes {
    depth: usize,
    cuts: Vec<Cut>,
    lengths: Vec<f64>,
}

impl Nodes {
    pub fn new(depth: usize, trees: usize) -> Self {
        let cells = 1usize << depth;
        Nodes { depth, cuts: vec![PASS; trees * (cells - 1)], lengths: vec![0.0; trees * cells] }
    }

    fn cells(&self) -> usize {
        1 << self.depth
    }

    /// Sets a cut of `tree` at place `node`.
    pub fn cut(&mut self, tree: usize, node: usize, cut: Cut) {
        let at = tree * (self.cells() - 1) + node;
        self.cuts[at] = cut;
    }

    /// Sets the path length of a leaf of `tree` at place `node`, which may be of any depth.
    pub fn leaf(&mut self, tree: usize, node: usize, length: f64) {
        let (cells, mut node) = (self.cells(), node);
        while node < cells - 1 {
            node = 2 * node + 1;
        }
        self.lengths[tree * cells + node - (cells - 1)] = length;
    }

    /// Adds the path lengths of each of `rows` over all trees to `totals`.
    pub fn add_path_lengths(&self, rows: &[f64], features: usize, totals: &mut [f64]) {
        let cells = self.cells();
        let groups = rows.chunks_exact(ABREAST * features).len() * ABREAST;
        for (cuts, lengths) in self.cuts.chunks_exact(cells - 1).zip(self.lengths.chunks_exact(cells)) {
            let (whole, rest) = rows.split_at(groups * features);
            for (group, totals) in whole.chunks_exact(ABREAST * features).zip(totals.chunks_exact_mut(ABREAST)) {
                let mut at = [0usize; ABREAST];
                for _ in 0..self.depth {
                    for (l, at) in at.iter_mut().enumerate() {
                        let cut = cuts[*at];
                        let right = group[l * features + cut.feature as usize] > cut.threshold;
                        *at = 2 * *at + 1 + usize::from(right);
                    }
                }
                for (total, at) in totals.iter_mut().zip(at) {
                    *total += lengths[at + 1 - cells];
                }
            }
            for (row, total) in rest.chunks_exact(features).zip(&mut totals[groups..]) {
                let mut at = 0usize;
                for _ in 0..self.depth {
                    let cut = cuts[at];
                    at = 2 * at + 1 + usize::from(row[cut.feature as usize] > cut.threshold);
                }
                *total += lengths[at + 1 - cells];
            }
        }
    }

    /// Trees of one each, all of this depth.
    pub fn joined(depth: usize, trees: &[Nodes]) -> Self {
        let cuts = trees.iter().flat_map(|tree| &tree.cuts).copied().collect();
        let lengths = trees.iter().flat_map(|tree| &tree.lengths).copied().collect();
        Nodes { depth, cuts, lengths }
    }

    /// `visit(level, cut, path length)` for each node of `tree` from its root on, left before right.
    pub fn visit(&self, tree: usize, visit: &mut impl FnMut(usize, Option<Cut>, f64)) {
        let cells = self.cells();
        let cuts = &self.cuts[tree * (cells - 1)..(tree + 1) * (cells - 1)];
        let lengths = &self.lengths[tree * cells..(tree + 1) * cells];
        let mut waiting = vec![(0usize, 0usize)];
        while let Some((node, level)) = waiting.pop() {
            match cuts.get(node).filter(|cut| **cut != PASS) {
                Some(cut) => {
                    visit(level, Some(*cut), 0.0);
                    waiting.push((2 * node + 2, level + 1));
                    waiting.push((2 * node + 1, level + 1));
                }
                None => {
                    let mut cell = node;
                    while cell < cells - 1 {
                        cell = 2 * cell + 1;
                    }
                    visit(level, None, lengths[cell + 1 - cells]);
                }
            }
        }
    }
}
