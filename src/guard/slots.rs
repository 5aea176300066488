//! The callers' side of one guard: a handful of places to work in, so that many threads may observe
//! at once without meeting.

use std::sync::{PoisonError, TryLockError};

use super::sync::{AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering, lock};

/// No caller has this name: callers are addresses, or small numbers.
const NOBODY: u64 = u64::MAX;

/// The places of one guard; whoever holds the lock of one works in it alone. Who used a place last,
/// and when, also stands outside its lock, so that a caller finds its own without taking the
/// others'.
#[derive(Debug)]
pub(super) struct Slots<T> {
    slots: Vec<Slot<T>>,
}

#[derive(Debug)]
struct Slot<T> {
    place: Mutex<T>,
    caller: AtomicU64,
    used: AtomicU64,
    /// Whether the worker waits for what is in it.
    wanted: AtomicBool,
}

impl<T> Slots<T> {
    pub fn new(number: usize, place: impl Fn() -> T) -> Self {
        let slot = |_| Slot {
            place: Mutex::new(place()),
            caller: AtomicU64::new(NOBODY),
            used: AtomicU64::new(0),
            wanted: AtomicBool::new(false),
        };
        Slots { slots: (0..number).map(slot).collect() }
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// The slot that this caller used before, else the one that lies idle the longest; the next
    /// free one where that is taken, and a wait only if all are.
    pub fn enter(&self, caller: u64, sequence: u64) -> (usize, MutexGuard<'_, T>) {
        let before = self.own(caller);
        let own = before.unwrap_or_else(|| self.idle());
        let number = self.slots.len();
        let free =
            (0..number).map(|i| (own + i) % number).find_map(|at| Some((at, self.try_lock(at)?)));
        let (at, place) = free.unwrap_or_else(|| (own, lock(&self.slots[own].place)));
        if let Some(before) = before.filter(|before| *before != at) {
            // What lies there is no longer the caller's last batch.
            let before = &self.slots[before].caller;
            let _ = before.compare_exchange(caller, NOBODY, Ordering::Relaxed, Ordering::Relaxed);
        }
        self.slots[at].caller.store(caller, Ordering::Relaxed);
        self.slots[at].used.store(sequence, Ordering::Relaxed);
        (at, place)
    }

    fn own(&self, caller: u64) -> Option<usize> {
        self.slots.iter().position(|slot| {
            slot.used.load(Ordering::Relaxed) > 0 && slot.caller.load(Ordering::Relaxed) == caller
        })
    }

    fn idle(&self) -> usize {
        (0..self.slots.len())
            .min_by_key(|i| self.slots[*i].used.load(Ordering::Relaxed))
            .unwrap_or(0)
    }

    /// The slot that this caller used last, unless another caller has used it since.
    pub fn find(&self, caller: u64) -> Option<MutexGuard<'_, T>> {
        Some(lock(&self.slots[self.own(caller)?].place))
    }

    /// Without a wait.
    pub fn try_lock(&self, at: usize) -> Option<MutexGuard<'_, T>> {
        match self.slots[at].place.try_lock() {
            Ok(place) => Some(place),
            // A panic was caught at the border; buffers hold whole observations at any moment.
            Err(TryLockError::Poisoned(poisoned)) => Some(PoisonError::into_inner(poisoned)),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Asks whoever works in a slot to hand over what is in it when done.
    pub fn want(&self, at: usize) {
        self.slots[at].wanted.store(true, Ordering::Release);
    }

    /// Whether what is in a slot was asked for and has not been handed over yet.
    pub fn is_wanted(&self, at: usize) -> bool {
        self.slots[at].wanted.load(Ordering::Acquire)
    }

    pub fn handed_over(&self, at: usize) {
        self.slots[at].wanted.store(false, Ordering::Release);
    }
}
