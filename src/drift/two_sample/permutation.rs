//! The p-value by random reassignment, from a seeded generator: the same on every machine and in every run.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

/// How many random reassignments, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permutations {
    /// Reassignments that are drawn; the smallest p-value is 1/(draws + 1).
    pub draws: u32,
    /// Seed of the ChaCha8 generator, which the observed statistic is mixed into: same data, same p-value.
    pub seed: u64,
}

impl Default for Permutations {
    /// 999 draws from seed 0: p-values down to 0.001.
    fn default() -> Self {
        Self { draws: 999, seed: 0 }
    }
}

impl Permutations {
    /// (1 + draws at least as large as `observed`) / (1 + draws): a valid p-value at any number of draws (Phipson &
    /// Smyth 2010). Draws within 1e-10 of the observed value count as equal to it, whatever order they were summed in.
    pub(in crate::drift) fn p_value(self, observed: f64, mut draw: impl FnMut(&mut Uniform) -> f64) -> f64 {
        // One set of draws for all windows would be wrong in the same direction for all of them; so each has its own,
        // that of its statistic.
        let own = observed.to_bits().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut uniform = Uniform(ChaCha8Rng::seed_from_u64(self.seed ^ own));
        let limit = observed - 1e-10 * observed.abs();
        let extreme = (0..self.draws).filter(|_| draw(&mut uniform) >= limit).count();
        (1 + extreme) as f64 / (1.0 + f64::from(self.draws))
    }

    /// The same for reassignments of `size` rows, of which each time `fewer` are chosen: those of the smaller sample.
    pub(in crate::drift) fn p_value_of_rows(
        self,
        observed: f64,
        size: usize,
        fewer: usize,
        mut statistic: impl FnMut(&[u32]) -> f64,
    ) -> f64 {
        let mut order: Vec<u32> = (0..size as u32).collect();
        self.p_value(observed, |uniform| {
            // The first places of a shuffle (Fisher & Yates).
            for place in 0..fewer {
                let other = place + uniform.below((size - place) as u32) as usize;
                order.swap(place, other);
            }
            statistic(&order[..fewer])
        })
    }
}

/// A source of uniform numbers.
pub(in crate::drift) struct Uniform(ChaCha8Rng);

impl Uniform {
    /// In [0, 1), of 53 bits.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number in 0..below; its bias is below `below`/2³².
    pub(in crate::drift) fn below(&mut self, below: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(below)) >> 32) as u32
    }
}
