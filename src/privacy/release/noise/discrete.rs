//! The discrete Gaussian on the integers: `P(x) ∝ exp(-x²/2s²)`, `s = 2.5·2^bits`.
//!
//! Why discrete: Mironov, "On Significance of the Least Significant Bits for Differential Privacy",
//! 2012; its privacy is the continuous Gaussian's: Canonne, Kamath and Steinke, "The Discrete
//! Gaussian for Differential Privacy", 2020.
//!
//! How: with the layers of Zhao, Steinfeld and Sakzad, "FACCT: FAst, Compact, and Constant-Time
//! Discrete Gaussian Sampler over Integers", 2020. `x = 2^bits·k + y`: `k` is one of 32 cells of
//! 0.4 deviations, from a cumulative table that is read whole for every sample; `y` is uniform
//! within the cell; both are kept with probability `exp(-y(y + 2^(bits+1)·k)/2s²)`, a fixed
//! polynomial. Nothing that is computed, read or branched on depends on the value that is kept, but
//! for ties of 32-bit comparisons, which are resolved with more bits (one sample in 10^8).
//!
//! How exact: table and acceptance are right to a relative `2^-46` of each outcome's probability,
//! the table is cut at 12.8 deviations (`3e-37`), and a discrete Gaussian differs from a continuous
//! one that is rounded to the grid (which would be post-processing) by a factor within `1 ±
//! (z²+1)/(24s²)` at `z` deviations. [`DiscreteGaussian::closeness`] turns this into what the
//! accountant adds.

mod kernel;

use super::NoiseSource;
use kernel::{BLOCK, Candidates, exp_minus, judge};

/// Cells of the half-line.
const CELLS: usize = 32;
/// Deviations a cell is wide: `1 / 2.5`.
const SCALE: f64 = 2.5;
/// `(1/2.5)² / 2`: the exponent across the first cell.
const BEND: f64 = 0.5 / (SCALE * SCALE);
/// Entries of the table that the first 32 bits are compared with: all that have any, and zeros,
/// which make a tie of a word that is zero.
const NEAR: usize = 20;
/// Bits within a cell for released sums; `s = 2.5·2^24`.
const BITS: u32 = 24;

/// Two laws whose densities differ by a factor of at most `exp(±log_ratio)`, but for events of this
/// `probability` under either.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closeness {
    /// Bound on the logarithm of the ratio.
    pub log_ratio: f64,
    /// Probability of being elsewhere.
    pub probability: f64,
}

/// A sampler with its table.
#[derive(Debug, Clone)]
pub struct DiscreteGaussian {
    bits: u32,
    /// `P(k >= j)·2^128` for `j = 1..32`.
    table: [u128; CELLS - 1],
    /// The first 32 bits of those that have any.
    heads: [u32; NEAR],
}

impl Default for DiscreteGaussian {
    fn default() -> Self {
        DiscreteGaussian::new(BITS)
    }
}

impl DiscreteGaussian {
    /// The sampler with `s = 2.5·2^bits`, `bits` from 0 to 25.
    #[must_use]
    pub(crate) fn new(bits: u32) -> Self {
        let weights: Vec<f64> = (0..CELLS).map(|k| (-BEND * (k * k) as f64).exp()).collect();
        let total: f64 = weights.iter().rev().sum();
        let mut table = [0u128; CELLS - 1];
        let mut tail = 0.0;
        for j in (1..CELLS).rev() {
            tail += weights[j];
            table[j - 1] = (tail / total * 2f64.powi(128)) as u128;
        }
        let mut heads = [0; NEAR];
        heads.iter_mut().zip(&table).for_each(|(head, entry)| *head = (entry >> 96) as u32);
        DiscreteGaussian { bits: bits.min(25), table, heads }
    }

