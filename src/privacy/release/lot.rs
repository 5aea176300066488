//! How a lot was drawn: a fact of the lot, asked at the door.

use serde::Deserialize;

use super::record::{Origin, Record};
use crate::accountant::Sampling;
use crate::error::{Error, Result};
use crate::sampler::{Drawn, Draws, PoissonSampler};

/// The lot of a release, as far as it is known.
#[derive(Debug, Clone)]
pub enum Lot {
    /// The draw of this number (from 1) from one of our samplers.
    ///
    /// The first release on it is charged as it was drawn; every other without amplification. Draws
    /// must be released in order, without a gap: lots that somebody has chosen among are no Poisson
    /// sample.
    Drawn(Draws, u64),
    /// Parts that workers drew with our samplers, charged where they were drawn.
    Workers {
        /// What the worst part costs.
        sampling: Sampling,
        /// Was all of their randomness keyed by the operating system?
        private: bool,
    },
    /// No sampler of ours drew it: charged as if each example were in it, whatever its caller
    /// knows.
    Unknown,
}

/// A [`Lot`] as a host names it, in JSON: `"unknown"`, `{"drawn": {"sampler": id, "number": draw}}`
/// or `{"workers": {...}}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LotOptions {
    /// [`Lot::Unknown`].
    #[default]
    Unknown,
    /// [`Lot::Drawn`].
    Drawn {
        /// The sampler's number in this process: [`Draws::id`].
        sampler: u64,
        /// The draw's number.
        number: u64,
    },
    /// [`Lot::Workers`].
    Workers {
        /// What the worst part costs.
        sampling: Sampling,
        /// Was all of their randomness keyed by the operating system?
        private: bool,
    },
}

impl TryFrom<LotOptions> for Lot {
    type Error = Error;

    fn try_from(options: LotOptions) -> Result<Self> {
        Ok(match options {
            LotOptions::Drawn { sampler, number } => {
                let expected = "one that lives: keep the sampler until its lots are released";
                let draws = Draws::find(sampler)
                    .ok_or_else(|| Error::invalid("sampler", sampler, expected))?;
                Lot::Drawn(draws, number)
            }
            LotOptions::Workers { sampling, private } => Lot::Workers { sampling, private },
            LotOptions::Unknown => Lot::Unknown,
        })
    }
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

    /// Appends the record with what the lot costs now, and takes the draw as released, both or
    /// neither.
    pub(super) fn spend(
        self,
        record: Record,
        append: impl FnOnce(Record) -> Result<()>,
    ) -> Result<()> {
        match self {
            Lot::Drawn(draws, number) => {
                draws.spend(number, |sampling| append(Record { sampling, ..record }))
            }
            _ => append(record),
        }
    }
}
