//! The p-value by random reassignment, from a seeded generator: the same on every machine and in
//! every run.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::parallel::go_on;
use crate::{Error, Result};

/// How many random reassignments, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Permutations {
    /// Reassignments that are drawn, 1 to ten million; the smallest p-value is 1/(draws + 1).
    pub draws: u32,
    /// Seed of the ChaCha8 generator, which the observed statistic is mixed into: same data, same
    /// p-value.
    pub seed: u64,
}

impl Default for Permutations {
    /// 999 draws from seed 0: p-values down to 0.001.
    fn default() -> Self {
        Self { draws: 999, seed: 0 }
    }
}

impl Permutations {
    /// The most that may be drawn.
    pub const MAX: u32 = 10_000_000;

    /// # Errors
    /// `InvalidArgument` naming `permutations` where there are none, or more than ten million.
    pub fn check(self) -> Result<()> {
        if (1..=Self::MAX).contains(&self.draws) {
            return Ok(());
        }
        Err(Error::invalid("permutations", self.draws, "1 to 10000000 reassignments"))
    }

    /// (1 + draws at least as large as `observed`) / (1 + draws): a valid p-value at any number of
    /// draws (Phipson & Smyth 2010). Draws within 1e-10 of the observed value count as equal to it,
    /// whatever order they were summed in.
    pub(crate) fn p_value(self, observed: f64, mut draw: impl FnMut(&mut Uniform) -> f64) -> f64 {
        let mut uniform = self.uniform(observed);
        self.share(observed, (0..self.draws).map(|_| draw(&mut uniform)))
    }

    /// The same for reassignments of `size` rows, of which each time `fewer` are chosen: those of
    /// the smaller sample.
    pub(crate) fn p_value_of_rows(
        self,
        observed: f64,
        size: usize,
        fewer: usize,
        mut statistic: impl FnMut(&[u32]) -> f64,
    ) -> f64 {
        let mut uniform = self.uniform(observed);
        let mut shuffle = Shuffle::new(size, fewer);
        self.share(observed, (0..self.draws).map(|_| statistic(shuffle.next(&mut uniform))))
    }

    /// The same, from the same reassignments, where many are worked on at a time.
    pub(crate) fn p_value_of_subsets(
        self,
        observed: f64,
        size: usize,
        fewer: usize,
        mut statistics: impl FnMut(&Subsets) -> Vec<f64>,
    ) -> f64 {
        let mut uniform = self.uniform(observed);
        let mut shuffle = Shuffle::new(size, fewer);
        let mut left = self.draws as usize;
        let together = std::iter::from_fn(|| {
            let draws = left.min(TOGETHER);
            left -= draws;
            (draws > 0).then(|| statistics(&Subsets::new(draws, &mut shuffle, &mut uniform)))
        });
        self.share(observed, together.flatten())
    }

    fn uniform(self, observed: f64) -> Uniform {
        // One set of draws for all windows would be wrong in the same direction for all of them; so
        // each has its own, that of its statistic.
        let own = observed.to_bits().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Uniform(ChaCha8Rng::seed_from_u64(self.seed ^ own))
    }

    fn share(self, observed: f64, drawn: impl Iterator<Item = f64>) -> f64 {
        let limit = observed - 1e-10 * observed.abs();
        let extreme = drawn.inspect(|_| go_on()).filter(|statistic| *statistic >= limit).count();
        (1 + extreme) as f64 / (1.0 + f64::from(self.draws))
    }
}

/// Reassignments that are worked on at a time, at most.
const TOGETHER: usize = 1024;

/// The first places of a shuffle (Fisher & Yates), again and again.
struct Shuffle {
    order: Vec<u32>,
    fewer: usize,
}

impl Shuffle {
    fn new(size: usize, fewer: usize) -> Self {
        Shuffle { order: (0..size as u32).collect(), fewer }
    }

    fn next(&mut self, uniform: &mut Uniform) -> &[u32] {
        let size = self.order.len();
        for place in 0..self.fewer {
            let other = place + uniform.below((size - place) as u32) as usize;
            self.order.swap(place, other);
        }
        &self.order[..self.fewer]
    }
}

/// The rows that each of several reassignments chose, as bits.
pub(crate) struct Subsets {
    /// How many reassignments.
    pub(crate) draws: usize,
    /// Of rows 8g to 8g + 7 and draw b the byte `g * draws + b`, the lowest bit first; bytes of no
    /// rows up to a multiple of 32 rows.
    pub(crate) masks: Vec<u8>,
}

impl Subsets {
    fn new(draws: usize, shuffle: &mut Shuffle, uniform: &mut Uniform) -> Self {
        let groups = 4 * shuffle.order.len().div_ceil(32);
        let mut masks = vec![0; groups * draws];
        let mut of_draw = vec![0u8; groups];
        for draw in 0..draws {
            of_draw.fill(0);
            shuffle
                .next(uniform)
                .iter()
                .for_each(|row| of_draw[*row as usize / 8] |= 1 << (row % 8));
            of_draw
                .iter()
                .enumerate()
                .for_each(|(group, mask)| masks[group * draws + draw] = *mask);
        }
        Subsets { draws, masks }
    }
}

/// A source of uniform numbers.
pub(crate) struct Uniform(ChaCha8Rng);

impl Uniform {
    /// In [0, 1), of 53 bits.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number in 0..below; its bias is below `below`/2³².
    pub(crate) fn below(&mut self, below: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(below)) >> 32) as u32
    }
}
