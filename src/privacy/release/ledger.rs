//! The ledger of a private run: every release, in order, and what all of them cost.
//!
//! It only grows. The accountant is a function of it ([`Ledger::recounted`] computes it anew; a
//! test compares).

use super::noise::NoiseKind;
use super::record::Record;
use crate::accountant::{Accountant, Phase};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Kinds of records among which one like the next is looked for.
const RECENT: usize = 8;

/// The most that may be spent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// The largest epsilon.
    pub epsilon: f64,
    /// At this delta.
    pub delta: f64,
}

/// Equal records in a row: 24 bytes, whatever their number.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    kind: u32,
    clip_norm: f64,
    steps: u64,
}

/// How many more steps of a phase the budget has room for.
#[derive(Debug, Clone)]
struct Room {
    phase: Phase,
    samples: u64,
    left: Option<u64>,
}

/// What was released, and what it cost.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// What was spent before this ledger began: an earlier run that goes on.
    carried: Accountant,
    kinds: Vec<Record>,
    runs: Vec<Run>,
    spent: Accountant,
    steps: u64,
    /// All randomness was keyed by the operating system, that of lots included.
    private: bool,
    budget: Option<Budget>,
    room: Option<Room>,
}

impl Ledger {
    /// An empty ledger after what `carried` has spent already; `private` says whether all
    /// randomness was, so far.
    ///
    /// # Errors
    /// `InvalidArgument` unless the budget's epsilon is positive and its delta in (0, 1).
    pub fn new(carried: Accountant, private: bool, budget: Option<Budget>) -> Result<Self> {
        if let Some(Budget { epsilon, delta }) = budget {
            if !(epsilon > 0.0 && epsilon.is_finite()) {
                return Err(Error::invalid("stop_at", epsilon, "a positive number"));
            }
            if !(delta > 0.0 && delta < 1.0) {
                return Err(Error::invalid("delta", delta, "a number in (0, 1)"));
            }
        }
        let spent = carried.clone();
        Ok(Ledger {
            carried,
            kinds: Vec::new(),
            runs: Vec::new(),
            spent,
            steps: 0,
            private,
            budget,
            room: None,
        })
    }

    /// Counts a release, before any of it can be seen; `private` says whether its lot was drawn by
    /// private randomness.
    ///
    /// # Errors
    /// `InvalidArgument` for a record that no accountant can charge; `BudgetExhausted` where it
    /// would go beyond the budget. Nothing is counted then.
    pub fn append(&mut self, record: Record, private: bool) -> Result<()> {
        record.validate()?;
        if let Some((phase, samples)) = record.charge()? {
            self.check_budget(&phase, samples, record.distance())?;
            self.spent.push(phase)?; // changes nothing where it says no
            self.spent.add_noise_samples(samples);
            self.spent.add_statistical_distance(record.distance())?;
        }
        self.steps += u64::from(record.is_step());
        self.private &= private && record.noise != NoiseKind::None;
        self.note(record);
        Ok(())
    }

    /// A question to the accountant takes longer than a step: the first step of a phase is asked
    /// for alone, and from the second on how many there is room for.
    fn check_budget(&mut self, phase: &Phase, samples: u64, distance: f64) -> Result<()> {
        let Some(Budget { epsilon, delta }) = self.budget else { return Ok(()) };
        let same = |room: &Room| room.phase == *phase && room.samples == samples;
        let left = match self.room.take().filter(same) {
            Some(Room { left: Some(left), .. }) => Some(left),
            Some(Room { left: None, .. }) => {
                Some(self.spent.steps_within(phase, samples, epsilon, delta)?)
            }
            None => None,
        };
        let room = |left| Some(Room { phase: phase.clone(), samples, left });
        if let Some(left) = left.filter(|left| *left > 0) {
            self.room = room(Some(left - 1));
            return Ok(());
        }
        let mut after = self.spent.after(phase.clone(), samples)?;
        after.add_statistical_distance(distance)?;
        let after = after.spent(delta)?;
        if after > epsilon {
            self.room = room(Some(0));
            return Err(Error::BudgetExhausted {
                budget: epsilon,
                spent: self.spent.spent(delta)?,
                after,
                delta,
            });
        }
        self.room = room(None);
        Ok(())
    }

    fn note(&mut self, record: Record) {
        let clip_norm = record.clip_norm;
        let same = |kind: &Record| Record { clip_norm, ..kind.clone() } == record;
        let first = self.kinds.len().saturating_sub(RECENT);
        let kind = match self.kinds[first..].iter().rposition(same) {
            Some(at) => first + at,
            None => {
                self.kinds.push(record);
                self.kinds.len() - 1
            }
        } as u32;
        match self.runs.last_mut() {
            Some(run) if run.kind == kind && run.clip_norm == clip_norm => run.steps += 1,
            _ => self.runs.push(Run { kind, clip_norm, steps: 1 }),
        }
    }

    /// What was spent, what an earlier run had spent included.
    #[must_use]
    pub fn accountant(&self) -> &Accountant {
        &self.spent
    }

    /// Steps of training in this ledger: sums and nodes.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Was all randomness keyed by the operating system, that of lots included?
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.private
    }

    /// Every release in order: `(record, how many in a row)`.
    pub fn records(&self) -> impl Iterator<Item = (Record, u64)> + '_ {
        self.runs.iter().map(|run| {
            (
                Record { clip_norm: run.clip_norm, ..self.kinds[run.kind as usize].clone() },
                run.steps,
            )
        })
    }

    /// The accountant from the records alone.
    ///
    /// # Errors
    /// As [`Accountant::push`].
    pub fn recounted(&self) -> Result<Accountant> {
        let mut spent = self.carried.clone();
        for (record, steps) in self.records() {
            if let Some((phase, samples)) = record.charge()? {
                spent.push(Phase { steps: phase.steps * steps, ..phase })?;
                spent.add_noise_samples(samples.saturating_mul(steps));
                spent.add_statistical_distance(record.distance())?;
            }
        }
        Ok(spent)
    }

    /// Bytes that the records take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.runs.len() * size_of::<Run>() + self.kinds.len() * size_of::<Record>()
    }
}
