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

/// The sum over features of `-log2(density + alpha)`, as pyod's HBOS: densities integrate to 1.
/// (The paper scales each histogram to a largest height of 1.) `parts` are the summands. A feature
/// that never varies is a histogram about its value from -0.5 to +0.5, as numpy's.
///
/// Where it differs from pyod: a value is looked for in the cell that it was counted in, closed on
/// the left as numpy's (pyod counts a value on an edge in the cell above and looks for it in the
/// one below, so that whole numbers can count as rare in their own reference). Beyond the tolerance
/// the density is 0, and `alpha` is divided by 1 plus how many ranges of the reference it is away
/// (pyod gives such an observation the lowest cell's score: where no cell is empty, a million is as
/// usual as the rarest hour).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HBOS {
    bins: usize,
    tolerance: f64,
    /// Of each feature, `bins + 1` edges.
    #[serde(with = "packed")]
    edges: Vec<f64>,
    /// Of each feature, `bins` scores, and that of an empty cell.
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
        let edges: Vec<f64> =
            (0..=n).map(|i| if i == n { high } else { low + i as f64 * step }).collect();
        let mut counts = vec![0u64; n];
        for x in column {
            let cell = cell(&edges, *x);
            counts[cell] += 1;
        }
        let total = column.len() as f64;
        // Of a feature that hardly varies at all, cells are narrower than a double can invert.
        let density = |(count, e): (&u64, &[f64])| {
            *count as f64 / (e[1] - e[0]).max(f64::MIN_POSITIVE) / total
        };
        let densities =
            counts.iter().zip(edges.windows(2)).map(density).map(|density| density.min(f64::MAX));
        let scores: Vec<f64> = densities.map(|density| -(density + alpha).log2()).collect();
        self.edges.extend(edges);
        self.scores.extend(scores);
        self.scores.push(-alpha.log2());
    }

    #[inline]
    fn part(&self, k: usize, x: f64) -> f64 {
        let n = self.bins;
        let edges = &self.edges[k * (n + 1)..(k + 1) * (n + 1)];
        let scores = &self.scores[k * (n + 1)..(k + 1) * (n + 1)];
        let (low, high) = (edges[0], edges[n]);
        let (beyond, outer) =
            if x < low { (low - x, edges[1] - low) } else { (x - high, high - edges[n - 1]) };
        if beyond > outer * self.tolerance {
            return scores[n]
                + (beyond / (high - low)).min(f64::MAX).ln_1p() / std::f64::consts::LN_2;
        }
        scores[cell(edges, x.clamp(low, high))]
    }
}

/// The cell of a value from the first edge to the last, closed on the left, the last one on both
/// sides: by the edges themselves, for the quotient rounds to either side of one.
#[inline]
fn cell(edges: &[f64], x: f64) -> usize {
    let n = edges.len() - 1;
    let (low, high) = (edges[0], edges[n]);
    let guess = (((x - low) / (high - low) * n as f64) as usize).min(n - 1);
    match guess {
        cell if cell > 0 && x < edges[cell] => cell - 1,
        cell if cell + 1 < n && x >= edges[cell + 1] => cell + 1,
        cell => cell,
    }
}

impl Sound for HBOS {
    fn is_sound(&self) -> bool {
        let cells = (2..=1 << 20).contains(&self.bins) && self.edges.len() == self.scores.len();
        cells && is_table(&self.edges, self.edges.len() / (self.bins + 1), self.bins + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(values: &[f64]) -> HBOS {
        HBOS::fit(&Rows::from_values(values.to_vec(), 1), &Options::default()).expect("fits")
    }

    fn score(hbos: &HBOS, x: f64) -> f64 {
        let mut score = [0.0];
        hbos.score_rows(&[x], &mut score);
        score[0]
    }

    #[test]
    fn whole_numbers_are_found_where_they_were_counted() {
        for (least, most) in [(0, 2), (0, 10), (-7, 13), (3, 4), (5, 5)] {
            let values: Vec<f64> =
                (0..300).map(|i| f64::from(least + i % (most - least + 1))).collect();
            let hbos = fitted(&values);
            for value in &values {
                // Some density: less than that of an empty cell.
                assert!(
                    score(&hbos, *value) < 0.1f64.log2().abs() - 1e-9,
                    "{value} of {least} to {most}"
                );
            }
        }
    }

    #[test]
    fn far_outside_is_rarer_than_anything_inside_and_grows() {
        let hours: Vec<f64> = (0..240).map(|i| f64::from(i) / 10.0).collect();
        let hbos = fitted(&hours);
        let inside = hours.iter().map(|x| score(&hbos, *x)).fold(f64::NEG_INFINITY, f64::max);
        let above: Vec<f64> = [30.0, 100.0, 1e6, 1e60].iter().map(|x| score(&hbos, *x)).collect();
        assert!(above[0] > inside && above.is_sorted_by(|a, b| a < b), "{inside} {above:?}");
        assert!(score(&hbos, -6.0) > inside && score(&hbos, 24.5) <= inside);
    }
}
