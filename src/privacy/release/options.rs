//! What a run and its releases are told.

use super::noise::NoiseKind;
use crate::accountant::{Accountant, AccountantKind, Relation};
use crate::clip::{AdaptiveClip, AdaptiveClipStep, Clipping};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What a run is told when it begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunOptions {
    /// How steps compose.
    pub accountant: AccountantKind,
    /// What neighbors are.
    pub relation: Relation,
    /// Examples of a unit of privacy; 1 where nothing is said.
    pub unit_size: Option<u32>,
    /// Releases stop before epsilon exceeds this ...
    pub stop_at: Option<f64>,
    /// ... at this delta.
    pub delta: Option<f64>,
    /// What an earlier run on the same data had spent.
    pub spent: Option<Accountant>,
    /// That earlier run was seeded, or some of its lots were: this one is not private either.
    pub spent_seeded: bool,
    /// A file to keep ahead of the run: what was spent, and up to a hundredth more, is in it before
    /// it is spent ([`crate::state::PrivacyState`]).
    pub keep: Option<PathBuf>,
    /// For tests: reproducible randomness. The run is then **not private**.
    pub seed: Option<u64>,
}

/// How a sum is made private.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumOptions {
    /// L2 norm that no example's contribution to the sum, times `expected_lot_size`, exceeds.
    pub clip_norm: f64,
    /// What the sum was divided by.
    #[serde(default = "one")]
    pub expected_lot_size: f64,
    /// Standard deviation of the noise over `clip_norm / expected_lot_size`, 0.001 to 1e6.
    pub noise_multiplier: f64,
    /// How noise is drawn.
    #[serde(default)]
    pub noise: NoiseKind,
    /// The norm that follows a quantile; it must stand at `clip_norm`.
    #[serde(default)]
    pub adaptive: Option<AdaptiveClip>,
}

fn one() -> f64 {
    1.0
}

/// How a noisy count is made, by the norms of a lot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountOptions {
    /// The norm that the lot was clipped to, which moves.
    pub clip: AdaptiveClip,
    /// As of [`MeanOptions`].
    pub expected_lot_size: f64,
}

/// How a lot's mean gradient is made private.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanOptions {
    /// The norm or norms.
    pub clipping: Clipping,
    /// Standard deviation of the noise over the clip norm, 0.001 to 1e6.
    pub noise_multiplier: f64,
    /// What the sum is divided by: `sample_rate x dataset_size`, never the actual lot's size, which
    /// is private.
    pub expected_lot_size: f64,
    /// How noise is drawn.
    #[serde(default)]
    pub noise: NoiseKind,
    /// The norm that follows a quantile; it must stand at `clipping`, a flat one.
    #[serde(default)]
    pub adaptive: Option<AdaptiveClip>,
}

impl MeanOptions {
    /// Discrete noise, and one norm of 1.
    #[must_use]
    pub fn new(noise_multiplier: f64, expected_lot_size: f64) -> Self {
        let (clipping, noise) = (Clipping::Flat(1.0), NoiseKind::default());
        MeanOptions { clipping, noise_multiplier, expected_lot_size, noise, adaptive: None }
    }
}

/// An adaptive norm that a release moved, and what the release said of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Adapted {
    /// The norm after it.
    pub clip: AdaptiveClip,
    /// Noised already: it may be released.
    pub step: AdaptiveClipStep,
}
