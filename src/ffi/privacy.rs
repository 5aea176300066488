//! Privacy at the border, in safe Rust: what takes arrays, and what a host keeps a handle of, by options in JSON.

mod ask;

use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::host::{all_options, given_options, json};
use super::left_behind::leavable;
use crate::error::{Error, Result};
use crate::privacy::accountant::Sampling;
use crate::privacy::clip::{AdaptiveClip, AdaptiveClipStep, ClipReport, Clipping, Float, Gradients, clip_sum};
use crate::privacy::noise::NoiseSource;
use crate::privacy::release::{Adapted, Correlated, CorrelatedOptions, Lot, MeanOptions, PrivateRun, SumOptions};
use crate::privacy::sampler::{Draws, PoissonSampler};

pub(super) use ask::ask;

/// A [`ClipReport`] without its norms, which cross as an array.
#[derive(Serialize)]
struct Clipped<'a> {
    examples: usize,
    clipped: usize,
    non_finite: &'a [usize],
    clip_norm: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    adapted: Option<AdaptedNorm>,
}

/// An adaptive norm that moved, in short.
#[derive(Serialize)]
struct AdaptedNorm {
    clip: AdaptiveClip,
    step: AdaptiveClipStep,
}

impl From<Adapted> for AdaptedNorm {
    fn from(Adapted { clip, step }: Adapted) -> Self {
        AdaptedNorm { clip, step }
    }
}

fn clipped(report: &ClipReport, adapted: Option<Adapted>, norms: &mut [f64]) -> Result<String> {
    norms.copy_from_slice(&report.norms);
    let ClipReport { examples, clipped, non_finite, clip_norm, .. } = report;
    let adapted = adapted.map(AdaptedNorm::from);
    json(&Clipped { examples: *examples, clipped: *clipped, non_finite, clip_norm: *clip_norm, adapted })
}

/// [`clip_sum`] by a [`Clipping`] in JSON. `norms` takes a number an example, and JSON has the rest of the report.
pub(super) fn clip_sum_of<T: Float>(
    options: &str,
    gradients: &Gradients<T>,
    sums: &mut [&mut [T]],
    norms: &mut [f64],
) -> Result<String> {
    clipped(&clip_sum(gradients, &given_options::<Clipping>(options)?, sums)?, None, norms)
}

/// What a release is told: how, and about its lot.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step<T> {
    step: T,
    #[serde(default)]
    lot: LotOptions,
}

/// About a lot: which draw of which sampler; or nothing, and then it is charged whole.
#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LotOptions {
    #[default]
    Unknown,
    Drawn {
        sampler: u64,
        number: u64,
    },
    Workers {
        sampling: Sampling,
        private: bool,
    },
}

impl LotOptions {
    fn lot(self) -> Result<Lot> {
        Ok(match self {
            LotOptions::Drawn { sampler, number } => {
                let expected = "one that lives: keep the sampler until its lots are released";
                let draws = Draws::find(sampler).ok_or_else(|| Error::invalid("sampler", sampler, expected))?;
                Lot::Drawn(draws, number)
            }
            LotOptions::Workers { sampling, private } => Lot::Workers { sampling, private },
            LotOptions::Unknown => Lot::Unknown,
        })
    }
}

