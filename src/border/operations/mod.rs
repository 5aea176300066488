//! The table of all that a host can ask for by name. An operation is a row here and a verb of the
//! host.

mod detector;
mod drift;
mod file;
mod guard;
mod kept;
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

pub(super) use self::detector::write;
pub(super) use self::kept::Kept;
pub(super) use self::online::update;
pub use super::operation::Operation;
use crate::error::{Error, Result};

/// What rows of all rooms are made of.
mod prelude {
    pub(super) use std::sync::{Arc, Mutex};

    pub(super) use crate::array::{Array, expect_len};
    pub(super) use crate::error::{Error, Result};
    pub(super) use crate::leavable::{change, leavable, leavable_if, leavable_on};
    pub(super) use crate::locks::lock;
    pub(super) use crate::operation::operations;
    pub(super) use crate::tensor::Tensor;
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
pub fn find(name: &str) -> Result<&'static Operation> {
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
pub(crate) mod tests;
