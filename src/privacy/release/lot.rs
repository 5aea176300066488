//! How a lot was drawn: a fact of the lot, asked at the door.

use super::record::{Origin, Record};
use crate::Result;
use crate::privacy::accountant::Sampling;
use crate::privacy::sampler::{Drawn, Draws, PoissonSampler};

/// The lot of a release, as far as it is known.
#[derive(Debug, Clone)]
pub enum Lot {
    /// The draw of this number (from 1) from one of our samplers.
    ///
    /// The first release on it is charged as it was drawn; every other without amplification. Draws must be
    /// released in order, without a gap: lots that somebody has chosen among are no Poisson sample.
    Drawn(Draws, u64),
    /// Parts that workers drew with our samplers, charged where they were drawn.
    Workers {
        /// What the worst part costs.
        sampling: Sampling,
        /// Was all of their randomness keyed by the operating system?
        private: bool,
    },
    /// No sampler of ours drew it: charged as if each example were in it, whatever its caller knows.
    Unknown,
}

impl Lot {
    /// A lot that a sampler has drawn.
    #[must_use]
    pub fn drawn(sampler: &PoissonSampler, drawn: &Drawn) -> Self {
        Lot::Drawn(sampler.draws().clone(), drawn.number)
    }

    /// How it is charged, as things stand.
    pub(super) fn sampling(&self) -> Sampling {
        match self {
            Lot::Drawn(draws, number) => draws.sampling(*number).unwrap_or(draws.again()),
            Lot::Workers { sampling, .. } => *sampling,
            Lot::Unknown => Sampling::FullBatch,
        }
    }

    /// Whether all that is known of its randomness was private.
    pub(super) fn is_private(&self) -> bool {
        match self {
            Lot::Drawn(draws, _) => draws.is_private(),
            Lot::Workers { private, .. } => *private,
            Lot::Unknown => true,
        }
    }

    pub(super) fn origin(&self) -> Origin {
        match self {
            Lot::Drawn(draws, _) => Origin::Sampler(draws.id()),
            Lot::Workers { .. } => Origin::Workers,
            Lot::Unknown => Origin::Unknown,
        }
    }

    /// Appends the record with what the lot costs now, and takes the draw as released, both or neither.
    pub(super) fn spend(self, record: Record, append: impl FnOnce(Record) -> Result<()>) -> Result<()> {
        match self {
            Lot::Drawn(draws, number) => draws.spend(number, |sampling| append(Record { sampling, ..record })),
            _ => append(record),
        }
    }
}
