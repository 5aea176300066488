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

mod detector;
mod neighbours;
mod performance;
mod privacy;
mod reference;
mod sequence;
mod sketch;
mod threshold;

use std::ffi::c_void;
use std::time::Duration;

pub use self::privacy::*;
pub use super::gradients::FgParameter;
pub use detector::*;
pub use neighbours::*;
pub use performance::*;
pub use reference::*;
pub use sequence::*;
pub use sketch::*;
pub use threshold::*;

pub use super::host::ABI_VERSION;
use super::host::{self, answer};
pub use super::raw::{COPIED, FLOAT16, FLOAT32, FLOAT64, WakeFunction};
use super::raw::{tensor, wake};
use crate::error::{Error, Result};
use crate::guard::{self, Guard, Ticket};
use crate::profile::Profile;
use crate::store;

/// Text owned by the library until it is given to [`fg_text_free`].
#[repr(C)]
#[derive(Debug)]
pub struct FgText {
    /// UTF-8 bytes (of a sketch: its bytes), not ended by zero.
    pub ptr: *mut u8,
    /// Their number.
    pub len: usize,
}

fn answer32(work: impl FnOnce() -> Result<i32>) -> i32 {
    // Codes and values here are small by construction.
    answer(|| work().map(i64::from)) as i32
}

/// SAFETY: `ptr` must be readable for `len` bytes, or `len` be 0.
unsafe fn text<'a>(argument: &'static str, ptr: *const u8, len: usize) -> Result<&'a str> {
    if len == 0 {
        return Ok("");
    }
    if ptr.is_null() {
        return Err(Error::invalid(argument, "a null pointer", "text"));
    }
    // SAFETY: by this function's contract.
    let bytes = unsafe { std::slice::from_raw_parts(ptr, len) };
    std::str::from_utf8(bytes).map_err(|e| Error::invalid(argument, e, "text in UTF-8"))
}

/// SAFETY: `out` must be null or writable.
unsafe fn give(out: *mut FgText, value: impl Into<Vec<u8>>) -> Result<i32> {
    if out.is_null() {
        return Err(Error::invalid("out", "a null pointer", "a place for the result"));
    }
    let bytes = value.into().into_boxed_slice();
    let text = FgText { len: bytes.len(), ptr: Box::into_raw(bytes).cast() };
    // SAFETY: by this function's contract.
    unsafe { out.write(text) };
    Ok(0)
}

/// SAFETY: `handle` must be null or come from `Box::into_raw` of a `T` that lives.
unsafe fn borrow<'a, T>(argument: &'static str, handle: *const c_void) -> Result<&'a T> {
    // SAFETY: by this function's contract.
    unsafe { handle.cast::<T>().as_ref() }.ok_or_else(|| Error::invalid(argument, "a null pointer", "a handle"))
}

/// SAFETY: as [`borrow`], and nobody else uses the handle during the call.
unsafe fn borrow_mut<'a, T>(argument: &'static str, handle: *mut c_void) -> Result<&'a mut T> {
    // SAFETY: by this function's contract.
    unsafe { handle.cast::<T>().as_mut() }.ok_or_else(|| Error::invalid(argument, "a null pointer", "a handle"))
}

/// SAFETY: `out` must be null or writable.
unsafe fn give_handle<T>(out: *mut *mut c_void, value: T) -> Result<i32> {
    if out.is_null() {
        return Err(Error::invalid("out", "a null pointer", "a place for the handle"));
    }
    // SAFETY: by this function's contract.
    unsafe { out.write(Box::into_raw(Box::new(value)).cast()) };
    Ok(0)
}

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

/// A new profile by [`crate::profile::ProfileOptions`] in JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_new(options: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give_handle(out, host::profile_new(text("options", options, len)?)?) })
}

/// Takes in a batch of reference outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_fit(
    profile: *mut c_void,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract; the host does not fit one profile from two threads at once.
        let profile = unsafe { borrow_mut::<Profile>("profile", profile)? };
        // SAFETY: the module's contract.
        profile.fit(&unsafe { tensor("reference", dtype, data, len, observations)? }).map(|()| 0)
    })
}

/// Takes in what `from` was fitted on; the two must differ.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_merge(into: *mut c_void, from: *const c_void) -> i32 {
    answer32(|| {
        if std::ptr::eq(into, from) {
            return Err(Error::invalid("profile", "the profile itself", "another profile"));
        }
        // SAFETY: the module's contract, and they differ.
        let (into, from) = unsafe { (borrow_mut::<Profile>("profile", into)?, borrow::<Profile>("profile", from)?) };
        into.merge(from).map(|()| 0)
    })
}

/// JSON of [`crate::profile::Description`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_describe(profile: *const c_void, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::json(&borrow::<Profile>("profile", profile)?.describe())?) })
}

/// Saves a profile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_save(profile: *const c_void, path: *const u8, len: usize) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        let (profile, path) = unsafe { (borrow::<Profile>("profile", profile)?, text("path", path, len)?) };
        store::save_profile(profile, &host::path(path)).map(|()| 0)
    })
}

