//! A call of an operation: what it was given, what it answers, and the barrier that no panic
//! passes.

use std::cell::RefCell;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::array::{Array, Element};
use super::handle::{Handle, Held};
use crate::error::{Error, Result, contained};
use crate::options;
use crate::tensor::Tensor;

/// Version of the border, the same for both faces; raised when an operation or a call changes or
/// goes.
pub const ABI_VERSION: i32 = 3;

/// Options by name and type, as a tuple in that order; all of them, and no others, but that an
/// `Option` may be left out.
macro_rules! named_options {
    ($call:expr, $($name:ident: $type:ty),+) => {{
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Options {
            $($name: $type),+
        }
        $call.options::<Options>().map(|options| ($(options.$name),+))
    }};
}
pub(super) use named_options;

/// What an operation makes.
pub enum Answer {
    /// A number from 0; 0 if there is nothing to say.
    Number(i64),
    /// JSON, or the bytes of a file.
    Bytes(Vec<u8>),
    /// A number, and many.
    Numbers(i64, Vec<i64>),
    /// Something new, which is the host's.
    Made(Handle),
}

impl Answer {
    /// Something new.
    pub(super) fn made<T: Held>(value: T) -> Self {
        Answer::Made(Handle::new(value))
    }

    /// JSON; numbers that it cannot hold become `null`.
    pub(super) fn json(value: &impl Serialize) -> Result<Self> {
        let bytes = serde_json::to_vec(value);
        bytes
            .map(Answer::Bytes)
            .map_err(|e| Error::invalid("result", e, "a value that JSON can hold"))
    }
}

impl From<()> for Answer {
    fn from((): ()) -> Self {
        Answer::Number(0)
    }
}

/// What a host can ask for by name.
#[derive(Debug)]
pub struct Operation {
    /// `room.verb`.
    pub name: &'static str,
    /// The handles that it takes, in this order.
    pub handles: &'static [&'static str],
    /// The handles that it takes after those, any number of them.
    pub rest: Option<&'static str>,
    /// The arrays that it takes, by name; any of them may be left out if the operation can do
    /// without.
    pub arrays: &'static [&'static str],
    /// What it does.
    pub run: fn(&mut Call<'_>) -> Result<Answer>,
}

impl Operation {
    /// An operation that takes no handles and no arrays.
    pub(super) const fn new(name: &'static str, run: fn(&mut Call<'_>) -> Result<Answer>) -> Self {
        Operation { name, handles: &[], rest: None, arrays: &[], run }
    }

    /// The handles that it takes.
    pub(super) const fn on(self, handles: &'static [&'static str]) -> Self {
        Operation { handles, ..self }
    }

    /// Any number of handles after those.
    pub(super) const fn and_any(self, rest: &'static str) -> Self {
        Operation { rest: Some(rest), ..self }
    }

    /// The arrays that it takes.
    pub(super) const fn of(self, arrays: &'static [&'static str]) -> Self {
        Operation { arrays, ..self }
    }

    /// Demands the handles and arrays that it takes.
    fn expect(&self, handles: usize, arrays: &[Array<'_>]) -> Result<()> {
        if handles != self.handles.len() && (handles < self.handles.len() || self.rest.is_none()) {
            let names =
                self.handles.iter().copied().chain(self.rest).collect::<Vec<_>>().join(", ");
            let expected = format!("{} for {} ({names})", self.handles.len(), self.name);
            return Err(Error::invalid("handles", handles, expected));
        }
        match arrays.iter().find(|array| !self.arrays.contains(&array.name)) {
            None => Ok(()),
            Some(array) => {
                let expected = format!("the arrays of {}: {}", self.name, self.arrays.join(", "));
                Err(Error::invalid("arrays", format!("an array named {:?}", array.name), expected))
            }
        }
    }
}

/// What an operation is given.
pub struct Call<'a> {
    /// Its row.
    operation: &'static Operation,
    /// JSON, or nothing.
    options: &'a str,
    /// As many as the operation takes; `None` where the host has none.
    handles: Vec<Option<&'a Handle>>,
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
        Ok(Call { operation, options, handles, arrays })
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

    /// Options, of which there must be some.
    pub(super) fn options<T: DeserializeOwned>(&self) -> Result<T> {
        // A list would be taken for the members in their order.
        if !self.options.trim_start().starts_with('{') {
            let was: String = self.options.chars().take(20).collect();
            return Err(Error::invalid(
                "options",
                format!("{was:?}"),
                "a JSON object: {\"name\": value, ...}",
            ));
        }
        options::from_text(self.options)
    }

    /// Options; all defaults if none are given.
    pub(super) fn options_or_default<T: DeserializeOwned + Default>(&self) -> Result<T> {
        if self.options.trim().is_empty() { Ok(T::default()) } else { self.options() }
    }

    /// The handle that the operation's row names.
    pub(super) fn handle<T: Held>(&self, name: &'static str) -> Result<&'a T> {
        let place = self.operation.handles.iter().position(|known| *known == name);
        let handle = place.and_then(|place| self.handles.get(place).copied().flatten());
        handle.ok_or_else(|| missing_handle(name, T::KIND))?.get(name)
    }

    /// The handle of an operation that takes one.
    pub(super) fn only_handle<T: Held>(&self) -> Result<&'a T> {
        self.handle(self.operation.handles.first().copied().unwrap_or("handle"))
    }

    /// The handles from the one that the operation's row names last.
    pub(super) fn rest<T: Held>(&self, name: &'static str) -> Result<Vec<&'a T>> {
        let rest = self.handles.iter().skip(self.operation.handles.len());
        rest.map(|handle| handle.ok_or_else(|| missing_handle(name, T::KIND))?.get(name)).collect()
    }

    /// The first array of this name, which stays.
    pub(super) fn peek(&self, name: &'static str) -> Option<&Array<'a>> {
        self.arrays.iter().find(|array| array.name == name)
    }

    /// The array of this name.
    pub(super) fn array(&mut self, name: &'static str) -> Option<Array<'a>> {
        let place = self.arrays.iter().position(|array| array.name == name)?;
        Some(self.arrays.remove(place))
    }

    /// All arrays of this name, in their order.
    pub(super) fn arrays(&mut self, name: &'static str) -> Vec<Array<'a>> {
        self.arrays.extract_if(.., |array| array.name == name).collect()
    }

    /// The array of this name, as outputs of a model.
    pub(super) fn tensor(&mut self, name: &'static str) -> Result<Tensor<'a>> {
        self.array(name).ok_or_else(|| missing_array(name))?.tensor(name)
    }

    /// The elements of the array of this name.
    pub(super) fn read<T: Element>(&mut self, name: &'static str) -> Result<&'a [T]> {
        self.array(name).ok_or_else(|| missing_array(name))?.read(name)
    }

    /// The elements of the array of this name, if there is one.
    pub(super) fn given<T: Element>(&mut self, name: &'static str) -> Result<Option<&'a [T]>> {
        self.array(name).map(|array| array.read(name)).transpose()
    }

    /// The elements of the array of this name, to write.
    pub(super) fn write<T: Element>(&mut self, name: &'static str) -> Result<&'a mut [T]> {
        self.array(name).ok_or_else(|| missing_array(name))?.write(name)
    }
}

fn missing_handle(name: &'static str, kind: &str) -> Error {
    Error::invalid(name, "none (or one that was freed)", format!("a living handle of kind {kind}"))
}

fn missing_array(name: &'static str) -> Error {
    Error::invalid(name, "none", "an array")
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
