//! What a host keeps of the engine's: one type for all kinds of things.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

/// A kind of thing that a host can hold. Hosts have threads: it is used by several at once.
pub trait Held: Any + Send + Sync {
    /// What a person calls it.
    const KIND: &'static str;
}

/// Something of the engine's in a host's hands.
pub struct Handle {
    kind: &'static str,
    value: Box<dyn Any + Send + Sync>,
}

impl Handle {
    /// A handle of `value`.
    pub fn new<T: Held>(value: T) -> Self {
        Handle { kind: T::KIND, value: Box::new(value) }
    }

    /// What it holds.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if that is of another kind.
    pub fn get<T: Held>(&self, argument: &'static str) -> Result<&T> {
        self.value.downcast_ref().ok_or_else(|| {
            Error::invalid(
                argument,
                format!("a handle of kind {}", self.kind),
                format!("one of kind {}", T::KIND),
            )
        })
    }
}

/// What a host may change, by one thread at a time. A panic under the lock changes nothing: changes
/// are made as a whole.
pub(super) fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
