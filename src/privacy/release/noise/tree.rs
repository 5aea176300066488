//! Binary-tree noise for DP-FTRL: prefix sums of gradients, each with the noise of at most `log2
//! t + 1` nodes.
//!
//! Source: Kairouz, McMahan, Song, Thakkar, Thakurta and Xu, "Practical and Private (Deep) Learning
//! without Sampling or Shuffling", ICML 2021 (Algorithm 1, with the tree of Dwork et al. 2010 and
//! Chan et al. 2011).

use super::{Grid, NoiseSource};
use crate::accountant::{Phase, Sampling};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// A tree and who takes part in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TreeOptions {
    /// Steps of one tree, 1 to 2^30; after them a new tree must be begun.
    pub steps: u64,
    /// Most steps of one tree that any one example takes part in, at least 1.
    pub participations: u64,
    /// Least distance between two of those, at least 1 (of no matter when there is one).
    pub min_separation: u64,
    /// L2 norm that an example's contribution to one step does not exceed.
    pub clip_norm: f64,
    /// Standard deviation of a node's noise over the tree's sensitivity
    /// ([`TreeOptions::sensitivity`] times `clip_norm`).
    pub noise_multiplier: f64,
}

/// The noise of a running tree. Randomness is its own; it cannot be copied or saved.
#[derive(Debug)]
pub(in crate::release) struct TreeNoise {
    options: TreeOptions,
    grid: Grid,
    source: NoiseSource,
    dimension: usize,
    step: u64,
    /// Noise of the open node of each level, in grid steps: whole numbers.
    nodes: Vec<Vec<f64>>,
}

impl TreeOptions {
    /// Says what is wrong with it, if anything is.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the field.
    pub fn validate(&self) -> Result<()> {
        if !(1..=1 << 30).contains(&self.steps) {
            return Err(Error::invalid("steps", self.steps, "1 to 2^30 steps a tree"));
        }
        if self.participations == 0 || self.participations > self.steps {
            return Err(Error::invalid(
                "participations",
                self.participations,
                format!("1 to {}", self.steps),
            ));
        }
        if self.min_separation == 0 {
            return Err(Error::invalid("min_separation", 0, "at least 1"));
        }
        if !(1e-100..=1e100).contains(&self.clip_norm) {
            return Err(Error::invalid("clip_norm", self.clip_norm, "a positive number"));
        }
        if !(1e-3..=1e6).contains(&self.noise_multiplier) {
            return Err(Error::invalid(
                "noise_multiplier",
                self.noise_multiplier,
                "a number from 0.001 to 1e6",
            ));
        }
        Ok(())
    }

    fn levels(&self) -> u32 {
        self.steps.ilog2() + 1
    }

    /// Most that one example moves all nodes together, in L2 and clip norms.
    ///
    /// A node over `2^l` steps holds at most `c_l = min(k, ceil(2^l / b))` of an example's `k`
    /// participations, `b` apart, so a level's squared movement is at most `c_l·k`. With `k = 1`
    /// this is the number of levels.
    #[must_use]
    pub fn sensitivity(&self) -> f64 {
        let k = self.participations;
        let square: u64 = (0..self.levels())
            .map(|level| k * k.min((1u64 << level).div_ceil(self.min_separation)))
            .sum();
        (square as f64).sqrt()
    }

    /// What to account for: `trees` trees like this one, each a single Gaussian mechanism.
    #[must_use]
    pub fn phase(&self, trees: u64) -> Phase {
        Phase {
            noise_multiplier: self.noise_multiplier,
            sampling: Sampling::FullBatch,
            steps: trees,
        }
    }
}

impl TreeNoise {
    /// A new tree over sums of `dimension` numbers.
    ///
    /// # Errors
    /// `InvalidArgument` if an option is out of range; as [`NoiseSource::fork`].
    pub(in crate::release) fn new(
        options: TreeOptions,
        dimension: usize,
        source: &mut NoiseSource,
    ) -> Result<Self> {
        options.validate()?;
        // every participation is rounded once on every level
        let roundings =
            dimension.saturating_mul(options.levels() as usize * options.participations as usize);
        let grid = Grid::new(
            roundings,
            options.clip_norm * options.sensitivity(),
            options.noise_multiplier,
            1e-6,
        )?;
        let nodes = vec![Vec::new(); options.levels() as usize];
        Ok(TreeNoise { grid, source: source.fork()?, dimension, step: 0, nodes, options })
    }

