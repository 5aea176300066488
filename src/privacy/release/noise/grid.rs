//! Sums on a grid: rounded, with discrete Gaussian noise.

use super::{DiscreteGaussian, NoiseSource};
use crate::simd::compiled_twice;
use crate::{Error, Result};

/// A grid on which a sum is rounded and noised, so that both together are one discrete Gaussian
/// mechanism.
#[derive(Debug, Clone)]
pub(in crate::release) struct Grid {
    sampler: DiscreteGaussian,
    /// The grid's step, in the units of the sum.
    step: f64,
}

impl Grid {
    /// For sums of `dimension` numbers whose L2 sensitivity is `sensitivity`, and noise of
    /// `multiplier` times it.
    ///
    /// Rounding can move neighboring sums apart by half a step in each coordinate and each sum,
    /// `sqrt(dimension)` steps in all. The step is chosen so that the noise is `multiplier` times
    /// the sensitivity *with* that, and with `slack`, a relative bound on the rounding of the sum
    /// itself.
    pub(in crate::release) fn new(
        dimension: usize,
        sensitivity: f64,
        multiplier: f64,
        slack: f64,
    ) -> Result<Self> {
        let sampler = DiscreteGaussian::default();
        let apart = multiplier * ((dimension as f64).sqrt() + 1.0);
        let room = sampler.deviation() - apart;
        if room <= 0.5 * sampler.deviation() {
            return Err(Error::invalid(
                "noise_multiplier",
                multiplier,
                format!(
                    "at most {:.3e} with {dimension} numbers: the noise's grid is no finer",
                    multiplier / apart * 0.5 * sampler.deviation()
                ),
            ));
        }
        Ok(Grid { step: multiplier * sensitivity * (1.0 + slack) / room, sampler })
    }

    /// The grid's step, in the units of the sum.
    pub(in crate::release) fn step(&self) -> f64 {
        self.step
    }

    /// The deviation of the noise, in the units of the sum.
    pub(in crate::release) fn deviation(&self) -> f64 {
        self.step * self.sampler.deviation()
    }

    /// The nearest number of steps to `sum`.
    pub(in crate::release) fn round(&self, sum: f64) -> f64 {
        (sum / self.step).round_ties_even()
    }

    /// Noise alone, in steps: whole numbers.
    pub(in crate::release) fn fill_steps(&self, source: &mut NoiseSource, out: &mut [f64]) {
        let mut noise = [0i32; 2048];
        for out in out.chunks_mut(noise.len()) {
            let noise = &mut noise[..out.len()];
            self.sampler.fill(source, noise);
            out.iter_mut().zip(&*noise).for_each(|(out, &noise)| *out = f64::from(noise));
        }
    }

    /// `sums` rounded to the grid, with noise that was drawn before.
    pub(in crate::release) fn add_drawn(&self, noise: &[i32], sums: &mut [f64]) {
        sums.iter_mut()
            .zip(noise)
            .for_each(|(sum, &noise)| *sum = (self.round(*sum) + f64::from(noise)) * self.step);
    }

    /// `sums` rounded to the grid, with noise.
    pub(in crate::release) fn add(&self, source: &mut NoiseSource, sums: &mut [f64]) {
        let mut noise = [0i32; 2048];
        for sums in sums.chunks_mut(noise.len()) {
            let noise = &mut noise[..sums.len()];
            self.sampler.fill(source, noise);
            snap(sums, noise, self.step);
        }
    }
}

compiled_twice! {
    /// Every sum to the nearest multiple of `step`, and so many steps beside it.
    fn snap(sums: &mut [f64], noise: &[i32], step: f64) {
        for (sum, &noise) in sums.iter_mut().zip(noise) {
            *sum = ((*sum / step).round_ties_even() + f64::from(noise)) * step;
        }
    }
}
