//! `hbos`: how low the histogram of each feature is at an observation (Goldstein and Dengel 2012).

use serde::{Deserialize, Serialize};

use super::support::packed;
use super::{Detector, Rows};
use crate::error::{Error, Result};
use crate::sound::{Sound, is_table};

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Cells of equal width a feature, at least 2.
    pub bins: usize,
    /// Added to each density before its logarithm is taken, in (0, 1).
    pub alpha: f64,
    /// So many widths beyond the outer cells still count as these, in 0..1.
    pub tolerance: f64,
}

impl Default for Options {
    /// 10 cells, alpha 0.1 and tolerance 0.5, as pyod.
    fn default() -> Self {
        Options { bins: 10, alpha: 0.1, tolerance: 0.5 }
    }
}

/// The sum over features of `-log2(density + alpha)`, as pyod's HBOS: densities integrate to 1, cells are closed on the
/// right when scoring, and an observation beyond the tolerance counts as one in the lowest cell. (The paper scales each
/// histogram to a largest height of 1.) `parts` are the summands. A feature that never varies is a histogram about its
/// value from -0.5 to +0.5, as numpy's, with that value in a full cell. (pyod looks for a value on an edge in the cell below
/// it and counts it in the cell above: there, a feature's only value can count as rare.)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HBOS {
    bins: usize,
    tolerance: f64,
    /// Of each feature, `bins + 1` edges.
    #[serde(with = "packed")]
    edges: Vec<f64>,
    /// Of each feature, `bins` scores, and the highest.
    #[serde(with = "packed")]
    scores: Vec<f64>,
}

impl Detector for HBOS {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        let Options { bins, alpha, tolerance } = *options;
        if !(2..=1 << 20).contains(&bins) {
            return Err(Error::invalid("bins", bins, "a number from 2 to 1048576"));
        }
        if !(alpha > 0.0 && alpha < 1.0) {
            return Err(Error::invalid("alpha", alpha, "a number between 0 and 1"));
        }
        if !(0.0..=1.0).contains(&tolerance) {
            return Err(Error::invalid("tolerance", tolerance, "a number from 0 to 1"));
        }
        let mut fitted = HBOS { bins, tolerance, edges: vec![], scores: vec![] };
        for k in 0..reference.features() {
            let column: Vec<f64> = reference.iter().map(|row| row[k]).collect();
            fitted.add(&column, alpha);
        }
        Ok(fitted)
    }

    fn features(&self) -> usize {
        self.edges.len() / (self.bins + 1)
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        for (row, score) in rows.chunks_exact(self.features()).zip(scores) {
            *score = row.iter().enumerate().map(|(k, x)| self.part(k, *x)).sum();
        }
    }

    fn parts(&self, row: &[f64], parts: &mut [f64]) -> bool {
        row.iter().zip(parts).enumerate().for_each(|(k, (x, part))| *part = self.part(k, *x));
        true
    }
}

impl HBOS {
    fn add(&mut self, column: &[f64], alpha: f64) {
        let low = column.iter().copied().fold(f64::INFINITY, f64::min);
        let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let constant = low >= high;
        let (low, high) = if constant { (low - 0.5, high + 0.5) } else { (low, high) };
        let n = self.bins;
        let step = (high - low) / n as f64;
        let edges: Vec<f64> = (0..=n).map(|i| if i == n { high } else { low + i as f64 * step }).collect();
        let mut counts = vec![0u64; n];
        for x in column {
            // By the edges themselves: the quotient rounds to either side of one.
            let guess = (((x - low) / (high - low) * n as f64) as usize).min(n - 1);
            let cell = match guess {
                // Its value may lie on an edge; counted where it is looked for.
                cell if constant && *x <= edges[cell] => cell - 1,
                cell if *x < edges[cell] => cell - 1,
                cell if cell + 1 < n && *x >= edges[cell + 1] => cell + 1,
                cell => cell,
            };
            counts[cell] += 1;
        }
        let total = column.len() as f64;
        // Of a feature that hardly varies at all, cells are narrower than a double can invert.
        let density = |(count, e): (&u64, &[f64])| *count as f64 / (e[1] - e[0]).max(f64::MIN_POSITIVE) / total;
        let densities = counts.iter().zip(edges.windows(2)).map(density).map(|density| density.min(f64::MAX));
        let scores: Vec<f64> = densities.map(|density| -(density + alpha).log2()).collect();
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.edges.extend(edges);
        self.scores.extend(scores);
        self.scores.push(highest);
    }

    #[inline]
    fn part(&self, k: usize, x: f64) -> f64 {
        let n = self.bins;
        let edges = &self.edges[k * (n + 1)..(k + 1) * (n + 1)];
        let scores = &self.scores[k * (n + 1)..(k + 1) * (n + 1)];
        let (low, high) = (edges[0], edges[n]);
        if x <= low {
            return scores[if low - x <= (edges[1] - low) * self.tolerance { 0 } else { n }];
        }
        if x > high {
            return scores[if x - high <= (high - edges[n - 1]) * self.tolerance { n - 1 } else { n }];
        }
        let guess = (((x - low) / (high - low) * n as f64) as usize).min(n - 1);
        let cell = match guess {
            cell if x <= edges[cell] => cell - 1,
            cell if x > edges[cell + 1] => cell + 1,
            cell => cell,
        };
        scores[cell]
    }
}

impl Sound for HBOS {
    fn is_sound(&self) -> bool {
        let cells = (2..=1 << 20).contains(&self.bins) && self.edges.len() == self.scores.len();
        cells && is_table(&self.edges, self.edges.len() / (self.bins + 1), self.bins + 1)
    }
}
