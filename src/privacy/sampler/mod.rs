//! Lots as the accountant supposes them: Poisson sampling, also truncated.

mod draws;
mod options;

pub use draws::Draws;
pub use options::SamplerOptions;

use super::accountant::Sampling;
use super::noise::NoiseSource;
use crate::{Error, Result};

/// Draws lots from examples `0..n`.
#[derive(Debug)]
pub struct PoissonSampler {
    examples: usize,
    rate: f64,
    max_lot: Option<usize>,
    source: NoiseSource,
    draws: Draws,
}

/// A lot that was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// Which draw of its sampler, from 1.
    pub number: u64,
    /// Indices from 0, in order; possibly none.
    pub examples: Vec<usize>,
}

fn sampling_of(examples: usize, rate: f64, max_lot: Option<usize>) -> Sampling {
    match max_lot {
        None => Sampling::Poisson { rate },
        Some(max_lot) => Sampling::TruncatedPoisson {
            rate,
            max_lot: max_lot as u64,
            dataset_size: examples as u64,
        },
    }
}

impl PoissonSampler {
    /// Every example on its own with probability `rate`; of lots larger than `max_lot` a uniform
    /// subset.
    ///
    /// Reproducible only if `source` is seeded.
    ///
    /// # Errors
    /// `InvalidArgument` if there are no examples (or more than 2^40), `rate` is not in (0, 1], or
    /// `max_lot` is zero or more than there are examples; as [`NoiseSource::fork`].
    pub fn new(
        examples: usize,
        rate: f64,
        max_lot: Option<usize>,
        source: &mut NoiseSource,
    ) -> Result<Self> {
        if examples == 0 || examples as u64 > 1 << 40 {
            return Err(Error::invalid("examples", examples, "1 to 2^40 examples"));
        }
        let source = source.fork()?;
        let sampling = sampling_of(examples, rate, max_lot);
        sampling.validate()?;
        let draws = Draws::new(sampling, source.is_private());
        Ok(PoissonSampler { examples, rate, max_lot, source, draws })
    }

    /// Its draws, which a release is charged by ([`super::release::Lot::Drawn`]).
    #[must_use]
    pub fn draws(&self) -> &Draws {
        &self.draws
    }

    /// What to tell the accountant.
    #[must_use]
    pub fn sampling(&self) -> Sampling {
        self.sampling_at(self.rate)
    }

    fn sampling_at(&self, rate: f64) -> Sampling {
        sampling_of(self.examples, rate, self.max_lot)
    }

    /// `rate x examples`: what a lot's sum is to be divided by.
    #[must_use]
    pub fn expected_lot_size(&self) -> f64 {
        self.rate * self.examples as f64
    }

    /// The next lot, at another rate from here on.
    ///
    /// # Errors
    /// `InvalidArgument` if `rate` is not in (0, 1].
    pub fn next_lot_at(&mut self, rate: f64) -> Result<Drawn> {
        self.sampling_at(rate).validate()?;
        self.rate = rate;
        Ok(self.next_lot())
    }

    /// The next lot.
    pub fn next_lot(&mut self) -> Drawn {
        let examples = self.examples();
        Drawn { number: self.draws.draw(self.sampling()), examples }
    }

    /// Indices from 0, in order; possibly none.
    ///
    /// Every example is compared with 64 random bits (32, and 32 more on a tie); the rate is
    /// rounded down to those, so it is never more than was accounted for. Cost: 4 random bytes an
    /// example.
    fn examples(&mut self) -> Vec<usize> {
        if self.rate == 1.0 && self.max_lot.is_none() {
            return (0..self.examples).collect();
        }
        // exact: a rate below one times 2^64 is below 2^64
        let threshold =
            if self.rate == 1.0 { u64::MAX } else { (self.rate * 2f64.powi(64)) as u64 };
        let (head, tail) = ((threshold >> 32) as u32, threshold as u32);
        let mut lot = Vec::with_capacity((self.expected_lot_size() * 1.2) as usize + 16);
        let mut words = [0u32; 1024];
        for start in (0..self.examples).step_by(words.len()) {
            let words = &mut words[..1024.min(self.examples - start)];
            self.source.fill(words);
            for (index, &word) in words.iter().enumerate() {
                if word < head || (word == head && ((self.source.next_u64() >> 32) as u32) < tail) {
                    lot.push(start + index);
                }
            }
        }
        if let Some(most) = self.max_lot.filter(|&most| lot.len() > most) {
            // the first steps of a Fisher-Yates shuffle
            for chosen in 0..most {
                let other = chosen + self.below((lot.len() - chosen) as u64) as usize;
                lot.swap(chosen, other);
            }
            lot.truncate(most);
            lot.sort_unstable();
        }
        lot
    }

    /// Uniform on `0..n`, without bias: what does not fit a whole number of times is drawn again.
    fn below(&mut self, n: u64) -> u64 {
        let fits = u64::MAX - u64::MAX % n;
        loop {
            let draw = self.source.next_u64();
            if draw < fits {
                return draw % n;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_are_binomial_and_examples_alike() -> Result<()> {
        let (examples, rate, lots) = (500, 0.03, 20_000);
        let mut sampler = PoissonSampler::new(examples, rate, None, &mut NoiseSource::seeded(2))?;
        let mut counts = vec![0.0; examples];
        let (mut sizes, mut squares, mut empty) = (0.0, 0.0, 0);
        for _ in 0..lots {
            let lot = sampler.next_lot().examples;
            assert!(lot.windows(2).all(|w| w[0] < w[1]));
            lot.iter().for_each(|&i| counts[i] += 1.0);
            sizes += lot.len() as f64;
            squares += (lot.len() as f64).powi(2);
            empty += u32::from(lot.is_empty());
        }
        let lots = f64::from(lots);
        let (mean, variance) = (sizes / lots, squares / lots - (sizes / lots).powi(2));
        let expected = rate * examples as f64;
        assert!((mean - expected).abs() < 5.0 * (expected / lots).sqrt());
        assert!((variance / (expected * (1.0 - rate)) - 1.0).abs() < 5.0 * (2.0 / lots).sqrt());
        let chi_square: f64 =
            counts.iter().map(|c| (c - lots * rate).powi(2) / (lots * rate * (1.0 - rate))).sum();
        assert!((chi_square - examples as f64).abs() < 5.0 * (2.0 * examples as f64).sqrt());
        assert!(f64::from(empty) <= 5.0 + 10.0 * lots * (1.0 - rate).powi(examples as i32));
        Ok(())
    }

    #[test]
    fn truncated_lots_are_uniform_subsets() -> Result<()> {
        let mut sampler = PoissonSampler::new(20, 0.5, Some(6), &mut NoiseSource::seeded(4))?;
        let (mut counts, mut total) = ([0.0; 20], 0.0);
        for _ in 0..20_000 {
            let lot = sampler.next_lot().examples;
            assert!(lot.len() <= 6);
            total += lot.len() as f64;
            lot.iter().for_each(|&i| counts[i] += 1.0);
        }
        let expected: f64 = total / 20.0;
        let chi_square: f64 = counts.iter().map(|c: &f64| (c - expected).powi(2) / expected).sum();
        assert!(chi_square < 50.0, "{chi_square}");
        Ok(())
    }

    #[test]
    fn what_cannot_be_sampled_is_said() {
        let mut source = NoiseSource::seeded(0);
        for (n, rate, most) in
            [(0, 0.1, None), (5, 0.0, None), (5, 1.5, None), (5, 0.5, Some(0)), (5, 0.5, Some(6))]
        {
            assert!(PoissonSampler::new(n, rate, most, &mut source).is_err());
        }
    }
}