    /// The deviation `s`, in grid steps.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        SCALE * 2f64.powi(self.bits as i32)
    }

    /// How close `samples` draws are to the rounded continuous Gaussian's.
    ///
    /// Within 12.8 deviations an outcome's log-ratio is at most `r`: `2^-45` for the table and the
    /// polynomial, and the step from discrete to rounded. The sum over draws has a mean of at most
    /// `n·r²` (Kullback-Leibler) and leaves it by more than `16·sqrt(n)·r` with probability
    /// `2·exp(-16²/2)` at most (Hoeffding); no draw is farther out but with `n·1e-36`.
    #[must_use]
    pub fn closeness(&self, samples: f64) -> Closeness {
        let furthest = CELLS as f64 / SCALE;
        let rounding = (furthest * furthest + 1.0) / (24.0 * self.deviation() * self.deviation());
        let ratio = 0.5f64.powi(45) + rounding;
        let log_ratio = 16.0 * samples.sqrt() * ratio + samples * ratio * ratio;
        let probability = if samples > 0.0 { 2.0 * (-128f64).exp() + samples * 1e-36 } else { 0.0 };
        Closeness { log_ratio, probability }
    }

    /// Fills `out` with samples.
    pub fn fill(&self, source: &mut NoiseSource, out: &mut [i32]) {
        let mut c = Candidates::none();
        let mut done = 0;
        while done < out.len() {
            c.draw(source);
            judge(&mut c, &self.heads, self.bits);
            if c.tie.iter().any(|&tie| tie != 0) {
                self.resolve(source, &mut c);
            }
            let left = out.len() - done;
            if left >= BLOCK {
                // room for all: write every candidate, move on past those that are kept
                for (&value, &keep) in c.value.iter().zip(&c.keep) {
                    out[done] = value;
                    done += keep as usize;
                }
            } else {
                let kept = c.value.iter().zip(&c.keep).filter(|(_, keep)| **keep == 1);
                for (&value, _) in kept.take(left) {
                    out[done] = value;
                    done += 1;
                }
            }
        }
    }

    /// Settles ties with more random bits.
    fn resolve(&self, source: &mut NoiseSource, c: &mut Candidates) {
        for lane in (0..BLOCK).filter(|&lane| c.tie[lane] != 0) {
            let rest = u128::from(source.next_u64()) << 32 | u128::from(source.next_u64() >> 32);
            let word = u128::from(c.cell[lane]) << 96 | rest;
            let k = self.table.iter().filter(|entry| word < **entry).count() as u32;
            let y = c.within[lane] & ((1 << self.bits) - 1);
            let u = f64::from(y) * 0.5f64.powi(self.bits as i32);
            let p = exp_minus(BEND * u * (u + 2.0 * f64::from(k)));
            let v = (f64::from(c.accept[lane]) + source.open_unit()) * 0.5f64.powi(32);
            let magnitude = (k << self.bits | y) as i32;
            let negative = c.within[lane] >> 31 == 1;
            c.keep[lane] = i32::from(v < p && !(magnitude == 0 && negative));
            c.value[lane] = if negative { -magnitude } else { magnitude };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_cells_law() {
        let sampler = DiscreteGaussian::new(4);
        let table = sampler.table;
        // what `judge` does not compare with begins with 32 zero bits, and so does the last that it
        // does
        assert!(table[NEAR - 1..].iter().all(|entry| entry >> 96 == 0));
        let total: f64 = (0..CELLS).map(|k| (-BEND * (k * k) as f64).exp()).sum();
        let mut next = 0.0;
        for j in (1..CELLS).rev() {
            let entry = table[j - 1] as f64 / 2f64.powi(128);
            let expected = (-BEND * (j * j) as f64).exp() / total;
            assert!((entry - next - expected).abs() < 1e-14 * expected + 2f64.powi(-127), "{j}");
            next = entry;
        }
    }

    /// Chi-square of a million samples against the exact probabilities, on grids coarse enough to
    /// see each outcome.
    #[test]
    fn every_outcome_has_its_probability() {
        for bits in [0, 1, 3] {
            let sampler = DiscreteGaussian::new(bits);
            let deviation = sampler.deviation();
            let mut samples = vec![0i32; 1_000_003];
            sampler.fill(&mut NoiseSource::seeded(u64::from(bits)), &mut samples);
            let most = (4.0 * deviation) as i32;
            let weight = |x: i32| (-0.5 * (f64::from(x) / deviation).powi(2)).exp();
            let total: f64 = (-40 * most..=40 * most).map(weight).sum();
            let mut counts = vec![0.0; (2 * most + 1) as usize];
            let inside = samples.iter().filter(|x| x.abs() <= most);
            inside.for_each(|&x| counts[(x + most) as usize] += 1.0);
            let chi_square: f64 = (-most..=most)
                .map(|x| {
                    let expected = weight(x) / total * samples.len() as f64;
                    (counts[(x + most) as usize] - expected).powi(2) / expected
                })
                .sum();
            let freedom = counts.len() as f64;
            assert!(
                chi_square < freedom + 5.0 * (2.0 * freedom).sqrt(),
                "{bits}: {chi_square} of {freedom}"
            );
        }
    }

    /// Ties are too rare to meet: settle them all, and the law must be the same.
    #[test]
    fn resolving_keeps_the_law() {
        let sampler = DiscreteGaussian::new(2);
        let mut source = NoiseSource::seeded(8);
        let (mut sum, mut n) = (0.0, 0.0);
        for _ in 0..400 {
            let mut c = Candidates { tie: [1; BLOCK], ..Candidates::none() };
            c.draw(&mut source);
            sampler.resolve(&mut source, &mut c);
            for (value, _) in c.value.iter().zip(&c.keep).filter(|(_, keep)| **keep == 1) {
                sum += f64::from(*value).powi(2);
                n += 1.0;
            }
        }
        let variance: f64 = sum / n;
        let error = (2.0 / n).sqrt() * 100.0;
        assert!((variance - 100.0).abs() < 5.0 * error, "{variance}");
        assert!((n / (400.0 * BLOCK as f64) - 0.86).abs() < 0.03, "{n}");
    }
}
