//! The callers' side of one guard: a handful of places where observations wait to be sent on, so that many threads may
//! observe at once without meeting.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::chunk::Chunk;
use super::pane::Pane;
use crate::profile::{Baseline, Scores};

/// More than the threads that are likely to observe one guard at the same moment.
const SLOTS: usize = 16;

/// Observations on their way to the worker, in order of age.
#[derive(Debug)]
pub(super) enum Parcel {
    /// Rows.
    Chunk(Box<Chunk>),
    /// A summary, made by a caller while the worker was behind.
    Pane(Box<Pane>),
}

/// One place. Whoever holds its lock works on it alone.
#[derive(Debug)]
pub(super) struct Slot {
    /// Who observed here last, and when in the order of all calls.
    pub caller: u64,
    pub sequence: u64,
    pub scores: Scores,
    pub anomalous: Vec<bool>,
    pub chunk: Box<Chunk>,
    /// What could not be sent when the channel was full; older than `chunk`.
    pub pending: Option<Box<Pane>>,
}

impl Slot {
    /// Takes out all observations, oldest first.
    pub fn drain(&mut self, empty: impl FnOnce() -> Box<Chunk>) -> [Option<Parcel>; 2] {
        let pending = self.pending.take().map(Parcel::Pane);
        let chunk = (self.chunk.observations() > 0).then(|| Parcel::Chunk(std::mem::replace(&mut self.chunk, empty())));
        [pending, chunk]
    }
}

/// The slots of one guard.
#[derive(Debug)]
pub(super) struct Slots(Vec<Mutex<Slot>>);

impl Slots {
    pub fn new(baseline: &Baseline) -> Self {
        let slot = || Slot {
            caller: 0,
            sequence: 0,
            scores: Scores::default(),
            anomalous: Vec::new(),
            chunk: Box::new(Chunk::new(baseline)),
            pending: None,
        };
        Slots((0..SLOTS).map(|_| Mutex::new(slot())).collect())
    }

    /// The first free slot from the caller's own on; its own, once it is free, if all are taken.
    pub fn enter(&self, caller: u64) -> MutexGuard<'_, Slot> {
        // Fibonacci hashing: callers are addresses, whose lowest bits are alike.
        let own = (caller.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60) as usize;
        for at in (0..SLOTS).map(|i| (own + i) % SLOTS) {
            match self.0[at].try_lock() {
                Ok(slot) => return slot,
                // A panic was caught at the border; buffers hold whole observations at any moment.
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.0[own].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The slot of the caller's last batch, unless another caller has used it since.
    pub fn find(&self, caller: u64) -> Option<MutexGuard<'_, Slot>> {
        let mut last: Option<MutexGuard<'_, Slot>> = None;
        for slot in &self.0 {
            let slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            let later = last.as_ref().is_none_or(|l| slot.sequence > l.sequence);
            if slot.caller == caller && slot.sequence > 0 && later {
                last = Some(slot);
            }
        }
        last
    }

    /// Each slot in turn.
    pub fn each(&self) -> impl Iterator<Item = MutexGuard<'_, Slot>> {
        self.0.iter().map(|slot| slot.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
