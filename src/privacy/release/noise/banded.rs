//! Noise that is correlated over a band of steps, for DP-FTRL by matrix factorization.
//!
//! The mechanism releases `C·G + Z` for the gradients' sums `G` (a row per step) and a
//! lower-triangular Toeplitz `C` with `b` bands, and from it `G + C⁻¹Z`. Source: Choquette-Choo,
//! Ganesh, McKenna, McMahan, Rush, Thakurta and Xu, "(Amplified) Banded Matrix Factorization",
//! NeurIPS 2023; the square-root coefficients: Fichtenberger, Henzinger and Upadhyay, "Constant
//! matters", 2023, cut to a band as in Kalinin and Lampert, "Banded Square Root Matrix
//! Factorization", NeurIPS 2024.

use super::{Grid, NoiseSource};
use crate::accountant::{Phase, Sampling};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A band and its noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandedOptions {
    /// `c_0 .. c_(b-1)` of the Toeplitz matrix, `c_0` positive. One coefficient is independent
    /// noise.
    pub coefficients: Vec<f64>,
    /// L2 norm that an example's contribution to one step does not exceed.
    pub clip_norm: f64,
    /// Standard deviation of `Z` over `clip_norm·‖c‖`, what one participation moves `C·G` by.
    pub noise_multiplier: f64,
}

/// `c_j = C(2j, j)/4^j`: the first `bands` of the square root of the matrix of prefix sums.
#[must_use]
pub fn square_root_coefficients(bands: usize) -> Vec<f64> {
    std::iter::successors(Some((1.0, 1.0)), |&(c, j)| {
        Some((c * (2.0 * j - 1.0) / (2.0 * j), j + 1.0))
    })
    .map(|(c, _)| c)
    .take(bands)
    .collect()
}

/// The running mechanism: `b - 1` past sums and releases. Randomness is its own; it cannot be
/// copied or saved.
#[derive(Debug)]
pub(in crate::release) struct BandedNoise {
    coefficients: Vec<f64>,
    grid: Grid,
    source: NoiseSource,
    dimension: usize,
    sums: VecDeque<Vec<f64>>,
    released: VecDeque<Vec<f64>>,
}

