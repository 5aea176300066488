//! The C ABI: the face for Julia from 1.5 on and for every other language. `include/fluxguard.h`
//! declares it.
//!
//! [`fg_call`] makes any operation. The other functions are those that are counted in nanoseconds;
//! each returns 0 or more when done, and minus the code of [`crate::error::TABLE`] when not:
//! [`fg_last_error`] then has the message, on the same thread.
//!
//! Every function is `unsafe` for one reason: it trusts the caller's pointers. Handles must come
//! from this library and not have been freed; data pointers must be readable for the given number
//! of elements, during the call only.

// The pointers' contract above is that of every function here.
#![allow(clippy::missing_safety_doc)]

use std::ffi::c_void;
use std::sync::{Arc, Mutex};

pub use super::array::{FLOAT16, FLOAT32, FLOAT64, INT64, UINT8, UINT32, UINT64};
pub use super::call::ABI_VERSION;
use super::call::{answer, take_last_error};
use super::generic::{self, free_bytes};
pub use super::generic::{FgAnswer, FgRequest};
pub use super::handle::Handle;
use super::operations::{update, write};
pub use super::raw::{COPIED, FgArray, WRITABLE, WakeFunction};
use super::raw::{elements_mut, flag, held, tensor, wake};
use crate::drift::online::OnlineDetector;
use crate::guard::Guard;
use crate::leavable::listening;
use crate::outlier::Fitted;
use crate::sketch::summary::summary;

/// [`ABI_VERSION`].
#[unsafe(no_mangle)]
pub extern "C" fn fg_abi_version() -> i32 {
    ABI_VERSION
}

/// Makes any operation. Returns 0, or minus the code of an error, whose message is then the
/// answer's bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_call(request: *const FgRequest, answer: *mut FgAnswer) -> i32 {
    // SAFETY: the module's contract, and that of the request's fields.
    unsafe { generic::call(request, answer) }
}

/// Frees the bytes of an answer; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_free_bytes(bytes: *mut u8, len: usize) {
    // SAFETY: the module's contract.
    unsafe { free_bytes(bytes, len) }
}

/// Frees the handle in `*handle`, and puts null there, so that a later use is an error; null is
/// allowed. Never waits: an open guard is closed in the background, and what it observed is tested
/// (by the parent, if it was freed in a child of fork).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_free(handle: *mut *mut Handle) {
    // SAFETY: the module's contract; `handle` is null or writable.
    unsafe {
        if let Some(handle) = handle.as_mut() {
            generic::free(std::mem::replace(handle, std::ptr::null_mut()));
        }
    }
}

/// The message of this thread's last error in one of the calls below; empties it. Give
/// `answer.bytes` back to [`fg_free_bytes`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_last_error(answer: *mut FgAnswer) {
    // SAFETY: just made; the module's contract. Without a place it is dropped, as it was asked for.
    let _ = unsafe { FgAnswer::saying(take_last_error()).put(answer) };
}

/// The hook: takes in a batch and returns how many of its observations are anomalous. `caller`
/// names the calling task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_observe(
    guard: *const Handle,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    caller: u64,
) -> i64 {
    answer(|| {
        // SAFETY: the module's contract.
        let (guard, batch) = unsafe {
            (held::<Guard>("guard", guard)?, tensor("output", dtype, data, len, observations)?)
        };
        guard.observe(&batch, caller, dtype & COPIED != 0).map(|n| n as i64)
    })
}

/// Writes one score per observation to `out`, NaN for one that is not finite. `out_len` must be the
/// observations. `interrupt` as of [`FgRequest`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_score(
    detector: *const Handle,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    out: *mut f64,
    out_len: usize,
    interrupt: *const i32,
) -> i64 {
    answer(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let detector = held::<Arc<Fitted>>("detector", detector)?;
            let batch = tensor("output", dtype, data, len, observations)?;
            let out = elements_mut("out", out.cast(), out_len)?;
            let work = || write(detector, &batch, 1, out, Fitted::score_into);
            listening(flag(interrupt), work).map(|()| 0)
        }
    })
}

/// Takes in the next `len` observations. Writes to `fired`, which has as many places, the indices
/// (from 0, over the whole stream) at which the detector fired, and returns how many. `interrupt`
/// as of [`FgRequest`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_online_update(
    detector: *const Handle,
    dtype: i32,
    data: *const c_void,
    len: usize,
    fired: *mut u64,
    interrupt: *const i32,
) -> i64 {
    answer(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let detector = held::<Mutex<OnlineDetector>>("detector", detector)?;
            if len == 0 {
                return Ok(0);
            }
            let values = tensor("values", dtype, data, len, len)?;
            let fired = elements_mut("fired", fired.cast(), len)?;
            listening(flag(interrupt), || update(detector, &values, fired))
        }
    })
}

/// Writes five numbers per feature to `out`, feature by feature: mean, standard deviation (divisor
/// n - 1), smallest and largest of the finite values, and how many are NaN or Inf. `out` must be
/// writable for 5 times the features.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_moments(
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    out: *mut f64,
    out_len: usize,
) -> i64 {
    answer(|| {
        // SAFETY: the module's contract.
        let batch = unsafe { tensor("y", dtype, data, len, observations)? };
        // SAFETY: likewise.
        summary(&batch, unsafe { elements_mut("out", out.cast(), out_len)? }).map(|()| 0)
    })
}

/// Has the worker call `function(data)`, from its own thread, after it published alerts; a null
/// function ends that, and returns when no call is under way. Both must stay valid until then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_wake(
    guard: *const Handle,
    function: Option<WakeFunction>,
    data: *mut c_void,
) -> i64 {
    answer(|| {
        // SAFETY: the module's contract.
        let guard = unsafe { held::<Guard>("guard", guard)? };
        // SAFETY: this function's contract.
        guard.on_wake(function.map(|function| unsafe { wake(function, data) })).map(|()| 0)
    })
}

#[cfg(test)]
mod tests;
