//! Guards through the C ABI. The contract of pointers is the parent's.

use std::ffi::c_void;
use std::time::Duration;

use super::border::{FgText, answer32, borrow, free, give, give_handle, text};
use crate::ffi::host::{self, answer};
use crate::ffi::raw::{COPIED, WakeFunction, tensor, wake};
use crate::guard::{Guard, Ticket};
use crate::profile::Profile;

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
    answer32(|| unsafe { give(out, host::guard_alerts(borrow::<Guard>("guard", guard)?, after)?) })
}

/// JSON list of the [`crate::guard::WindowReport`]s with a number above `after`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_windows(guard: *const c_void, after: u64, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::guard_windows(borrow::<Guard>("guard", guard)?, after)?) })
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
        guard.on_wake(function.map(|function| unsafe { wake(function, data) })).map(|()| 0)
    })
}

/// Frees a guard; null is allowed. Never waits: an open guard is closed in the background, and what it observed is tested (by the
/// parent, where it was freed in a child of fork).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_guard_free(guard: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Guard>(guard) }
}