fn step<T: DeserializeOwned>(text: &str) -> Result<Step<T>> {
    given_options(text)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountOptions {
    clip: AdaptiveClip,
    expected_lot_size: f64,
}

/// What a host asks a run.
#[derive(Deserialize)]
#[serde(tag = "call", rename_all = "snake_case", deny_unknown_fields)]
enum Question {
    /// The accountant as it stands.
    Accountant,
    Epsilon {
        delta: f64,
    },
    /// Steps of training, whether all randomness was private.
    Steps,
    /// Writes what was spent to the file that is kept, exactly.
    Settle,
    /// `[[record, how many in a row], ...]`.
    Records,
}

/// A [`PrivateRun`] in a host's hands.
#[derive(Debug)]
pub(super) struct Run(Arc<PrivateRun>);

impl Run {
    /// By [`crate::privacy::release::RunOptions`] in JSON.
    pub(super) fn new(text: &str) -> Result<Self> {
        Ok(Run(Arc::new(PrivateRun::new(&all_options(text)?)?)))
    }

    /// Answers a [`Question`] in JSON with JSON. Changes nothing.
    pub(super) fn ask(&self, question: &str) -> Result<String> {
        match given_options::<Question>(question)? {
            Question::Accountant => json(&self.0.accountant()),
            Question::Epsilon { delta } => {
                let run = self.0.clone();
                leavable(move || json(&run.epsilon(delta)?))
            }
            Question::Steps => json(&(self.0.steps(), self.0.is_private())),
            Question::Settle => json(&self.0.settle()?),
            Question::Records => json(&self.0.ledger().records().collect::<Vec<_>>()),
        }
    }

    /// [`PrivateRun::mean`] by [`MeanOptions`] in JSON; the report as in [`clip_sum_of`].
    pub(super) fn mean<T: Float>(
        &self,
        options: &str,
        gradients: &Gradients<T>,
        means: &mut [&mut [T]],
        norms: &mut [f64],
    ) -> Result<String> {
        let Step { step, lot } = step::<MeanOptions>(options)?;
        let (report, adapted) = self.0.mean(gradients, &step, lot.lot()?, means)?;
        clipped(&report, adapted, norms)
    }

    /// [`PrivateRun::sum`] by [`SumOptions`] in JSON; gives the adaptive norm that moved, or `null`.
    pub(super) fn sum<T: Float>(&self, options: &str, sums: &mut [&mut [T]], norms: &[f64]) -> Result<String> {
        let Step { step, lot } = step::<SumOptions>(options)?;
        json(&self.0.sum(sums, &step, lot.lot()?, norms)?.map(AdaptedNorm::from))
    }

    /// [`PrivateRun::count`] by [`CountOptions`] in JSON and the norms of the lot that was clipped to the norm.
    pub(super) fn count(&self, options: &str, norms: &[f64]) -> Result<String> {
        let Step { step: CountOptions { clip, expected_lot_size }, lot } = step(options)?;
        json(&AdaptedNorm::from(self.0.count(&clip, norms, expected_lot_size, lot.lot()?)?))
    }

    /// [`PrivateRun::begin`] by [`CorrelatedOptions`] and the `dimension` in JSON.
    pub(super) fn begin(&self, options: &str) -> Result<Correlated> {
        #[derive(Deserialize)]
        struct Begin {
            dimension: usize,
            #[serde(flatten)]
            options: CorrelatedOptions,
        }
        let Begin { dimension, options } = given_options(options)?;
        self.0.begin(&options, dimension)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SamplerOptions {
    dataset_size: u64,
    sample_rate: f64,
    max_lot: Option<u64>,
    /// For tests: reproducible lots, which are not private.
    seed: Option<u64>,
    /// Which pass over the data, from 0: with a seed, each has lots of its own.
    #[serde(default)]
    pass: u64,
}

/// A sampler and the lot that it drew last.
#[derive(Debug)]
pub(super) struct Sampler {
    draws: Draws,
    state: Mutex<(PoissonSampler, u64, Vec<usize>)>,
}

impl Sampler {
    /// By [`SamplerOptions`] in JSON, with randomness of its own.
    pub(super) fn new(options: &str) -> Result<Self> {
        let SamplerOptions { dataset_size, sample_rate, max_lot, seed, pass } = given_options(options)?;
        let fits = |name, number: u64| {
            usize::try_from(number).map_err(|_| Error::invalid(name, number, "a number that this machine can count to"))
        };
        let max_lot = max_lot.map(|most| fits("max_lot", most)).transpose()?;
        let mut source = match seed {
            Some(seed) => NoiseSource::seeded(seed),
            None => NoiseSource::from_os()?,
        };
        if seed.is_some() {
            (0..pass).try_for_each(|_| source.fork().map(drop))?;
        }
        let sampler = PoissonSampler::new(fits("dataset_size", dataset_size)?, sample_rate, max_lot, &mut source)?;
        Ok(Sampler { draws: sampler.draws().clone(), state: Mutex::new((sampler, 0, Vec::new())) })
    }

    /// Its number in this process.
    pub(super) fn id(&self) -> i64 {
        self.draws.id() as i64
    }

    /// Draws the next lot at `rate`, and says how large it is.
    pub(super) fn draw(&self, rate: f64) -> Result<i64> {
        let (sampler, number, lot) = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let drawn = sampler.next_lot_at(rate)?;
        (*number, *lot) = (drawn.number, drawn.examples);
        Ok(lot.len() as i64)
    }

    /// Writes the lot that was drawn last, indices from 0, in order; gives the number of its draw.
    pub(super) fn take(&self, out: &mut [i64]) -> Result<i64> {
        let (_, number, lot) = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if out.len() != lot.len() {
            return Err(Error::invalid(
                "out",
                format!("{} places", out.len()),
                format!("{}, the lot's size", lot.len()),
            ));
        }
        out.iter_mut().zip(lot.drain(..)).for_each(|(out, index)| *out = index as i64);
        Ok(*number as i64)
    }

    /// Takes a draw as released elsewhere, by a worker's part; gives JSON of what it costs.
    pub(super) fn spend(&self, number: u64) -> Result<String> {
        json(&self.draws.spend(number, Ok)?)
    }
}
