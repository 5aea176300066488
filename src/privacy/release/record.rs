//! What is released, written down before it is: one immutable record a step, made from values that
//! were asked once.

use super::noise::{BandedOptions, NoiseKind, TreeOptions};
use crate::accountant::{Phase, Sampling};
use crate::clip::effective_noise_multiplier;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// What kind of release a record describes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "release", content = "options", rename_all = "snake_case")]
pub enum Release {
    /// A clipped sum with noise of its own.
    Sum,
    /// A clipped sum, and the noisy count of examples within the clip norm that an adaptive norm
    /// follows.
    SumAndCount {
        /// Standard deviation of the noise on the count.
        count_noise: f64,
    },
    /// The noisy count alone.
    Count {
        /// Standard deviation of the noise on the count.
        count_noise: f64,
    },
    /// A whole tree of correlated noise, paid for when it begins.
    Tree(Box<TreeOptions>),
    /// A whole run of banded noise, paid for when it begins.
    Banded(Box<BandedRun>),
    /// One step of the correlated noise that runs: part of what was paid for when it began.
    Node,
}

/// Banded noise and who takes part in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandedRun {
    /// The band.
    #[serde(flatten)]
    pub options: BandedOptions,
    /// How often an example takes part at most, at least as many steps apart as there are bands.
    pub participations: u64,
}

/// Where a lot came from, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A pass of one of our samplers, by its number in this process.
    Sampler(u64),
    /// Parts of lots that workers drew with our samplers.
    Workers,
    /// From elsewhere: every example may be in it, and there is no amplification.
    Unknown,
}

/// One release, immutable. Noise is drawn from exactly this, after it was counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What is released.
    #[serde(flatten)]
    pub release: Release,
    /// L2 norm that no example's contribution exceeds, before the sum is divided.
    pub clip_norm: f64,
    /// What sums are divided by.
    pub expected_lot_size: f64,
    /// Standard deviation of the noise over the sensitivity.
    pub noise_multiplier: f64,
    /// How noise is drawn.
    pub noise: NoiseKind,
    /// Numbers that are released.
    pub dimension: u64,
    /// How the lot was drawn, as it is charged.
    #[serde(flatten)]
    pub sampling: Sampling,
    /// Who says so.
    pub origin: Origin,
}

impl Record {
    /// What one example moves the released numbers by at most, in L2.
    #[must_use]
    pub fn sensitivity(&self) -> f64 {
        self.clip_norm / self.expected_lot_size
    }

    /// Whether it is a step of training: a sum or a node.
    #[must_use]
    pub fn is_step(&self) -> bool {
        matches!(self.release, Release::Sum | Release::SumAndCount { .. } | Release::Node)
    }

    /// What the accountant is charged, and how many samples of discrete noise that draws; nothing
    /// for a node.
    ///
    /// # Errors
    /// `InvalidArgument` where a noise is not positive.
    pub fn charge(&self) -> Result<Option<(Phase, u64)>> {
        let one = |noise_multiplier| Phase { noise_multiplier, sampling: self.sampling, steps: 1 };
        let samples = if self.noise == NoiseKind::Discrete { self.dimension } else { 0 };
        Ok(Some(match &self.release {
            Release::Node => return Ok(None),
            Release::Sum => (one(self.noise_multiplier), samples),
            Release::SumAndCount { count_noise } => {
                (one(effective_noise_multiplier(self.noise_multiplier, *count_noise)?), samples + 1)
            }
            // an example moves the centered count by half
            Release::Count { count_noise } => (one(2.0 * count_noise), 1),
            Release::Tree(tree) => (tree.phase(1), self.dimension.saturating_mul(tree.steps)),
            Release::Banded(banded) => {
                let BandedRun { options, participations } = banded.as_ref();
                let phase = options.phase(*participations);
                let samples =
                    self.dimension.saturating_mul(options.bands()).saturating_mul(phase.steps);
                (phase, samples)
            }
        }))
    }

    /// How far the noise that is drawn is from what is charged, in total variation: all of it where
    /// none is drawn.
    pub(super) fn distance(&self) -> f64 {
        if self.noise == NoiseKind::None { 1.0 } else { 0.0 }
    }

    /// Says what is wrong with it, if anything is.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the field.
    pub fn validate(&self) -> Result<()> {
        let positive = |name: &'static str, value: f64, range: std::ops::RangeInclusive<f64>| {
            if range.contains(&value) {
                Ok(())
            } else {
                Err(Error::invalid(name, value, "a positive number"))
            }
        };
        positive("clip_norm", self.clip_norm, 1e-100..=1e100)?;
        positive("expected_lot_size", self.expected_lot_size, 1e-3..=1e15)?;
        if let Release::SumAndCount { count_noise } | Release::Count { count_noise } = self.release
        {
            positive("count_noise", count_noise, 1e-100..=1e100)?;
        }
        match self.charge()? {
            Some((phase, _)) => phase.validate(),
            None => Ok(()),
        }
    }
}
