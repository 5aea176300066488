//! The door: nothing is released but through a [`PrivateRun`], and what passes is what is counted.
//!
//! A release is written down as one immutable [`Record`], appended to the run's [`Ledger`] under its lock, and only then is
//! noise drawn, from exactly this record. What adds noise lives in `noise` and is visible in this module alone.
//!
//! ```
//! use fluxguard::privacy::clip::{Clipping, Gradients};
//! use fluxguard::privacy::release::{Lot, MeanOptions, PrivateRun, RunOptions};
//! use fluxguard::privacy::sampler::PoissonSampler;
//!
//! let run = PrivateRun::new(&RunOptions::default())?;
//! let mut sampler = PoissonSampler::new(1000, 0.01, None, &mut run.fork()?)?;
//! let drawn = sampler.next_lot();
//! let data = vec![0.1f32; 4 * drawn.examples.len()]; // your gradients: 4 numbers an example
//! let gradients = Gradients::new(&[(&data[..], 4)], drawn.examples.len())?;
//! let options = MeanOptions { clipping: Clipping::Flat(1.0), ..MeanOptions::new(1.1, sampler.expected_lot_size()) };
//! let mut mean = [0.0f32; 4];
//! run.mean(&gradients, &options, Lot::drawn(&sampler, &drawn), &mut [&mut mean])?;
//! assert!(run.accountant().epsilon(1e-5)? < 3.0);
//! # Ok::<(), fluxguard::Error>(())
//! ```

mod correlated;
mod keep;
mod ledger;
mod lot;
pub mod noise;
mod record;
mod sums;
pub mod witness;

pub use correlated::{Correlated, CorrelatedOptions};
pub use ledger::{Budget, Ledger};
pub use lot::Lot;
pub use record::{BandedRun, Origin, Participation, Record, Release};

