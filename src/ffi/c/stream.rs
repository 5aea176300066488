//! Online detectors through the C ABI. The contract of pointers is the parent's.

use std::ffi::c_void;

use super::border::{FgText, answer32, borrow, borrow_mut, free, give, give_handle, load, save, text};
use crate::drift::online::Stream;
use crate::ffi::host;
use crate::ffi::raw::tensor;
use crate::store;

/// A new detector, by its name (`adwin`, `martingale`, ...) and its options in JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_stream_new(
    name: *const u8,
    name_len: usize,
    options: *const u8,
    options_len: usize,
    out: *mut *mut c_void,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        let (name, options) = unsafe { (text("detector", name, name_len)?, text("options", options, options_len)?) };
        // SAFETY: the module's contract.
        unsafe { give_handle(out, host::stream_new(name, options)?) }
    })
}

/// Takes in the next `len` observations; JSON list of the indices (from 0, over the whole stream) at which it fired. Two threads
/// must not do this at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_stream_update(
    stream: *mut c_void,
    dtype: i32,
    data: *const c_void,
    len: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: this function's contract.
        let stream = unsafe { borrow_mut::<Stream>("stream", stream)? };
        if len == 0 {
            // SAFETY: the module's contract.
            return unsafe { give(out, "[]") };
        }
        // SAFETY: the module's contract.
        let values = unsafe { tensor("values", dtype, data, len, len)? };
        // SAFETY: the module's contract.
        unsafe { give(out, host::stream_update(stream, &values)?) }
    })
}

/// JSON of [`crate::drift::online::Description`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_stream_describe(stream: *const c_void, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::json(&borrow::<Stream>("stream", stream)?.describe())?) })
}

/// Forgets all observations; the options stay.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_stream_reset(stream: *mut c_void) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, and nobody else uses the handle meanwhile.
        unsafe { borrow_mut::<Stream>("stream", stream)? }.reset();
        Ok(0)
    })
}

/// Saves a detector.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_stream_save(stream: *const c_void, path: *const u8, len: usize) -> i32 {
    // SAFETY: the module's contract.
    unsafe { save::<Stream>("stream", stream, path, len, store::save_stream) }
}

/// Loads a detector.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_stream_load(path: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    unsafe { load(path, len, out, store::load_stream) }
}

/// Frees a detector; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_stream_free(stream: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Stream>(stream) }
}
