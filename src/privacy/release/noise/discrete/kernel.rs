//! A block of candidates, judged side by side.

use super::{BEND, NEAR};
use crate::noise::NoiseSource;
use crate::simd::compiled_twice;

/// Candidates drawn at a time.
pub(super) const BLOCK: usize = 512;

/// `1/n!`.
const INVERSE_FACTORIALS: [f64; 13] = {
    let mut table = [1.0; 13];
    let mut n = 1;
    while n < 13 {
        table[n] = table[n - 1] / n as f64;
        n += 1;
    }
    table
};

/// `exp(-t)` for `t` in [0, 6], to about 3 units in the last place, with no branch.
#[inline(always)]
pub(super) fn exp_minus(t: f64) -> f64 {
    /// Adding this leaves the nearest whole number in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let rounded = t * std::f64::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (n * LN_2_HIGH - t) + n * LN_2_LOW;
    let mut sum = INVERSE_FACTORIALS[12];
    let mut power = 12;
    while power > 0 {
        power -= 1;
        sum = sum * r + INVERSE_FACTORIALS[power];
    }
    sum * f64::from_bits((1023u64 << 52).wrapping_sub(rounded.to_bits() << 52))
}

/// Words and results of a block of candidates.
pub(super) struct Candidates {
    pub(super) cell: [u32; BLOCK],
    pub(super) accept: [u32; BLOCK],
    pub(super) within: [u32; BLOCK],
    pub(super) value: [i32; BLOCK],
    pub(super) keep: [i32; BLOCK],
    pub(super) tie: [i32; BLOCK],
}

impl Candidates {
    pub(super) fn none() -> Self {
        let zero = [0; BLOCK];
        Candidates {
            cell: zero,
            accept: zero,
            within: zero,
            value: [0; BLOCK],
            keep: [0; BLOCK],
            tie: [0; BLOCK],
        }
    }

    /// New words, not yet judged.
    pub(super) fn draw(&mut self, source: &mut NoiseSource) {
        source.fill(&mut self.cell);
        source.fill(&mut self.accept);
        source.fill(&mut self.within);
    }
}

compiled_twice! {
    /// Cell, value and acceptance of every candidate, or that 32 bits were too few to tell.
    ///
    /// One short loop after another over the whole block, each of which the compiler vectorizes.
    fn judge(c: &mut Candidates, heads: &[u32; NEAR], bits: u32) {
        let mask = (1u32 << bits) - 1;
        let scale = 0.5f64.powi(bits as i32);
        let Candidates { cell, accept, within, value, keep, tie } = c;
        // with the first bit flipped, signed numbers compare as unsigned ones do: that is what AVX2
        // has
        let flip = |word: u32| (word ^ (1 << 31)) as i32;
        let mut chance = [0.0f64; BLOCK];
        let mut drawn = [0.0f64; BLOCK];
        value.fill(0);
        tie.fill(0);
        for four in heads.chunks_exact(4) {
            let (a, b, c, d) = (flip(four[0]), flip(four[1]), flip(four[2]), flip(four[3]));
            for ((&word, k), tie) in cell.iter().zip(value.iter_mut()).zip(tie.iter_mut()) {
                let word = flip(word);
                *k += i32::from(word < a) + i32::from(word < b) + i32::from(word < c)
                    + i32::from(word < d);
                *tie |= i32::from(word == a) | i32::from(word == b) | i32::from(word == c)
                    | i32::from(word == d);
            }
        }
        for ((chance, &word), &k) in chance.iter_mut().zip(within.iter()).zip(value.iter()) {
            let u = f64::from((word & mask) as i32) * scale;
            *chance = exp_minus(BEND * u * (u + 2.0 * f64::from(k))) * 4_294_967_296.0;
        }
        for (drawn, &word) in drawn.iter_mut().zip(accept.iter()) {
            // the last bit apart: AVX2 converts signed numbers only
            *drawn = f64::from((word >> 1) as i32) * 2.0 + f64::from((word & 1) as i32);
        }
        for (((keep, tie), &chance), &drawn) in keep.iter_mut().zip(tie.iter_mut()).zip(&chance)
            .zip(&drawn) {
            *keep = i32::from(drawn + 1.0 <= chance);
            *tie |= i32::from(drawn < chance) & (1 - *keep);
        }
        for ((value, keep), &word) in value.iter_mut().zip(keep.iter_mut()).zip(within.iter()) {
            let magnitude = (*value << bits) | (word & mask) as i32;
            let negative = (word >> 31) as i32;
            // zero has one sign only
            *keep &= 1 - (i32::from(magnitude == 0) & negative);
            *value = (magnitude ^ -negative) + negative;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polynomial_is_the_exponential() {
        for i in 0..6000 {
            let t = f64::from(i) * 1e-3;
            assert!((exp_minus(t) / (-t).exp() - 1.0).abs() < 1e-15, "{t}");
        }
    }
}
