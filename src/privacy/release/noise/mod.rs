//! Randomness and noise: where it comes from (`rng`), the fast Gaussian, the discrete Gaussian on
//! an integer grid, and noise that is correlated over steps, for DP-FTRL (`tree`, `banded`).
//!
//! What adds noise to a sum is visible in `release` alone, which counts it first: no other module
//! can call it.

mod ahead;
mod banded;
mod discrete;
mod gaussian;
mod grid;
mod rng;
mod tree;

pub(in crate::release) use banded::BandedNoise;
pub use banded::{BandedOptions, square_root_coefficients};
pub use discrete::{Closeness, DiscreteGaussian};
pub(in crate::release) use grid::Grid;
pub use rng::NoiseSource;
pub(in crate::release) use tree::TreeNoise;
pub use tree::TreeOptions;

use serde::{Deserialize, Serialize};

/// How noise is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum NoiseKind {
    /// The discrete Gaussian on an integer grid: what is released is exactly what is analyzed, and
    /// the time taken does not depend on the values drawn.
    #[default]
    Discrete,
    /// Floating-point Gaussian noise, several times faster. Its last bits can betray the sum below
    /// it (Mironov 2012) and it stops at 6.66 standard deviations: for experiments.
    Fast,
    /// None at all, for debugging: what noise hides can be seen. The run is not private, and its
    /// `ε` infinite.
    None,
}
