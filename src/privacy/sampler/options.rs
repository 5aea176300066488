//! What a sampler is told, as others write it.

use serde::{Deserialize, Serialize};

use super::PoissonSampler;
use crate::noise::NoiseSource;
use crate::{Error, Result};

/// What a [`PoissonSampler`] with randomness of its own is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplerOptions {
    /// Examples to draw from.
    pub dataset_size: u64,
    /// The probability of each.
    pub sample_rate: f64,
    /// Of larger lots a uniform subset is taken.
    pub max_lot: Option<u64>,
    /// For tests: reproducible lots, which are not private.
    pub seed: Option<u64>,
    /// Which pass over the data, from 0: with a seed, each has lots of its own.
    #[serde(default)]
    pub pass: u64,
}

impl PoissonSampler {
    /// With randomness of its own.
    ///
    /// # Errors
    /// As [`PoissonSampler::new`]; `InvalidArgument` for sizes beyond this machine's.
    pub fn from_options(options: &SamplerOptions) -> Result<Self> {
        let fits = |name, number: u64| {
            usize::try_from(number).map_err(|_| {
                Error::invalid(name, number, "a number that this machine can count to")
            })
        };
        let max_lot = options.max_lot.map(|most| fits("max_lot", most)).transpose()?;
        let mut source = match options.seed {
            Some(seed) => NoiseSource::seeded(seed),
            None => NoiseSource::from_os()?,
        };
        if options.seed.is_some() {
            (0..options.pass).try_for_each(|_| source.fork().map(drop))?;
        }
        let dataset_size = fits("dataset_size", options.dataset_size)?;
        PoissonSampler::new(dataset_size, options.sample_rate, max_lot, &mut source)
    }
}
