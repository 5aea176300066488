//! The call that makes any operation, from pointers to an answer: the same on both faces.

use std::ffi::c_char;
use std::ptr::null_mut;

use super::answer::Answer;
use super::call::Call;
use super::handle::Handle;
use super::operations;
use super::raw::{FgArray, arrays, flag, handles, text};
use crate::error::{Error, Result, contained};
use crate::leavable::listening;

/// What a call was given. A host fills it in; nothing of it is kept.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct FgRequest {
    /// The operation's name, ended by 0.
    pub operation: *const c_char,
    /// Options as JSON, in UTF-8 and ended by 0, or null.
    pub options: *const c_char,
    /// Handles, in the operation's order.
    pub handles: *const *const Handle,
    /// How many.
    pub handle_count: usize,
    /// Arrays, in any order.
    pub arrays: *const FgArray,
    /// How many.
    pub array_count: usize,
    /// Null, or what is not 0 from the moment on that the caller wants to leave: a long call then
    /// ends with -600 within milliseconds and has changed nothing. Read every few milliseconds
    /// during the call.
    pub interrupt: *const i32,
}

/// What a call answers. What is in it is the host's: bytes are given back to `fg_free_bytes`, a
/// handle to `fg_free`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct FgAnswer {
    /// A number from 0.
    pub number: i64,
    /// JSON or other bytes (numbers are Int64, in the machine's order), or the message of an error;
    /// else null.
    pub bytes: *mut u8,
    /// Their number.
    pub len: usize,
    /// Something new, or null.
    pub handle: *mut Handle,
}

impl FgAnswer {
    /// An answer in a host's hands.
    fn of(answer: Answer) -> Self {
        let bytes = answer.bytes.map(|bytes| Box::leak(bytes.into_boxed_slice()));
        FgAnswer {
            number: answer.number,
            len: bytes.as_ref().map_or(0, |bytes| bytes.len()),
            bytes: bytes.map_or_else(null_mut, |bytes| bytes.as_mut_ptr()),
            handle: answer.handle.map_or_else(null_mut, |handle| Box::into_raw(Box::new(handle))),
        }
    }

    /// A message.
    pub(super) fn saying(message: String) -> Self {
        FgAnswer::of(Answer { bytes: Some(message.into_bytes()), ..Answer::default() })
    }

    /// Writes it to its place; without one, frees what is in it.
    ///
    /// SAFETY: nobody else may have what is in it; `place` must be null or writable.
    pub(super) unsafe fn put(self, place: *mut FgAnswer) -> Result<()> {
        // SAFETY: by this function's contract.
        unsafe {
            if !place.is_null() {
                place.write(self);
                return Ok(());
            }
            free_bytes(self.bytes, self.len);
            free(self.handle);
        }
        Err(Error::invalid("answer", "a null pointer", "a place for the answer"))
    }
}

/// SAFETY: `bytes` must be null, or come from an answer with this length and be used no more.
pub(super) unsafe fn free_bytes(bytes: *mut u8, len: usize) {
    if !bytes.is_null() {
        // SAFETY: by this function's contract.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(bytes, len)) });
    }
}

/// SAFETY: `handle` must be null, or come from an answer and be used no more.
pub(super) unsafe fn free(handle: *mut Handle) {
    if !handle.is_null() {
        // SAFETY: by this function's contract.
        let handle = unsafe { Box::from_raw(handle) };
        // Nobody can be told of an error in a finalizer.
        let _ = contained(|| {
            drop(handle);
            Ok(())
        });
    }
}

/// Makes a call, behind the panic barrier. Returns 0, or minus the code of an error, whose message
/// is then the answer's bytes.
///
/// SAFETY: `request` must be null or readable, and all that it points to as its fields say, during
/// the call; `answer` must be null or writable.
pub(super) unsafe fn call(request: *const FgRequest, answer: *mut FgAnswer) -> i32 {
    // SAFETY: by this function's contract.
    let result = contained(|| unsafe { run(request) });
    let (code, given) = match result {
        Ok(answer) => (0, FgAnswer::of(answer)),
        Err(error) => (-error.code(), FgAnswer::saying(error.to_string())),
    };
    // SAFETY: `given` was made above; by this function's contract.
    match unsafe { given.put(answer) } {
        Err(no_place) if code == 0 => -no_place.code(),
        _ => code,
    }
}

/// SAFETY: as [`call`].
unsafe fn run(request: *const FgRequest) -> Result<Answer> {
    // SAFETY: by this function's contract, for all that follows.
    unsafe {
        let Some(request) = request.as_ref() else {
            return Err(Error::invalid("request", "a null pointer", "a request"));
        };
        let operation = operations::find(text("operation", request.operation)?)?;
        let options = text("options", request.options)?;
        let handles = handles(request.handles, request.handle_count)?;
        let arrays = arrays(request.arrays, request.array_count)?;
        let call = Call::new(operation, options, handles, arrays)?;
        listening(flag(request.interrupt), || call.run())
    }
}
