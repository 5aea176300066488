//! Privacy at the border, in safe Rust: what takes arrays, and what a host keeps a handle of, by options in JSON.

mod ask;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::host::{given_options, json};
use crate::error::{Error, Result};
use crate::privacy::clip::{AdaptiveClip, AdaptiveClipStep, ClipReport, Clipping, Float, Gradients, clip_sum};
use crate::privacy::noise::{BandedNoise, BandedOptions, NoiseKind, NoiseSource, TreeNoise, TreeOptions};
use crate::privacy::release::{PrivateMeanOptions, add_noise, private_mean};
use crate::privacy::sampler::PoissonSampler;

pub(super) use ask::ask;

/// A [`ClipReport`] without its norms, which cross as an array.
#[derive(Serialize)]
struct Clipped<'a> {
    examples: usize,
    clipped: usize,
    non_finite: &'a [usize],
    clip_norm: f64,
}

fn clipped(report: &ClipReport, norms: &mut [f64]) -> Result<String> {
    norms.copy_from_slice(&report.norms);
    let ClipReport { examples, clipped, non_finite, clip_norm, .. } = report;
    json(&Clipped { examples: *examples, clipped: *clipped, non_finite, clip_norm: *clip_norm })
}

/// [`clip_sum`] by a [`Clipping`] in JSON. `norms` takes a number an example, and JSON has the rest of the report.
pub(super) fn clip_sum_of<T: Float>(
    options: &str,
    gradients: &Gradients<T>,
    sums: &mut [&mut [T]],
    norms: &mut [f64],
) -> Result<String> {
    clipped(&clip_sum(gradients, &given_options::<Clipping>(options)?, sums)?, norms)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoiseOptions {
    sensitivity: f64,
    noise_multiplier: f64,
    #[serde(default)]
    noise: NoiseKind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdaptiveOptions {
    clip: AdaptiveClip,
    expected_lot_size: f64,
}

#[derive(Serialize)]
struct Adapted {
    clip: AdaptiveClip,
    step: AdaptiveClipStep,
}

/// A [`NoiseSource`] that calls from several threads take turns at.
#[derive(Debug)]
pub(super) struct Noise(Mutex<NoiseSource>);

impl Noise {
    /// Keyed by the operating system, or by a seed.
    pub(super) fn new(seed: Option<u64>) -> Result<Self> {
        let source = match seed {
            Some(seed) => NoiseSource::seeded(seed),
            None => NoiseSource::from_os()?,
        };
        Ok(Noise(Mutex::new(source)))
    }

    fn lock(&self) -> MutexGuard<'_, NoiseSource> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// [`private_mean`] by [`PrivateMeanOptions`] in JSON; the report as in [`clip_sum_of`].
    pub(super) fn mean<T: Float>(
        &self,
        options: &str,
        gradients: &Gradients<T>,
        means: &mut [&mut [T]],
        norms: &mut [f64],
    ) -> Result<String> {
        let options: PrivateMeanOptions = given_options(options)?;
        clipped(&private_mean(gradients, &options, &mut self.lock(), means)?, norms)
    }

    /// [`add_noise`] by [`NoiseOptions`] in JSON.
    pub(super) fn add<T: Float>(&self, options: &str, sums: &mut [&mut [T]]) -> Result<()> {
        let NoiseOptions { sensitivity, noise_multiplier, noise } = given_options(options)?;
        add_noise(sums, sensitivity, noise_multiplier, noise, &mut self.lock())
    }

    /// [`AdaptiveClip::update`] by [`AdaptiveOptions`] in JSON and the norms of the lot that was clipped to its norm; gives
    /// the clip as it stands then, and what the step saw.
    pub(super) fn adapt(&self, options: &str, norms: &[f64]) -> Result<String> {
        let AdaptiveOptions { mut clip, expected_lot_size } = given_options(options)?;
        clip.validate()?;
        let step = clip.update(norms, expected_lot_size, &mut self.lock())?;
        json(&Adapted { clip, step })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SamplerOptions {
    dataset_size: u64,
    sample_rate: f64,
    max_lot: Option<u64>,
}

/// A sampler and the lot that it drew last.
#[derive(Debug)]
pub(super) struct Sampler(Mutex<(PoissonSampler, Vec<usize>)>);

impl Sampler {
    /// By [`SamplerOptions`] in JSON; a stream of randomness of its own is forked from `noise`.
    pub(super) fn new(options: &str, noise: &Noise) -> Result<Self> {
        let SamplerOptions { dataset_size, sample_rate, max_lot } = given_options(options)?;
        let fits = |name, number: u64| {
            usize::try_from(number).map_err(|_| Error::invalid(name, number, "a number that this machine can count to"))
        };
        let max_lot = max_lot.map(|most| fits("max_lot", most)).transpose()?;
        let sampler =
            PoissonSampler::new(fits("dataset_size", dataset_size)?, sample_rate, max_lot, &mut noise.lock())?;
        Ok(Sampler(Mutex::new((sampler, Vec::new()))))
    }

    /// Draws the next lot and says how large it is.
    pub(super) fn draw(&self) -> i64 {
        let (sampler, lot) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *lot = sampler.next_lot();
        lot.len() as i64
    }

    /// Writes the lot that was drawn last: indices from 0, in order.
    pub(super) fn take(&self, out: &mut [i64]) -> Result<()> {
        let (_, lot) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if out.len() != lot.len() {
            return Err(Error::invalid(
                "out",
                format!("{} places", out.len()),
                format!("{}, the lot's size", lot.len()),
            ));
        }
        out.iter_mut().zip(lot.drain(..)).for_each(|(out, index)| *out = index as i64);
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(tag = "mechanism", rename_all = "snake_case")]
enum CorrelatedOptions {
    Tree {
        dimension: usize,
        #[serde(flatten)]
        options: TreeOptions,
    },
    Banded {
        dimension: usize,
        #[serde(flatten)]
        options: BandedOptions,
    },
}

#[derive(Debug)]
enum Mechanism {
    Tree(Box<TreeNoise>),
    Banded(Box<BandedNoise>),
}

/// A running mechanism whose noise is correlated over steps.
#[derive(Debug)]
pub(super) struct Correlated(Mutex<Mechanism>);

impl Correlated {
    /// By [`CorrelatedOptions`] in JSON; a stream of randomness of its own is forked from `noise`.
    pub(super) fn new(options: &str, noise: &Noise) -> Result<Self> {
        let mechanism = match given_options(options)? {
            CorrelatedOptions::Tree { dimension, options } => {
                Mechanism::Tree(Box::new(TreeNoise::new(options, dimension, &mut noise.lock())?))
            }
            CorrelatedOptions::Banded { dimension, options } => {
                Mechanism::Banded(Box::new(BandedNoise::new(&options, dimension, &mut noise.lock())?))
            }
        };
        Ok(Correlated(Mutex::new(mechanism)))
    }

    /// Replaces the clipped sum of this step by its release.
    pub(super) fn step(&self, sum: &mut [f64]) -> Result<()> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Mechanism::Tree(tree) => tree.step(sum),
            Mechanism::Banded(banded) => banded.step(sum),
        }
    }
}
