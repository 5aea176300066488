//! The door: nothing is released but through a [`PrivateRun`], and what passes is what is counted.
//!
//! A release is written down as one immutable [`Record`], appended to the run's [`Ledger`] under
//! its lock, and only then is noise drawn, from exactly this record. What adds noise lives in
//! `noise` and is visible in this module alone.
//!
//! ```
//! use fluxguard_privacy::clip::{Clipping, Gradients};
//! use fluxguard_privacy::release::{Lot, MeanOptions, PrivateRun, RunOptions};
//! use fluxguard_privacy::sampler::PoissonSampler;
//!
//! let run = PrivateRun::new(&RunOptions::default())?;
//! let mut sampler = PoissonSampler::new(1000, 0.01, None, &mut run.fork()?)?;
//! let drawn = sampler.next_lot();
//! let data = vec![0.1f32; 4 * drawn.examples.len()]; // your gradients: 4 numbers an example
//! let gradients = Gradients::new(&[(&data[..], 4)], drawn.examples.len())?;
//! let options = MeanOptions::new(1.1, sampler.expected_lot_size());
//! let options = MeanOptions { clipping: Clipping::Flat(1.0), ..options };
//! let mut mean = [0.0f32; 4];
//! run.mean(&gradients, &options, Lot::drawn(&sampler, &drawn), &mut [&mut mean])?;
//! assert!(run.accountant().epsilon(1e-5)? < 3.0);
//! # Ok::<(), fluxguard_core::Error>(())
//! ```

mod correlated;
mod count;
mod keep;
mod ledger;
mod lot;
pub mod noise;
mod options;
mod record;
mod sums;
pub mod witness;

pub use correlated::{Correlated, CorrelatedOptions};
pub use ledger::{Budget, Ledger};
pub use lot::{Lot, LotOptions};
pub use options::{Adapted, CountOptions, MeanOptions, RunOptions, SumOptions};
pub use record::{BandedRun, Origin, Record, Release};

use super::accountant::Accountant;
use super::clip::{AdaptiveClip, ClipReport, Float, Gradients, check_out, weigh};
use crate::locks::lock;
use crate::{Error, Result};
use count::Count;
use keep::Keep;
use noise::{NoiseKind, NoiseSource};
use std::sync::Mutex;

/// The randomness of a private run, and the ledger of what it released. May be used from several
/// threads.
#[derive(Debug)]
pub struct PrivateRun {
    // Never locked by who asks what was spent.
    source: Mutex<NoiseSource>,
    ledger: Mutex<Ledger>,
    // Locked within the ledger's lock.
    keep: Option<Mutex<Keep>>,
    // The last answer, and what it was the answer for: who asks again before the next release does
    // not wait for convolutions.
    answered: Mutex<Option<(Accountant, f64, f64)>>,
}

impl PrivateRun {
    /// A run that has released nothing.
    ///
    /// # Errors
    /// `InvalidArgument` for an option out of range, or `stop_at` without `delta`; `Incompatible`
    /// where what was spent before has another relation or unit; as [`NoiseSource::from_os`].
    pub fn new(options: &RunOptions) -> Result<Self> {
        let mut spent = Accountant::new(options.accountant, options.relation)
            .with_unit_size(options.unit_size.unwrap_or(1))?;
        if let Some(before) = &options.spent {
            before.validate()?;
            spent.compose(before)?;
        }
        let budget = match (options.stop_at, options.delta) {
            (Some(epsilon), Some(delta)) => Some(Budget { epsilon, delta }),
            (Some(_), None) => {
                return Err(Error::invalid(
                    "delta",
                    "nothing",
                    "a number in (0, 1): stop_at needs it",
                ));
            }
            (None, _) => None,
        };
        let source = match options.seed {
            Some(seed) => NoiseSource::seeded(seed),
            None => NoiseSource::from_os()?,
        };
        let private =
            source.is_private() && !options.spent_seeded && spent.statistical_distance() < 1.0;
        let keep =
            options.keep.clone().map(|path| Keep::new(path, &spent)).transpose()?.map(Mutex::new);
        let ledger = Mutex::new(Ledger::new(spent, private, budget)?);
        Ok(PrivateRun { source: Mutex::new(source), ledger, keep, answered: Mutex::default() })
    }

