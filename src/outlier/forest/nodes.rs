//! A forest as flat arrays that many observations walk side by side.
//!
//! Every tree is laid out as a whole binary tree of the depth limit: the root is node 1 and node
//! `i` has children `2i` and `2i + 1`, so there is nothing to follow and every walk takes as many
//! steps. As many cells as a power of two, of which the first stays empty: a mask then says that a
//! node is among them. Below a leaf the layout goes on to the left with cuts at infinity, to one
//! cell that holds the leaf's path length. A tree of 256 observations takes 5 KiB.

/// A cut: observations whose `feature` is above `threshold` go right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    pub threshold: f64,
    pub feature: u32,
}

/// Never right: for a finite value no number is above infinity.
const PASS: Cut = Cut { threshold: f64::INFINITY, feature: 0 };

/// Observations that walk side by side: the processor works on the others while it waits for one's
/// next cut.
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
        Nodes { depth, cuts: vec![PASS; trees * cells], lengths: vec![0.0; trees * cells] }
    }

    fn cells(&self) -> usize {
        1 << self.depth
    }

    /// The root's place, and those of a node's children.
    pub const ROOT: usize = 1;

    pub fn children(node: usize) -> (usize, usize) {
        (2 * node, 2 * node + 1)
    }

    /// Sets a cut of `tree` at place `node`.
    pub fn cut(&mut self, tree: usize, node: usize, cut: Cut) {
        let at = tree * self.cells() + node;
        self.cuts[at] = cut;
    }

    /// Sets the path length of a leaf of `tree` at place `node`, which may be of any depth.
    pub fn leaf(&mut self, tree: usize, node: usize, length: f64) {
        let (cells, mut node) = (self.cells(), node);
        while node < cells {
            node = Nodes::children(node).0;
        }
        self.lengths[tree * cells + node - cells] = length;
    }

    /// Adds the path lengths of each of `rows` over all trees to `totals`.
    pub fn add_path_lengths(&self, rows: &[f64], features: usize, totals: &mut [f64]) {
        let cells = self.cells();
        let whole = totals.len() / ABREAST * ABREAST;
        let (abreast, rest) = rows.split_at(whole * features);
        for (cuts, lengths) in self.cuts.chunks_exact(cells).zip(self.lengths.chunks_exact(cells)) {
            let groups =
                abreast.chunks_exact(ABREAST * features).zip(totals.chunks_exact_mut(ABREAST));
            for (group, totals) in groups {
                self.walk::<ABREAST>(cuts, lengths, group, features, totals);
            }
            for (row, total) in rest.chunks_exact(features).zip(totals[whole..].chunks_exact_mut(1))
            {
                self.walk::<1>(cuts, lengths, row, features, total);
            }
        }
    }

    /// `N` rows down one tree.
    #[inline(always)]
    fn walk<const N: usize>(
        &self,
        cuts: &[Cut],
        lengths: &[f64],
        group: &[f64],
        features: usize,
        totals: &mut [f64],
    ) {
        let rows: [&[f64]; N] = std::array::from_fn(|l| &group[l * features..(l + 1) * features]);
        let mut at = [Nodes::ROOT; N];
        for _ in 0..self.depth {
            for (row, at) in rows.iter().zip(&mut at) {
                // The mask changes nothing; by it the compiler knows that the node is one, and does
                // not ask each time.
                let cut = cuts[*at & (cuts.len() - 1)];
                *at = 2 * *at + usize::from(row[cut.feature as usize] > cut.threshold);
            }
        }
        for (total, at) in totals.iter_mut().zip(at) {
            *total += lengths[at & (lengths.len() - 1)];
        }
    }

    /// Trees of one each, all of this depth.
    pub fn joined(depth: usize, trees: &[Nodes]) -> Self {
        let cuts = trees.iter().flat_map(|tree| &tree.cuts).copied().collect();
        let lengths = trees.iter().flat_map(|tree| &tree.lengths).copied().collect();
        Nodes { depth, cuts, lengths }
    }

    /// `visit(level, cut, path length)` for each node of `tree` from its root on, left before
    /// right.
    pub fn visit(&self, tree: usize, visit: &mut impl FnMut(usize, Option<Cut>, f64)) {
        let cells = self.cells();
        let cuts = &self.cuts[tree * cells..(tree + 1) * cells];
        let lengths = &self.lengths[tree * cells..(tree + 1) * cells];
        let mut waiting = vec![(Nodes::ROOT, 0usize)];
        while let Some((node, level)) = waiting.pop() {
            match cuts.get(node).filter(|cut| **cut != PASS) {
                Some(cut) => {
                    visit(level, Some(*cut), 0.0);
                    let (left, right) = Nodes::children(node);
                    waiting.push((right, level + 1));
                    waiting.push((left, level + 1));
                }
                None => {
                    let mut cell = node;
                    while cell < cells {
                        cell = Nodes::children(cell).0;
                    }
                    visit(level, None, lengths[cell - cells]);
                }
            }
        }
    }
}
