//! A call of an operation: what it was given, and the barrier that no panic passes.

use std::cell::RefCell;
use std::vec::IntoIter;

use serde::de::DeserializeOwned;

use super::answer::Answer;
use super::array::{Array, Taken};
use super::handle::{Handle, Held};
use super::operation::Operation;
use crate::error::{Error, Result, contained};
use crate::options;

/// Version of the border, the same for both faces; raised when an operation or a call changes or
/// goes.
pub const ABI_VERSION: i32 = 3;

/// What an operation is given.
pub struct Call<'a> {
    /// Its row.
    operation: &'static Operation,
    /// JSON, or nothing.
    options: &'a str,
    /// Those that were not asked for yet; `None` where the host has none.
    handles: IntoIter<Option<&'a Handle>>,
    /// Those that were not asked for yet.
    arrays: Vec<Array<'a>>,
}

impl<'a> Call<'a> {
    /// A call of this operation.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it takes other handles or arrays.
    pub fn new(
        operation: &'static Operation,
        options: &'a str,
        handles: Vec<Option<&'a Handle>>,
        arrays: Vec<Array<'a>>,
    ) -> Result<Self> {
        operation.expect(handles.len(), &arrays)?;
        Ok(Call { operation, options, handles: handles.into_iter(), arrays })
    }

    /// Makes the call.
    ///
    /// # Errors
    /// Those of the operation.
    pub fn run(mut self) -> Result<Answer> {
        (self.operation.run)(&mut self)
    }

    /// The options as text.
    pub(super) fn text(&self) -> &'a str {
        self.options
    }

    /// Options; `none` is taken for those of a host that gives none.
    pub(super) fn options<T: DeserializeOwned>(&self, none: &'static str) -> Result<T> {
        options::from_text(self.object(none)?)
    }

    fn object(&self, none: &'static str) -> Result<&'a str> {
        let text = if self.options.trim().is_empty() { none } else { self.options };
        // A list would be taken for the members in their order.
        if text.trim_start().starts_with('{') {
            return Ok(text);
        }
        let was = format!("{:?}", self.options.chars().take(20).collect::<String>());
        Err(Error::invalid("options", was, "a JSON object: {\"name\": value, ...}"))
    }

    /// The next handle.
    pub(super) fn handle<T: Held>(&mut self, name: &'static str) -> Result<&'a T> {
        let missing = || {
            let expected = format!("a living handle of kind {}", T::KIND);
            Error::invalid(name, "none (or one that was freed)", expected)
        };
        self.handles.next().flatten().ok_or_else(missing)?.get(name)
    }

    /// The handles that are left.
    pub(super) fn rest<T: Held>(&mut self, name: &'static str) -> Result<Vec<&'a T>> {
        (0..self.handles.len()).map(|_| self.handle(name)).collect()
    }

    /// What there is of arrays of this name.
    pub(super) fn take<T: Taken<'a>>(&mut self, name: &'static str) -> Result<T> {
        T::take(self.arrays.extract_if(.., |array| array.name == name).collect(), name)
    }
}

thread_local! {
    static LAST_ERROR: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `work` behind the panic barrier. An error becomes minus its code, and its message is kept
/// for this thread.
pub(super) fn answer(work: impl FnOnce() -> Result<i64>) -> i64 {
    contained(work).unwrap_or_else(|error| {
        LAST_ERROR.set(error.to_string());
        -i64::from(error.code())
    })
}

/// The message of this thread's last error; empties it.
pub fn take_last_error() -> String {
    LAST_ERROR.take()
}
