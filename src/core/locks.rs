//! Locks of what is changed as a whole.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a lock protects, though a thread may have panicked under it: that was reported where it
/// happened, and left nothing half changed.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
