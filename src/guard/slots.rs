//! The callers' side of one guard: a handful of places where observations are summed up and wait to be sent on, so that many
//! threads may observe at once without meeting.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::pane::Pane;
use crate::profile::Scores;

/// More than the threads that are likely to observe one guard at the same moment.
const SLOTS: usize = 16;

/// No caller has this name: callers are addresses, or small numbers.
const NOBODY: u64 = u64::MAX;

/// Finished shares that wait in a slot before they are sent on: to wake the worker costs a caller as much as ten batches, and it
/// looks into the slots by itself.
pub(super) const FINISHED: usize = 8;

/// What one slot saw of one pane.
#[derive(Debug)]
pub(super) struct Share {
    /// The pane's number.
    pub of: u64,
    pub pane: Pane,
}

/// One place. Whoever holds its lock works on it alone.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// Whose batch the scores are of, and its place in the order of all calls; 0 while they are nobody's.
    pub caller: u64,
    pub sequence: u64,
    pub scores: Scores,
    pub anomalous: Vec<bool>,
    /// Of the pane that takes observations.
    pub share: Option<Share>,
    /// Of panes that take no more, the oldest first; [`FINISHED`] at most.
    pub finished: Vec<Share>,
}

/// The slots of one guard. Who used a slot last, and when, also stands outside its lock, so that a caller finds its own
/// without taking the others'.
#[derive(Debug)]
pub(super) struct Slots {
    slots: Vec<Mutex<Slot>>,
    callers: [AtomicU64; SLOTS],
    used: [AtomicU64; SLOTS],
}

impl Slots {
    pub fn new() -> Self {
        Slots {
            slots: (0..SLOTS).map(|_| Mutex::new(Slot::default())).collect(),
            callers: std::array::from_fn(|_| AtomicU64::new(NOBODY)),
            used: Default::default(),
        }
    }

    /// The slot that this caller used before, else the one that lies idle the longest; the next free one where that is
    /// taken, and a wait only if all are. What it holds of a batch is nobody's until the caller signs it.
    pub fn enter(&self, caller: u64, sequence: u64) -> MutexGuard<'_, Slot> {
        let before = self.own(caller);
        let own = before.unwrap_or_else(|| self.idle());
        let free = (0..SLOTS).map(|i| (own + i) % SLOTS).find_map(|at| match self.slots[at].try_lock() {
            Ok(slot) => Some((at, slot)),
            // A panic was caught at the border; buffers hold whole observations at any moment.
            Err(TryLockError::Poisoned(poisoned)) => Some((at, poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        });
        let (at, mut slot) = free.unwrap_or_else(|| (own, unpoisoned(&self.slots[own])));
        if let Some(before) = before.filter(|before| *before != at) {
            // What lies there is no longer the caller's last batch.
            let _ = self.callers[before].compare_exchange(caller, NOBODY, Ordering::Relaxed, Ordering::Relaxed);
        }
        self.callers[at].store(caller, Ordering::Relaxed);
        self.used[at].store(sequence, Ordering::Relaxed);
        slot.sequence = 0;
        slot
    }

    fn own(&self, caller: u64) -> Option<usize> {
        (0..SLOTS)
            .filter(|i| self.used[*i].load(Ordering::Relaxed) > 0)
            .find(|i| self.callers[*i].load(Ordering::Relaxed) == caller)
    }

    fn idle(&self) -> usize {
        (0..SLOTS).min_by_key(|i| self.used[*i].load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// The slot of the caller's last batch, unless another caller has used it since.
    pub fn find(&self, caller: u64) -> Option<MutexGuard<'_, Slot>> {
        let slot = unpoisoned(&self.slots[self.own(caller)?]);
        (slot.caller == caller && slot.sequence > 0).then_some(slot)
    }

    /// Each slot in turn.
    pub fn each(&self) -> impl Iterator<Item = MutexGuard<'_, Slot>> {
        self.slots.iter().map(unpoisoned)
    }
}

fn unpoisoned(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
