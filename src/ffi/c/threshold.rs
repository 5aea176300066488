//! Live thresholds through the C ABI. The contract of pointers is the parent's. Threads may share one.

use std::ffi::c_void;

use super::border::{FgText, answer32, borrow, free, give, give_handle, load, save, slice, slice_mut, text};
use crate::ffi::threshold::{self, Threshold};

/// From scores of usual observations, by [`crate::outlier::threshold::live::LiveOptions`] in JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_live_threshold_new(
    options: *const u8,
    options_len: usize,
    scores: *const f64,
    len: usize,
    out: *mut *mut c_void,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe {
            let (options, usual) = (text("options", options, options_len)?, slice("scores", scores, len)?);
            give_handle(out, threshold::new(options, usual)?)
        }
    })
}

/// Takes in the next `len` scores and writes a byte for each: 0 usual, 1 in the tail, 2 an alarm.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_live_threshold_update(
    handle: *const c_void,
    scores: *const f64,
    len: usize,
    verdicts: *mut u8,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe {
            let (scores, verdicts) = (slice("scores", scores, len)?, slice_mut("verdicts", verdicts, len)?);
            threshold::update(borrow::<Threshold>("threshold", handle)?, scores, verdicts).map(|()| 0)
        }
    })
}

/// Tells it `{"tell": "dismiss", "scores": [...]}`, `{"tell": "confirm", "alarms": 2}` or `{"tell": "describe"}`; JSON of
/// [`crate::outlier::threshold::live::Description`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_live_threshold_tell(
    handle: *const c_void,
    words: *const u8,
    len: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe { give(out, threshold::tell(borrow::<Threshold>("threshold", handle)?, text("words", words, len)?)?) }
    })
}

/// Saves a threshold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_live_threshold_save(handle: *const c_void, path: *const u8, len: usize) -> i32 {
    // SAFETY: the module's contract.
    unsafe { save::<Threshold>("threshold", handle, path, len, threshold::save) }
}

/// Loads a threshold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_live_threshold_load(path: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    unsafe { load(path, len, out, threshold::load) }
}

/// Frees a threshold; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_live_threshold_free(handle: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Threshold>(handle) }
}