impl BandedOptions {
    /// Says what is wrong with it, if anything is.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the field.
    pub fn validate(&self) -> Result<()> {
        let sane = self.coefficients.iter().all(|c| c.is_finite() && c.abs() <= 1e6);
        if !sane || self.coefficients.first().is_none_or(|first| *first < 1e-6) {
            return Err(Error::invalid(
                "coefficients",
                format!("{:?}", self.coefficients),
                "finite numbers, the first positive",
            ));
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

    /// Number of bands `b`.
    #[must_use]
    pub fn bands(&self) -> u64 {
        self.coefficients.len() as u64
    }

    /// What to account for when no example takes part more than `participations` times, at least
    /// `b` steps apart.
    ///
    /// Such participations move disjoint rows of `C·G`: each is a Gaussian mechanism.
    #[must_use]
    pub fn phase(&self, participations: u64) -> Phase {
        Phase {
            noise_multiplier: self.noise_multiplier,
            sampling: Sampling::FullBatch,
            steps: participations,
        }
    }

    /// What to account for when the data is split into `b` parts and step `t` Poisson-samples part
    /// `t mod b` at `rate`.
    ///
    /// Choquette-Choo et al., section 5: as `ceil(steps / b)` steps of the sampled Gaussian
    /// mechanism.
    #[must_use]
    pub fn sampled_phase(&self, rate: f64, steps: u64) -> Phase {
        let steps = steps.div_ceil(self.bands());
        Phase {
            noise_multiplier: self.noise_multiplier,
            sampling: Sampling::Poisson { rate },
            steps,
        }
    }
}

impl BandedNoise {
    /// A new mechanism over sums of `dimension` numbers.
    ///
    /// # Errors
    /// `InvalidArgument` if an option is out of range; as [`NoiseSource::fork`].
    pub(in crate::release) fn new(
        options: &BandedOptions,
        dimension: usize,
        source: &mut NoiseSource,
    ) -> Result<Self> {
        options.validate()?;
        let norm = options.coefficients.iter().map(|c| c * c).sum::<f64>().sqrt();
        let bands = options.coefficients.len();
        // a participation moves, and rounds, `b` rows
        let grid = Grid::new(
            dimension.saturating_mul(bands),
            options.clip_norm * norm,
            options.noise_multiplier,
            1e-6,
        )?;
        Ok(BandedNoise {
            coefficients: options.coefficients.clone(),
            grid,
            source: source.fork()?,
            dimension,
            sums: VecDeque::with_capacity(bands),
            released: VecDeque::with_capacity(bands),
        })
    }

    /// Says no to a sum of another length.
    pub(in crate::release) fn check(&self, length: usize) -> Result<()> {
        if length == self.dimension {
            return Ok(());
        }
        Err(Error::invalid("sum", format!("{length} numbers"), format!("{}", self.dimension)))
    }

    /// The deviation of `Z`, in the units of the sum.
    pub(in crate::release) fn deviation(&self) -> f64 {
        self.grid.deviation()
    }

    /// Replaces the clipped sum of this step by its private release.
    ///
    /// `w_t = Σ_j c_j g_(t-j) + z_t` is rounded to the noise's grid and is all that is released;
    /// what is returned, `y_t = (w_t - Σ_(j>=1) c_j y_(t-j)) / c_0`, is computed from releases
    /// alone.
    ///
    /// # Errors
    /// `InvalidArgument` if the length is not the mechanism's.
    pub(in crate::release) fn step(&mut self, sum: &mut [f64]) -> Result<()> {
        self.check(sum.len())?;
        let first = self.coefficients[0];
        let mut encoded: Vec<f64> = sum.iter().map(|g| first * g).collect();
        let band = |rows: &VecDeque<Vec<f64>>, into: &mut [f64], sign: f64| {
            for (row, c) in rows.iter().zip(&self.coefficients[1..]) {
                into.iter_mut().zip(row).for_each(|(x, row)| *x += sign * c * row);
            }
        };
        band(&self.sums, &mut encoded, 1.0);
        self.grid.add(&mut self.source, &mut encoded);
        band(&self.released, &mut encoded, -1.0);
        encoded.iter_mut().for_each(|x| *x /= first);
        for (rows, row) in [(&mut self.sums, sum.to_vec()), (&mut self.released, encoded.clone())] {
            rows.push_front(row);
            rows.truncate(self.coefficients.len() - 1);
        }
        sum.copy_from_slice(&encoded);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_square_root_squares_to_prefix_sums() {
        let c = square_root_coefficients(20);
        for n in 0..20 {
            let convolved: f64 = (0..=n).map(|j| c[j] * c[n - j]).sum();
            assert!((convolved - 1.0).abs() < 1e-14, "{n}");
        }
    }

    #[test]
    fn the_noise_is_white_after_the_band_is_undone() -> Result<()> {
        let dimension = 4000;
        let options = BandedOptions {
            coefficients: square_root_coefficients(4),
            clip_norm: 0.5,
            noise_multiplier: 3.0,
        };
        let norm = options.coefficients.iter().map(|c| c * c).sum::<f64>().sqrt();
        let mut noise = BandedNoise::new(&options, dimension, &mut NoiseSource::seeded(1))?;
        let mut history: Vec<Vec<f64>> = Vec::new();
        for t in 0..12 {
            let mut sum = vec![f64::from(t); dimension];
            noise.step(&mut sum)?;
            history.insert(0, sum.iter().map(|y| y - f64::from(t)).collect());
            let white: f64 = (0..dimension)
                .map(|i| {
                    options
                        .coefficients
                        .iter()
                        .zip(&history)
                        .map(|(c, row)| c * row[i])
                        .sum::<f64>()
                        .powi(2)
                })
                .sum();
            let expected = (3.0 * 0.5 * norm).powi(2) * dimension as f64;
            assert!(
                (white / expected - 1.0).abs() < 5.0 * (2.0 / dimension as f64).sqrt() + 1e-3,
                "{t}: {white} {expected}"
            );
        }
        Ok(())
    }

    #[test]
    fn phases_say_what_they_cost() {
        let options =
            BandedOptions { coefficients: vec![1.0, 0.5], clip_norm: 1.0, noise_multiplier: 3.0 };
        assert_eq!(options.sampled_phase(0.1, 101).steps, 51);
        assert_eq!(options.phase(7).steps, 7);
        assert!(BandedOptions { coefficients: vec![], ..options }.validate().is_err());
    }
}