use super::accountant::{Accountant, AccountantKind, Relation};
use super::clip::{AdaptiveClip, AdaptiveClipStep, ClipReport, Clipping, Float, Gradients, check_out, weigh};
use crate::{Error, Result};
use keep::Keep;
use noise::{Grid, NoiseKind, NoiseSource};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a run is told when it begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunOptions {
    /// How steps compose.
    pub accountant: AccountantKind,
    /// What neighbours are.
    pub relation: Relation,
    /// Examples of a unit of privacy; 1 where nothing is said.
    pub unit_size: Option<u32>,
    /// Releases stop before epsilon exceeds this ...
    pub stop_at: Option<f64>,
    /// ... at this delta.
    pub delta: Option<f64>,
    /// What an earlier run on the same data had spent.
    pub spent: Option<Accountant>,
    /// A file to keep ahead of the run: what was spent, and up to a hundredth more, is in it before it is spent
    /// ([`super::state::PrivacyState`]).
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

/// How a lot's mean gradient is made private.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanOptions {
    /// The norm or norms.
    pub clipping: Clipping,
    /// Standard deviation of the noise over the clip norm, 0.001 to 1e6.
    pub noise_multiplier: f64,
    /// What the sum is divided by: `sample_rate x dataset_size`, never the actual lot's size, which is private.
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

/// The randomness of a private run, and the ledger of what it released. May be used from several threads.
#[derive(Debug)]
pub struct PrivateRun {
    // Never locked by who asks what was spent.
    source: Mutex<NoiseSource>,
    ledger: Mutex<Ledger>,
    // Locked within the ledger's lock.
    keep: Option<Mutex<Keep>>,
    private: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PrivateRun {
    /// A run that has released nothing.
    ///
    /// # Errors
    /// `InvalidArgument` for an option out of range, or `stop_at` without `delta`; `Incompatible` where what was spent
    /// before has another relation or unit; as [`NoiseSource::from_os`].
    pub fn new(options: &RunOptions) -> Result<Self> {
        let mut spent =
            Accountant::new(options.accountant, options.relation).with_unit_size(options.unit_size.unwrap_or(1))?;
        if let Some(before) = &options.spent {
            before.validate()?;
            spent.compose(before)?;
        }
        let budget = match (options.stop_at, options.delta) {
            (Some(epsilon), Some(delta)) => Some(Budget { epsilon, delta }),
            (Some(_), None) => return Err(Error::invalid("delta", "nothing", "a number in (0, 1): stop_at needs it")),
            (None, _) => None,
        };
        let source = match options.seed {
            Some(seed) => NoiseSource::seeded(seed),
            None => NoiseSource::from_os()?,
        };
        let private = source.is_private();
        let keep = options.keep.clone().map(|path| Mutex::new(Keep::new(path, private)));
        Ok(PrivateRun { source: Mutex::new(source), ledger: Mutex::new(Ledger::new(spent, budget)?), keep, private })
    }

    /// Was all randomness keyed by the operating system?
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.private
    }

    /// Randomness for a sampler, by a key of its own.
    ///
    /// # Errors
    /// As [`NoiseSource::fork`].
    pub fn fork(&self) -> Result<NoiseSource> {
        lock(&self.source).fork()
    }

    /// What was spent so far: a copy, which asking changes nothing of.
    #[must_use]
    pub fn accountant(&self) -> Accountant {
        lock(&self.ledger).accountant().clone()
    }

    /// Steps of training released so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        lock(&self.ledger).steps()
    }

    /// Was it the caller's word how a lot was drawn?
    #[must_use]
    pub fn is_claimed(&self) -> bool {
        lock(&self.ledger).is_claimed()
    }

    /// Writes exactly what was spent to the file that is kept, if there is one: at the end of a training.
    ///
    /// # Errors
    /// `PathUnusable`.
    pub fn settle(&self) -> Result<()> {
        let ledger = lock(&self.ledger);
        match &self.keep {
            Some(keep) => lock(keep).settle(ledger.accountant(), ledger.is_claimed()),
            None => Ok(()),
        }
    }

    /// All that was released so far: a copy.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        lock(&self.ledger).clone()
    }

    /// Counts a release. Whoever gets `Ok` may draw its noise, once.
    fn enter(&self, record: Record, lot: Lot) -> Result<()> {
        lot.spend(record, |record| {
            let mut ledger = lock(&self.ledger);
            ledger.append(record.clone())?;
            match &self.keep {
                Some(keep) => lock(keep).before_release(&record, ledger.accountant(), ledger.is_claimed()),
                None => Ok(()),
            }
        })
    }

    /// Makes clipped sums private in place: noise of deviation `noise_multiplier·clip_norm/expected_lot_size`.
    ///
    /// `norms` are the lot's, before clipping; they are read for an adaptive norm alone, which is given back moved.
    ///
    /// # Errors
    /// `InvalidArgument` if an option is out of range or the lot cannot be accounted for, `BudgetExhausted`: nothing is
    /// counted or changed then.
    pub fn sum<T: Float>(
        &self,
        sums: &mut [&mut [T]],
        options: &SumOptions,
        lot: Lot,
        norms: &[f64],
    ) -> Result<Option<Adapted>> {
        let &SumOptions { clip_norm, expected_lot_size, noise_multiplier, noise, ref adaptive } = options;
        let dimension = sums.iter().map(|sum| sum.len() as u64).sum();
        let count = adaptive.as_ref().map(|clip| Count::new(clip, clip_norm)).transpose()?;
        let record = Record {
            release: count.as_ref().map_or(Release::Sum, Count::release),
            clip_norm,
            expected_lot_size,
            noise_multiplier,
            noise,
            dimension,
            sampling: lot.sampling(),
            origin: lot.origin(),
        };
        record.validate()?;
        let source = &mut *lock(&self.source);
        let ready = sums::ready_for_sum(sums, (record.sensitivity(), noise_multiplier), noise, source)?;
        self.enter(record, lot)?;
        sums::add_to_sum(sums, ready, noise, source);
        Ok(count.map(|count| count.adapt(norms, expected_lot_size, source)))
    }

    /// `out = (Σ clipped gradients + noise) / expected_lot_size`, in the same two passes as
    /// [`super::clip::clip_sum`]. An empty lot gives noise alone, and counts.
    ///
    /// # Errors
    /// As [`PrivateRun::sum`]; `InvalidArgument` if shapes disagree, or every example of a lot is not finite.
    pub fn mean<T: Float>(
        &self,
        gradients: &Gradients<T>,
        options: &MeanOptions,
        lot: Lot,
        out: &mut [&mut [T]],
    ) -> Result<(ClipReport, Option<Adapted>)> {
        check_out(gradients, out)?;
        let &MeanOptions { noise_multiplier, expected_lot_size, noise, ref adaptive, ref clipping } = options;
        let (weights, report) = weigh(gradients, clipping)?;
        if report.examples > 0 && report.non_finite.len() == report.examples {
            let was = format!("a lot of {} examples, all with NaN or Inf", report.examples);
            return Err(Error::invalid(
                "gradients",
                was,
                "at least one example that is finite: look at model and data",
            ));
        }
        let count = adaptive.as_ref().map(|clip| Count::new(clip, report.clip_norm)).transpose()?;
        let record = Record {
            release: count.as_ref().map_or(Release::Sum, Count::release),
            clip_norm: report.clip_norm,
            expected_lot_size,
            noise_multiplier,
            noise,
            dimension: gradients.dimension() as u64,
            sampling: lot.sampling(),
            origin: lot.origin(),
        };
        record.validate()?;
        let source = &mut *lock(&self.source);
        let ready = sums::ready_for_lot(gradients, (report.clip_norm, noise_multiplier), noise, source)?;
        self.enter(record, lot)?;
        sums::noisy_mean(gradients, &weights, ready, expected_lot_size, out);
        let adapted = count.map(|count| count.adapt(&report.norms, expected_lot_size, source));
        Ok((report, adapted))
    }

    /// The noisy count alone: moves an adaptive norm by the norms of a lot that was clipped to it.
    ///
    /// # Errors
    /// As [`PrivateRun::sum`].
    pub fn count(&self, clip: &AdaptiveClip, norms: &[f64], expected_lot_size: f64, lot: Lot) -> Result<Adapted> {
        let count = Count::new(clip, clip.norm())?;
        let record = Record {
            release: Release::Count { count_noise: clip.count_noise() },
            clip_norm: clip.norm(),
            expected_lot_size,
            noise_multiplier: 2.0 * clip.count_noise(),
            noise: NoiseKind::Discrete,
            dimension: 1,
            sampling: lot.sampling(),
            origin: lot.origin(),
        };
        record.validate()?;
        let source = &mut *lock(&self.source);
        self.enter(record, lot)?;
        Ok(count.adapt(norms, expected_lot_size, source))
    }
}

/// The noisy count of examples within an adaptive norm, ready to be drawn.
struct Count {
    clip: AdaptiveClip,
    grid: Grid,
}

impl Count {
    fn new(clip: &AdaptiveClip, norm: f64) -> Result<Self> {
        clip.validate()?;
        if clip.norm() != norm {
            return Err(Error::invalid("clip", norm, format!("{}, where the adaptive norm stands", clip.norm())));
        }
        // each example moves the count by ½ to either side of its middle
        let grid = Grid::new(1, 0.5, 2.0 * clip.count_noise(), 1e-12)?;
        Ok(Count { clip: clip.clone(), grid })
    }

    fn release(&self) -> Release {
        Release::SumAndCount { count_noise: self.clip.count_noise() }
    }

    fn adapt(self, norms: &[f64], expected_lot_size: f64, source: &mut NoiseSource) -> Adapted {
        let Count { mut clip, grid } = self;
        let mut noisy = [clip.centred_count(norms)];
        witness::saw(grid.deviation(), || noisy.to_vec());
        grid.add(source, &mut noisy);
        let step = clip.follow(noisy[0], expected_lot_size);
        Adapted { clip, step }
    }
}

#[cfg(test)]
mod tests;
