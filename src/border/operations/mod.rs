//! The table of all that a host can ask for by name. An operation is a row here and a verb of the
//! host.

mod detector;
mod drift;
mod file;
mod guard;
mod late;
mod library;
mod neighbors;
mod online;
mod performance;
mod privacy;
mod profile;
mod questions;
mod reference;
mod scores;
mod sequence;
mod sketch;
mod threshold;

use std::collections::HashMap;
use std::sync::LazyLock;

pub(super) use self::detector::Output;
pub(super) use self::online::update;
use super::array::Array;
use super::call::{Answer, Call};
use crate::error::{Error, Result};

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
    const fn new(name: &'static str, run: fn(&mut Call<'_>) -> Result<Answer>) -> Self {
        Operation { name, handles: &[], rest: None, arrays: &[], run }
    }

    /// The handles that it takes.
    const fn on(self, handles: &'static [&'static str]) -> Self {
        Operation { handles, ..self }
    }

    /// Any number of handles after those.
    const fn and_any(self, rest: &'static str) -> Self {
        Operation { rest: Some(rest), ..self }
    }

    /// The arrays that it takes.
    const fn of(self, arrays: &'static [&'static str]) -> Self {
        Operation { arrays, ..self }
    }

    /// Demands the handles and arrays that it takes.
    pub(super) fn expect(&self, handles: usize, arrays: &[Array<'_>]) -> Result<()> {
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

/// All operations, room by room.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    const ROOMS: &[&[Operation]] = &[
        library::OPERATIONS,
        file::OPERATIONS,
        profile::OPERATIONS,
        guard::OPERATIONS,
        drift::OPERATIONS,
        reference::OPERATIONS,
        online::OPERATIONS,
        detector::OPERATIONS,
        scores::OPERATIONS,
        threshold::OPERATIONS,
        neighbors::OPERATIONS,
        sequence::OPERATIONS,
        performance::OPERATIONS,
        late::OPERATIONS,
        sketch::OPERATIONS,
        privacy::OPERATIONS,
        questions::OPERATIONS,
    ];
    ROOMS.iter().copied().flatten()
}

/// The operation of this name.
///
/// # Errors
/// [`Error::InvalidArgument`].
pub(super) fn find(name: &str) -> Result<&'static Operation> {
    static BY_NAME: LazyLock<HashMap<&str, &Operation>> =
        LazyLock::new(|| all().map(|row| (row.name, row)).collect());
    BY_NAME.get(name).copied().ok_or_else(|| {
        let room = name.split('.').next().unwrap_or_default();
        let of_room: Vec<&str> =
            all().map(|row| row.name).filter(|row| row.split('.').next() == Some(room)).collect();
        let expected = match of_room.as_slice() {
            [] => "an operation; library.operations names them".to_owned(),
            names => format!("one of: {}", names.join(", ")),
        };
        Error::invalid("operation", format!("{name:?}"), expected)
    })
}

#[cfg(test)]
mod tests;
