//! Isolation forests: an observation that random cuts separate quickly from a small sample is
//! anomalous.

pub mod extended;
mod grow;
pub mod isolation;
mod nodes;

pub use extended::ExtendedIsolationForest;
pub use isolation::{ForestDump, IsolationForest, TreeDump};

use serde::{Deserialize, Serialize};

use super::Rows;
use crate::error::{Error, Result};

/// How a forest is grown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Number of trees.
    pub trees: usize,
    /// Observations that each tree is grown on, drawn without replacement; at most all. At most
    /// 65536.
    pub sample_size: usize,
    /// The extended forest alone: features that a cut may lean on beyond the first, `0..features`;
    /// `None` is all.
    pub extension_level: Option<usize>,
    /// Of the random numbers.
    pub seed: u64,
}

impl Default for Options {
    /// 100 trees on 256 observations each, as the paper and scikit-learn.
    fn default() -> Self {
        Options { trees: 100, sample_size: 256, extension_level: None, seed: 0 }
    }
}

impl Options {
    /// The sample size for so many observations.
    fn check(&self, reference: &Rows<'_>) -> Result<usize> {
        if self.trees == 0 || self.trees > 100_000 {
            return Err(Error::invalid("trees", self.trees, "a number from 1 to 100000"));
        }
        if !(2..=1 << 16).contains(&self.sample_size) {
            return Err(Error::invalid(
                "sample_size",
                self.sample_size,
                "a number from 2 to 65536",
            ));
        }
        reference.expect_at_least(2, "a cut takes two")?;
        Ok(self.sample_size.min(reference.len()))
    }
}

/// Average length of an unsuccessful search in a binary search tree of `n` (Liu, Ting and Zhou
/// 2008, equation 1, with the harmonic number as `ln + gamma`, and 1 for n = 2, as scikit-learn has
/// it).
#[must_use]
pub fn average_path_length(n: usize) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        n => 2.0 * (((n - 1) as f64).ln() + EULER) - 2.0 * (n - 1) as f64 / n as f64,
    }
}

/// The depth at which a tree of a sample of `n` ends: that of a balanced tree.
fn depth_limit(n: usize) -> usize {
    n.max(2).next_power_of_two().trailing_zeros() as usize
}

/// `2^(-mean path length / c(sample size))` (Liu, Ting and Zhou 2008, equation 2).
fn score(total: f64, trees: usize, sample_size: usize) -> f64 {
    (-total / (trees as f64 * average_path_length(sample_size))).exp2()
}
