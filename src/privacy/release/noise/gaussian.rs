//! The fast path: Box and Muller's transform in `f32`, eight lanes at a time. Not constant-time,
//! not exact.

use super::NoiseSource;
use crate::simd::compiled_twice;

/// Samples a block.
const BLOCK: usize = 2048;
const HALF: usize = BLOCK / 2;

/// `ln x` for `x` in (0, 1]: the exponent and a polynomial of the mantissa about 1 (error about
/// 1e-7).
#[inline(always)]
fn ln(x: f32) -> f32 {
    // mantissa in [sqrt(1/2), sqrt(2))
    let bits = x.to_bits();
    let exponent = (bits.wrapping_sub(0x3f35_04f3) as i32) >> 23;
    let f = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32)) - 1.0;
    // atanh form: ln(1+f) = 2s + 2s³/3 + ..., s = f/(2+f)
    let s = f / (2.0 + f);
    let square = s * s;
    let series = 2.0
        + square * (0.666_666_7 + square * (0.4 + square * (0.285_714_3 + square * 0.222_222_2)));
    s * series + exponent as f32 * std::f32::consts::LN_2
}

compiled_twice! {
    /// Standard normal samples from as many uniform words: a radius from the first half, an angle
    /// from the second.
    fn box_muller(words: &[u32; BLOCK], out: &mut [f32; BLOCK]) {
        let (radii, angles) = words.split_at(HALF);
        let (left, right) = out.split_at_mut(HALF);
        for (((u, v), left), right) in radii.iter().zip(angles).zip(left).zip(right) {
            let uniform = ((u >> 1) as i32 as f32 + 0.5) * (0.5f32.powi(31));
            let radius = (-2.0 * ln(uniform)).max(0.0).sqrt();
            // an angle within π/4 of an axis, and which axis
            let angle =
                ((v >> 2) as i32 as f32 * 0.5f32.powi(30) - 0.5) * std::f32::consts::FRAC_PI_2;
            let square = angle * angle;
            let sine = angle
                * (1.0 + square * (-1.0 / 6.0
                    + square * (1.0 / 120.0 + square * (-1.0 / 5040.0 + square / 362_880.0))));
            let cosine = 1.0 + square * (-0.5
                + square * (1.0 / 24.0 + square * (-1.0 / 720.0 + square / 40_320.0)));
            let (one, other) = if v & 1 == 0 { (cosine, sine) } else { (sine, -cosine) };
            let sign = f32::from_bits(0x3f80_0000 | ((v & 2) << 30));
            *left = sign * radius * one;
            *right = sign * radius * other;
        }
    }
}

/// Calls `visit(index, sample)` blockwise on `n` standard normal samples.
fn for_each_block(source: &mut NoiseSource, n: usize, mut visit: impl FnMut(usize, &[f32])) {
    let mut words = [0u32; BLOCK];
    let mut samples = [0.0f32; BLOCK];
    for start in (0..n).step_by(BLOCK) {
        source.fill(&mut words);
        box_muller(&words, &mut samples);
        visit(start, &samples[..BLOCK.min(n - start)]);
    }
}

impl NoiseSource {
    /// Standard normal samples by the fast path.
    pub fn fill_gaussian(&mut self, out: &mut [f32]) {
        for_each_block(self, out.len(), |start, samples| {
            out[start..start + samples.len()].copy_from_slice(samples)
        });
    }

    /// Adds `deviation` times standard normal noise, by the fast path.
    pub(in crate::release) fn add_gaussian(&mut self, sums: &mut [f64], deviation: f64) {
        for_each_block(self, sums.len(), |start, samples| {
            for (sum, &sample) in sums[start..].iter_mut().zip(samples) {
                *sum += deviation * f64::from(sample);
            }
        });
    }
}