    /// Says no to a sum of another length, and to a step beyond the last.
    pub(in crate::release) fn check(&self, length: usize) -> Result<()> {
        if length != self.dimension {
            return Err(Error::invalid(
                "sum",
                format!("{length} numbers"),
                format!("{}", self.dimension),
            ));
        }
        if self.step == self.options.steps {
            return Err(Error::invalid(
                "steps",
                self.step + 1,
                format!("{} steps: begin a new tree", self.options.steps),
            ));
        }
        Ok(())
    }

    /// The deviation of a node's noise, in the units of the sum.
    pub(in crate::release) fn deviation(&self) -> f64 {
        self.grid.deviation()
    }

    /// Adds to the clipped sum of this step what the noise of the prefix sum has changed by since
    /// the last.
    ///
    /// The prefix sums of what is returned are the true prefix sums with the tree's noise. Cost:
    /// one draw of `dimension` samples, amortized two levels of additions; memory `dimension x
    /// levels`.
    ///
    /// # Errors
    /// `InvalidArgument` if the length is not the tree's, or the tree is full.
    pub(in crate::release) fn step(&mut self, sum: &mut [f64]) -> Result<()> {
        self.check(sum.len())?;
        self.step += 1;
        // step t closes the nodes below its lowest set bit and opens one there
        let level = self.step.trailing_zeros() as usize;
        let mut change = vec![0.0; self.dimension];
        self.grid.fill_steps(&mut self.source, &mut change);
        let opened = change.clone();
        for closed in self.nodes.iter_mut().take(level) {
            change.iter_mut().zip(&*closed).for_each(|(change, closed)| *change -= closed);
            closed.clear();
        }
        self.nodes[level] = opened;
        for (sum, change) in sum.iter_mut().zip(change) {
            *sum = (self.grid.round(*sum) + change) * self.grid.step();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(steps: u64, participations: u64, min_separation: u64) -> TreeOptions {
        TreeOptions { steps, participations, min_separation, clip_norm: 1.0, noise_multiplier: 2.0 }
    }

    /// Every pattern of participations, in every order of signs being worst when aligned.
    #[test]
    fn the_sensitivity_bounds_every_pattern() {
        for (steps, k, b) in [(8u64, 1, 1), (13, 2, 3), (16, 3, 4), (12, 4, 1)] {
            let bound = options(steps, k, b).sensitivity();
            let mut worst: f64 = 0.0;
            for pattern in 0u64..1 << steps {
                let at: Vec<u64> = (0..steps).filter(|i| pattern >> i & 1 == 1).collect();
                if at.len() as u64 > k || at.windows(2).any(|w| w[1] - w[0] < b) {
                    continue;
                }
                let levels = (0..=steps.ilog2()).map(|level| {
                    let mut counts = std::collections::HashMap::new();
                    at.iter().for_each(|i| *counts.entry(i >> level).or_insert(0u64) += 1);
                    counts.values().map(|c| c * c).sum::<u64>()
                });
                worst = worst.max((levels.sum::<u64>() as f64).sqrt());
            }
            assert!(
                worst <= bound && (k > 1 || worst == bound),
                "{steps} {k} {b}: {worst} {bound}"
            );
        }
    }

    #[test]
    fn the_noise_of_a_prefix_is_that_of_its_nodes() -> Result<()> {
        let dimension = 4000;
        let mut tree = TreeNoise::new(options(16, 1, 1), dimension, &mut NoiseSource::seeded(5))?;
        let deviation = 2.0 * tree.options.sensitivity();
        let mut prefix = vec![0.0; dimension];
        for t in 1..=16u32 {
            let mut sum = vec![1.0; dimension];
            tree.step(&mut sum)?;
            prefix.iter_mut().zip(&sum).for_each(|(prefix, sum)| *prefix += sum);
            let noise: f64 =
                prefix.iter().map(|x| (x - f64::from(t)).powi(2)).sum::<f64>() / dimension as f64;
            let expected = deviation * deviation * f64::from(t.count_ones());
            assert!(
                (noise / expected - 1.0).abs() < 5.0 * (2.0 / dimension as f64).sqrt() + 1e-3,
                "{t}: {noise} {expected}"
            );
        }
        assert!(tree.step(&mut prefix).is_err());
        Ok(())
    }
}