    /// Was all randomness so far keyed by the operating system, that of lots included? Else its
    /// epsilon is worth nothing.
    #[must_use]
    pub fn is_private(&self) -> bool {
        lock(&self.ledger).is_private()
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

    /// An upper bound on epsilon of all that was released, what was spent before included:
    /// [`Accountant::epsilon`] of a copy, so that releases do not wait for it.
    ///
    /// # Errors
    /// As [`Accountant::epsilon`].
    pub fn epsilon(&self, delta: f64) -> Result<f64> {
        let spent = self.accountant();
        if let Some((before, at, epsilon)) = &*lock(&self.answered)
            && (before, *at) == (&spent, delta)
        {
            return Ok(*epsilon);
        }
        let epsilon = spent.epsilon(delta)?;
        *lock(&self.answered) = Some((spent, delta, epsilon));
        Ok(epsilon)
    }

    /// Steps of training released so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        lock(&self.ledger).steps()
    }

    /// Writes exactly what was spent to the file that is kept, if there is one: at the end of a
    /// training.
    ///
    /// # Errors
    /// `PathUnusable`.
    pub fn settle(&self) -> Result<()> {
        let ledger = lock(&self.ledger);
        match &self.keep {
            Some(keep) => lock(keep).settle(&ledger),
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
        let private = lot.is_private();
        lot.spend(record, |record| {
            let mut ledger = lock(&self.ledger);
            ledger.append(record.clone(), private)?;
            match &self.keep {
                Some(keep) => lock(keep).before_release(&record, &ledger),
                None => Ok(()),
            }
        })
    }

    /// Makes clipped sums private in place: noise of deviation
    /// `noise_multiplier·clip_norm/expected_lot_size`.
    ///
    /// `norms` are the lot's, before clipping; they are read for an adaptive norm alone, which is
    /// given back moved.
    ///
    /// # Errors
    /// `InvalidArgument` if an option is out of range or the lot cannot be accounted for,
    /// `BudgetExhausted`: nothing is counted or changed then.
    pub fn sum<T: Float>(
        &self,
        sums: &mut [&mut [T]],
        options: &SumOptions,
        lot: Lot,
        norms: &[f64],
    ) -> Result<Option<Adapted>> {
        let &SumOptions { clip_norm, expected_lot_size, noise_multiplier, noise, ref adaptive } =
            options;
        let dimension = sums.iter().map(|sum| sum.len() as u64).sum();
        let count = adaptive.as_ref().map(|clip| Count::new(clip, clip_norm, noise)).transpose()?;
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
        let ready =
            sums::ready_for_sum(sums, (record.sensitivity(), noise_multiplier), noise, source)?;
        self.enter(record, lot)?;
        sums::add_to_sum(sums, ready, noise, source);
        Ok(count.map(|count| count.adapt(norms, expected_lot_size, source)))
    }

    /// `out = (Σ clipped gradients + noise) / expected_lot_size`, in the same two passes as
    /// [`super::clip::clip_sum`]. An empty lot gives noise alone, and counts.
    ///
    /// # Errors
    /// As [`PrivateRun::sum`]; `InvalidArgument` if shapes disagree, or every example of a lot is
    /// not finite.
    pub fn mean<T: Float>(
        &self,
        gradients: &Gradients<T>,
        options: &MeanOptions,
        lot: Lot,
        out: &mut [&mut [T]],
    ) -> Result<(ClipReport, Option<Adapted>)> {
        check_out(gradients, out)?;
        let &MeanOptions { noise_multiplier, expected_lot_size, noise, ref adaptive, ref clipping } =
            options;
        let (weights, report) = weigh(gradients, clipping)?;
        if report.examples > 0 && report.non_finite.len() == report.examples {
            let was = format!("a lot of {} examples, all with NaN or Inf", report.examples);
            return Err(Error::invalid(
                "gradients",
                was,
                "at least one example that is finite: look at model and data",
            ));
        }
        let count =
            adaptive.as_ref().map(|clip| Count::new(clip, report.clip_norm, noise)).transpose()?;
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
        let ready =
            sums::ready_for_lot(gradients, (report.clip_norm, noise_multiplier), noise, source)?;
        self.enter(record, lot)?;
        sums::noisy_mean(gradients, &weights, ready, expected_lot_size, out);
        let adapted = count.map(|count| count.adapt(&report.norms, expected_lot_size, source));
        Ok((report, adapted))
    }

    /// The noisy count alone: moves an adaptive norm by the norms of a lot that was clipped to it.
    ///
    /// # Errors
    /// As [`PrivateRun::sum`].
    pub fn count(
        &self,
        clip: &AdaptiveClip,
        norms: &[f64],
        expected_lot_size: f64,
        lot: Lot,
    ) -> Result<Adapted> {
        let count = Count::new(clip, clip.norm(), NoiseKind::Discrete)?;
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

#[cfg(test)]
mod tests;
