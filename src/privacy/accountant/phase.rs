//! What is accounted for: phases of steps, their sampler, and what neighbors are.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Most steps that an accountant counts.
pub const MAX_STEPS: u64 = 1_000_000_000;

/// Most examples of one unit.
pub const MAX_UNIT: u32 = 1024;

/// How steps compose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum AccountantKind {
    /// Privacy loss distributions by FFT: tight.
    #[default]
    Pld,
    /// Rényi differential privacy: looser, and simple to check by hand.
    Rdp,
}

/// When two data sets are neighbors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// One has a unit more than the other.
    #[default]
    AddRemove,
    /// They differ in one unit, of the same size in both.
    ReplaceOne,
}

/// How the lot of a step is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "sampler")]
pub enum Sampling {
    /// Every example, at every step.
    FullBatch,
    /// Each example on its own with probability `rate`.
    Poisson {
        /// In (0, 1].
        #[serde(rename = "sample_rate")]
        rate: f64,
    },
    /// Poisson, and of a lot larger than `max_lot` a uniform subset of `max_lot`.
    TruncatedPoisson {
        /// In (0, 1].
        #[serde(rename = "sample_rate")]
        rate: f64,
        /// At least 1, at most `dataset_size`.
        max_lot: u64,
        /// Examples in the data.
        dataset_size: u64,
    },
    /// A uniform subset of `lot_size`, anew at every step.
    WithoutReplacement {
        /// At least 1, at most `dataset_size`.
        lot_size: u64,
        /// Examples in the data.
        dataset_size: u64,
    },
    /// Disjoint lots of a random permutation, anew at every epoch.
    Shuffled {
        /// At least 1, at most `dataset_size`.
        lot_size: u64,
        /// Examples in the data.
        dataset_size: u64,
    },
}

/// Steps of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Standard deviation of the noise over the clip norm, above 0.
    pub noise_multiplier: f64,
    /// The sampler.
    #[serde(flatten)]
    pub sampling: Sampling,
    /// Steps, at most [`MAX_STEPS`].
    pub steps: u64,
}

/// Noise multipliers beyond these are not told from typing errors, and strain `f64`.
const NOISE_RANGE: std::ops::RangeInclusive<f64> = 1e-3..=1e6;

impl Phase {
    /// Says what is wrong with it, if anything is.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the field.
    pub fn validate(&self) -> Result<()> {
        if !NOISE_RANGE.contains(&self.noise_multiplier) {
            return Err(Error::invalid(
                "noise_multiplier",
                self.noise_multiplier,
                "a number from 0.001 to 1e6",
            ));
        }
        if self.steps > MAX_STEPS {
            return Err(Error::invalid("steps", self.steps, format!("at most {MAX_STEPS}")));
        }
        self.sampling.validate()
    }
}

impl Sampling {
    /// The same kind of lot with each example in it for sure: no amplification, and the distances
    /// of its kind. A truncated or fixed-size lot without an example has another in its place, so
    /// that it is twice as far from the one with it.
    #[must_use]
    pub fn unamplified(self) -> Self {
        match self {
            Sampling::TruncatedPoisson { max_lot, dataset_size, .. } => {
                Sampling::TruncatedPoisson { rate: 1.0, max_lot, dataset_size }
            }
            // all are drawn, and of them a uniform subset stays
            Sampling::WithoutReplacement { lot_size: max_lot, dataset_size } => {
                Sampling::TruncatedPoisson { rate: 1.0, max_lot, dataset_size }
            }
            Sampling::FullBatch | Sampling::Poisson { .. } | Sampling::Shuffled { .. } => {
                Sampling::FullBatch
            }
        }
    }

    /// Says what is wrong with it, if anything is.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the field.
    pub fn validate(&self) -> Result<()> {
        let check_rate = |rate: f64| match rate {
            rate if (1e-12..=1.0).contains(&rate) => Ok(()),
            rate => {
                Err(Error::invalid("sample_rate", rate, "a probability in (0, 1], at least 1e-12"))
            }
        };
        let check_lot = |name: &'static str, lot: u64, size: u64| {
            if size == 0 || size > 1 << 48 {
                return Err(Error::invalid("dataset_size", size, "1 to 2^48 examples"));
            }
            if lot == 0 || lot > size {
                return Err(Error::invalid(
                    name,
                    lot,
                    format!("1 to {size}, the size of the data"),
                ));
            }
            Ok(())
        };
        match *self {
            Sampling::FullBatch => Ok(()),
            Sampling::Poisson { rate } => check_rate(rate),
            Sampling::TruncatedPoisson { rate, max_lot, dataset_size } => {
                check_rate(rate)?;
                check_lot("max_lot", max_lot, dataset_size)
            }
            Sampling::WithoutReplacement { lot_size, dataset_size }
            | Sampling::Shuffled { lot_size, dataset_size } => {
                check_lot("lot_size", lot_size, dataset_size)
            }
        }
    }

    /// The sampler's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Sampling::FullBatch => "full_batch",
            Sampling::Poisson { .. } => "poisson",
            Sampling::TruncatedPoisson { .. } => "truncated_poisson",
            Sampling::WithoutReplacement { .. } => "without_replacement",
            Sampling::Shuffled { .. } => "shuffled",
        }
    }
}
