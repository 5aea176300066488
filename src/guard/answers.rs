//! What a guard owes its callers: whether it takes observations, and an answer to every flush that
//! was asked for.

use std::time::Duration;

use super::sync::{AtomicU8, Condvar, Mutex, Ordering, lock, now, wait};

/// Why a guard takes nothing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It was closed.
    Closed,
    /// The worker failed on it, for this reason.
    Failed(String),
}

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const FAILED: u8 = 2;

/// Flushes are numbered from 1; an answer to one is an answer to all before it.
#[derive(Debug)]
pub(super) struct Answers {
    door: AtomicU8,
    flushes: Mutex<Flushes>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Flushes {
    asked: u64,
    done: u64,
    failure: Option<String>,
}

impl Answers {
    pub fn new() -> Self {
        Answers {
            door: AtomicU8::new(OPEN),
            flushes: Mutex::new(Flushes::default()),
            changed: Condvar::new(),
        }
    }

    /// # Errors
    /// Why nothing is taken in.
    pub fn check_open(&self) -> Result<(), Refusal> {
        match self.door.load(Ordering::SeqCst) {
            OPEN => Ok(()),
            _ => Err(lock(&self.flushes).failure.clone().map_or(Refusal::Closed, Refusal::Failed)),
        }
    }

    pub fn is_closed(&self) -> bool {
        self.door.load(Ordering::SeqCst) != OPEN
    }

    pub fn has_failed(&self) -> bool {
        self.door.load(Ordering::SeqCst) == FAILED
    }

    pub fn close(&self) {
        self.door.fetch_max(CLOSED, Ordering::SeqCst);
    }

    /// The first reason stays.
    pub fn fail(&self, reason: String) {
        let mut flushes = lock(&self.flushes);
        flushes.failure.get_or_insert(reason);
        self.door.store(FAILED, Ordering::SeqCst);
        self.changed.notify_all();
    }

    /// Asks for a flush: its number.
    pub fn ask(&self) -> u64 {
        let mut flushes = lock(&self.flushes);
        flushes.asked += 1;
        flushes.asked
    }

    /// The newest flush that was asked for, unless it is answered.
    pub fn pending(&self) -> Option<u64> {
        let flushes = lock(&self.flushes);
        (flushes.done < flushes.asked).then_some(flushes.asked)
    }

    pub fn answer(&self, ticket: u64) {
        let mut flushes = lock(&self.flushes);
        flushes.done = flushes.done.max(ticket);
        self.changed.notify_all();
    }

    /// Waits at most `patience`; whether `ticket` is answered.
    ///
    /// # Errors
    /// The reason why it never will be.
    pub fn wait(&self, ticket: u64, patience: Duration) -> Result<bool, Refusal> {
        // Without an end where the clock has no such moment.
        let until = now().checked_add(patience);
        let mut flushes = lock(&self.flushes);
        loop {
            if let Some(reason) = &flushes.failure {
                return Err(Refusal::Failed(reason.clone()));
            }
            let left = until.map(|until| until.saturating_duration_since(now()));
            if flushes.done >= ticket || left == Some(Duration::ZERO) {
                return Ok(flushes.done >= ticket);
            }
            flushes = wait(&self.changed, flushes, left);
        }
    }
}
