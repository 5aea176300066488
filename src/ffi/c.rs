//! The C ABI: the face for Julia from 1.5 on and for every other language.
//!
//! Unless said otherwise a function returns 0 or more when done, and minus the code of [`crate::error::TABLE`] when not; the
//! message is then fetched with [`fg_last_error`] on the same thread. Text goes in as pointer and length, in UTF-8, and
//! comes out as [`FgText`], which the caller gives back to [`fg_text_free`]. Options and results that are not hot are
//! JSON with the names of the Rust structs behind them.
//!
//! Every function is `unsafe` for one reason: it trusts the caller's pointers. Handles must come from this library and not
//! have been freed; data pointers must be readable for the given number of elements, during the call only.

// The pointers' contract above is that of every function here.
#![allow(clippy::missing_safety_doc)]

mod border;
mod detector;
mod file;
mod guard;
mod neighbours;
mod performance;
mod privacy;
mod profile;
mod reference;
mod sequence;
mod sketch;
mod stream;
mod threshold;

use std::ffi::c_void;

pub use self::border::FgText;
use self::border::{answer32, give, text};
pub use self::detector::*;
pub use self::file::*;
pub use self::guard::*;
pub use self::neighbours::*;
pub use self::performance::*;
pub use self::privacy::*;
pub use self::profile::*;
pub use self::reference::*;
pub use self::sequence::*;
pub use self::sketch::*;
pub use self::stream::*;
pub use self::threshold::*;
pub use super::gradients::FgParameter;
use super::host;
pub use super::host::ABI_VERSION;
use super::left_behind::listen;
use super::raw::tensor;
pub use super::raw::{COPIED, FLOAT16, FLOAT32, FLOAT64, WakeFunction};
use crate::error::Error;

/// [`ABI_VERSION`].
#[unsafe(no_mangle)]
pub extern "C" fn fg_abi_version() -> i32 {
    ABI_VERSION
}

/// JSON `[[code, name], ...]` of every error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_errors(out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::errors()?) })
}

/// The message of this thread's last error; empties it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_last_error(out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::take_last_error()) })
}

/// Frees a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_text_free(ptr: *mut u8, len: usize) {
    if !ptr.is_null() {
        // SAFETY: `give` made it from a boxed slice of this length.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(ptr, len)) });
    }
}

/// Panics inside, on purpose, with this message: for tests of the barrier.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_panic(message: *const u8, len: usize) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| host::panic_on_purpose(unsafe { text("message", message, len)? }).map(|()| 0))
}

/// For a host that may want to end a long call: from now on fits, comparisons and other calls of this thread that can take long end
/// with -600 as soon as `*flag` is not 0, which is looked at every few milliseconds. They have changed nothing then. They work on
/// copies of their arrays, on a thread of their own, which may go on for a while and whose result is dropped. A null pointer ends it;
/// until then `flag` must be readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_listen(flag: *const i32) {
    // SAFETY: this function's contract.
    unsafe { listen(flag) }
}

/// For the end of the process: closes every guard, tests what was observed, ends the background thread.
#[unsafe(no_mangle)]
pub extern "C" fn fg_shutdown() -> i32 {
    answer32(|| {
        crate::guard::shutdown();
        Ok(0)
    })
}

/// 1 if the background thread runs, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn fg_worker_running() -> i32 {
    answer32(|| Ok(i32::from(crate::guard::is_running())))
}

/// Writes five numbers a feature to `out`, feature by feature: mean, standard deviation (divisor n - 1), smallest and
/// largest of the finite values, and how many are NaN or Inf. `out` must be writable for 5 times the features.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_moments(
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    out: *mut f64,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        let batch = unsafe { tensor("y", dtype, data, len, observations)? };
        if out.is_null() {
            return Err(Error::invalid("out", "a null pointer", "a place for 5 numbers a feature"));
        }
        // SAFETY: this function's contract.
        host::moments(&batch, unsafe { std::slice::from_raw_parts_mut(out, host::MOMENTS * batch.features()) });
        Ok(0)
    })
}

/// JSON of [`crate::drift::compare::Comparison`] of two arrays of the same features, by
/// [`crate::drift::compare::CompareOptions`] in JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_compare(
    options: *const u8,
    options_len: usize,
    reference_dtype: i32,
    reference: *const c_void,
    reference_len: usize,
    reference_observations: usize,
    current_dtype: i32,
    current: *const c_void,
    current_len: usize,
    current_observations: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let options = text("options", options, options_len)?;
            let reference = tensor("reference", reference_dtype, reference, reference_len, reference_observations)?;
            let current = tensor("current", current_dtype, current, current_len, current_observations)?;
            give(out, host::compare_tensors(options, &reference, &current)?)
        }
    })
}

#[cfg(test)]
mod tests;
