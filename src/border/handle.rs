//! What a host keeps of the engine's: one type for all kinds of things.

use std::any::Any;

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
        self.value.downcast_ref().ok_or_else(|| other_kind(argument, self.kind, T::KIND))
    }
}

fn other_kind(argument: &'static str, was: &str, expected: &str) -> Error {
    Error::invalid(argument, format!("a handle of kind {was}"), format!("one of kind {expected}"))
}