/// Loads a profile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_load(path: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give_handle(out, store::load_profile(&host::path(text("path", path, len)?))?) })
}

/// Frees a profile; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_free(profile: *mut c_void) {
    // SAFETY: the module's contract; a guard copies what it needs.
    unsafe { free::<Profile>(profile) }
}

/// SAFETY: `handle` must be null or come from `give_handle` with this type, and is used no more.
unsafe fn free<T>(handle: *mut c_void) {
    if !handle.is_null() {
        answer(|| {
            // SAFETY: by this function's contract.
            drop(unsafe { Box::from_raw(handle.cast::<T>()) });
            Ok(0)
        });
    }
}

/// A new guard against `profile` by [`crate::guard::GuardOptions`] in JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_new(
    profile: *const c_void,
    options: *const u8,
    len: usize,
    out: *mut *mut c_void,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        let (profile, options) = unsafe { (borrow::<Profile>("profile", profile)?, text("options", options, len)?) };
        // SAFETY: the module's contract.
        unsafe { give_handle(out, host::guard_new(profile, options)?) }
    })
}

/// The hook: takes in a batch and returns how many of its observations are anomalous. `caller` names the calling task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_observe(
    guard: *const c_void,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    caller: u64,
) -> i64 {
    answer(|| {
        // SAFETY: the module's contract.
        let guard = unsafe { borrow::<Guard>("guard", guard)? };
        // SAFETY: the module's contract.
        let batch = unsafe { tensor("output", dtype, data, len, observations)? };
        guard.observe(&batch, caller, dtype & COPIED != 0).map(|n| n as i64)
    })
}

/// JSON of the [`crate::guard::Verdict`] on the caller's last batch.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_verdict(guard: *const c_void, caller: u64, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::json(&borrow::<Guard>("guard", guard)?.verdict(caller)?)?) })
}

/// JSON of the [`crate::guard::Verdict`] on a batch that is not taken in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_score(
    guard: *const c_void,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        let guard = unsafe { borrow::<Guard>("guard", guard)? };
        // SAFETY: the module's contract.
        let batch = unsafe { tensor("output", dtype, data, len, observations)? };
        // SAFETY: the module's contract.
        unsafe { give(out, host::json(&guard.score(&batch)?)?) }
    })
}

/// JSON list of the [`crate::alert::Alert`]s with a number above `after`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_alerts(guard: *const c_void, after: u64, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::json(&borrow::<Guard>("guard", guard)?.alerts(after))?) })
}

/// JSON list of the [`crate::guard::WindowReport`]s with a number above `after`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_windows(guard: *const c_void, after: u64, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::json(&borrow::<Guard>("guard", guard)?.windows(after))?) })
}

/// JSON of [`crate::guard::Counters`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_counters(guard: *const c_void, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::json(&borrow::<Guard>("guard", guard)?.counters())?) })
}

/// JSON of [`crate::guard::Description`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_describe(guard: *const c_void, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::json(&borrow::<Guard>("guard", guard)?.describe())?) })
}

/// Starts a flush; with `close` not 0 the guard takes in nothing more. Returns a ticket at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_flush(guard: *const c_void, close: i32) -> i64 {
    // SAFETY: the module's contract.
    answer(|| unsafe { borrow::<Guard>("guard", guard)? }.start_flush(close != 0).map(|t| t.0 as i64))
}

/// Waits at most `milliseconds` for a flush: 1 done, 0 not yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_wait(guard: *const c_void, ticket: u64, milliseconds: u32) -> i32 {
    answer32(|| {
        let patience = Duration::from_millis(u64::from(milliseconds));
        // SAFETY: the module's contract.
        unsafe { borrow::<Guard>("guard", guard)? }.wait(Ticket(ticket), patience).map(i32::from)
    })
}

/// Has the worker call `function(data)`, from its own thread, after it published alerts; a null function ends that, and
/// returns when no call is under way. Both must stay valid until then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_wake(guard: *const c_void, function: Option<WakeFunction>, data: *mut c_void) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        let guard = unsafe { borrow::<Guard>("guard", guard)? };
        // SAFETY: this function's contract.
        guard.on_wake(function.map(|function| unsafe { wake(function, data) }));
        Ok(0)
    })
}

/// Frees a guard; null is allowed. Never waits: an open guard is closed in the background, and what it observed is tested.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_free(guard: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Guard>(guard) }
}

/// For the end of the process: closes every guard, tests what was observed, ends the background thread.
#[unsafe(no_mangle)]
pub extern "C" fn fg_shutdown() -> i32 {
    answer32(|| {
        guard::shutdown();
        Ok(0)
    })
}

/// 1 if the background thread runs, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn fg_worker_running() -> i32 {
    answer32(|| Ok(i32::from(guard::is_running())))
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

mod stream;
#[cfg(test)]
mod tests;
