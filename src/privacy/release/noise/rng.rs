//! ChaCha20, keyed by the operating system.

use super::ahead::Ahead;
use crate::{Error, Result};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};

/// A stream of random bits that no other worker, restart or checkpoint has.
///
/// It cannot be copied or saved: whoever needs another stream forks one, which asks the operating
/// system for a new key.
#[derive(Debug)]
pub struct NoiseSource {
    rng: ChaCha20Rng,
    private: bool,
    /// Noise for the next sum, and how many numbers the last one had.
    ahead: Option<Ahead>,
    last: usize,
}

/// Sums of fewer numbers are not worth a thread between them.
const WORTH_DRAWING_AHEAD: usize = 1 << 16;

impl NoiseSource {
    fn keyed(key: [u8; 32], private: bool) -> Self {
        NoiseSource { rng: ChaCha20Rng::from_seed(key), private, ahead: None, last: 0 }
    }

    /// Discrete noise that was drawn ahead for a sum of `samples` numbers: all, some or none of it.
    pub(in crate::release) fn take_ahead(&mut self, samples: usize) -> Vec<i32> {
        self.ahead
            .take()
            .filter(|ahead| ahead.samples() == samples)
            .map_or_else(Vec::new, Ahead::take)
    }

    /// Draws ahead for another sum of `samples` numbers, from the second such sum in a row on. A
    /// seeded source never does: how much is ready in time is not reproducible.
    pub(in crate::release) fn draw_ahead(&mut self, samples: usize) {
        if self.private && samples >= WORTH_DRAWING_AHEAD && self.last == samples {
            self.ahead = self.fork().ok().and_then(|source| Ahead::start(samples, source));
        }
        self.last = samples;
    }

    /// Keyed with 256 bits from the operating system.
    ///
    /// # Errors
    /// `InvalidArgument` if the operating system has no randomness to give.
    pub fn from_os() -> Result<Self> {
        let mut key = [0u8; 32];
        getrandom::fill(&mut key).map_err(|error| {
            Error::invalid("noise", error, "an operating system that gives random bytes")
        })?;
        Ok(NoiseSource::keyed(key, true))
    }

    /// Reproducible, for tests. A run that uses it is **not private**, and its report says so.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        NoiseSource::keyed(key, false)
    }

    /// Was the key the operating system's?
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.private
    }

    /// Another stream: a new key from the operating system, or for a seeded source one that follows
    /// from it.
    ///
    /// # Errors
    /// As [`NoiseSource::from_os`].
    pub fn fork(&mut self) -> Result<Self> {
        if self.private {
            return Self::from_os();
        }
        let mut key = [0u8; 32];
        self.rng.fill_bytes(&mut key);
        Ok(NoiseSource::keyed(key, false))
    }

    /// Uniform words.
    pub(crate) fn fill(&mut self, words: &mut [u32]) {
        let mut bytes = [0u8; 4096];
        for words in words.chunks_mut(bytes.len() / 4) {
            let bytes = &mut bytes[..4 * words.len()];
            self.rng.fill_bytes(bytes);
            for (word, four) in words.iter_mut().zip(bytes.chunks_exact(4)) {
                *word = u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
            }
        }
    }

    /// 64 uniform bits.
    pub(crate) fn next_u64(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Uniform on (0, 1), 53 bits.
    pub(crate) fn open_unit(&mut self) -> f64 {
        ((self.next_u64() >> 11) as f64 + 0.5) * 2f64.powi(-53)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_unless_seeded_alike() -> Result<()> {
        let draw = |source: &mut NoiseSource| (source.next_u64(), source.next_u64());
        let (mut a, mut b) = (NoiseSource::from_os()?, NoiseSource::from_os()?);
        let mut fork = a.fork()?;
        let draws = [draw(&mut a), draw(&mut b), draw(&mut fork)];
        assert!(draws[0] != draws[1] && draws[0] != draws[2] && draws[1] != draws[2]);
        assert!(a.is_private() && fork.is_private());
        let (mut a, mut b) = (NoiseSource::seeded(3), NoiseSource::seeded(3));
        assert_eq!(draw(&mut a), draw(&mut b));
        assert_eq!(draw(&mut a.fork()?), draw(&mut b.fork()?));
        assert_ne!(draw(&mut a.fork()?), draw(&mut a));
        assert!(!a.is_private() && !a.fork()?.is_private());
        Ok(())
    }
}
