//! The primitives by which the engine's threads meet: a lock, a wait, a clock.
//!
//! `claims`, `slots`, `desk`, `round`, `answers` and `line` reach threads through this file alone,
//! so that `test/rust/engine_explored.rs` can compile these same files against loom's primitives
//! and go through the orders in which threads may meet.

pub(super) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
pub(super) use std::sync::{Condvar, Mutex, MutexGuard};

pub(super) use crate::locks::lock;

use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Waits until `changed` is notified, at most `patience`; may return sooner.
pub(super) fn wait<'a, T>(
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    patience: Option<Duration>,
) -> MutexGuard<'a, T> {
    match patience {
        None => changed.wait(guard).unwrap_or_else(PoisonError::into_inner),
        Some(patience) => {
            changed.wait_timeout(guard, patience).unwrap_or_else(PoisonError::into_inner).0
        }
    }
}

pub(super) fn now() -> Instant {
    Instant::now()
}
