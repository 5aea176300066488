//! What an operation makes.

use serde::Serialize;

use super::handle::{Handle, Held};
use crate::error::{Error, Result};

/// What an operation makes: by `operations!` (`operation.rs`) one of these.
#[derive(Default)]
pub struct Answer {
    /// A number from 0; 0 if there is nothing to say.
    pub number: i64,
    /// JSON, the bytes of a file, or many numbers.
    pub bytes: Option<Vec<u8>>,
    /// Something new, which is the host's.
    pub handle: Option<Handle>,
}

impl Answer {
    /// Nothing but that it is done.
    pub(super) fn nothing((): ()) -> Result<Self> {
        Ok(Answer::default())
    }

    /// A number.
    pub(super) fn number(number: impl TryInto<i64>) -> Result<Self> {
        let too_large = |_| Error::invalid("result", "a larger number", "a number of 63 bits");
        Ok(Answer { number: number.try_into().map_err(too_large)?, ..Answer::default() })
    }

    /// A number, and many.
    pub(super) fn numbers((number, many): (u64, Vec<i64>)) -> Result<Self> {
        let bytes = Some(bytemuck::cast_slice(&many).to_vec());
        Ok(Answer { bytes, ..Answer::number(number)? })
    }

    /// The bytes of a file.
    pub(super) fn bytes(bytes: Vec<u8>) -> Result<Self> {
        Ok(Answer { bytes: Some(bytes), ..Answer::default() })
    }

    /// JSON; numbers that it cannot hold become `null`.
    pub(super) fn json(value: impl Serialize) -> Result<Self> {
        serde_json::to_vec(&value)
            .map_err(|e| Error::invalid("result", e, "a value that JSON can hold"))
            .and_then(Answer::bytes)
    }

    /// Something new.
    pub(super) fn handle(value: impl Held) -> Result<Self> {
        Ok(Answer { handle: Some(Handle::new(value)), ..Answer::default() })
    }
}
