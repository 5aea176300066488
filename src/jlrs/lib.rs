//! The jlrs face: what Julia 1.10 and later call, by way of `JlrsCore.Wrap`.
//!
//! It is [`fluxguard_border::c`] in a library that Julia's garbage collector knows of: all but
//! short calls are GC-safe, so that other Julia threads may collect garbage meanwhile, and the
//! calls that are counted in nanoseconds take Julia's arrays, whose element types its dispatch has
//! checked. A function that counts returns an `Int64`, and minus the code of
//! `fluxguard_core::error::TABLE` when not done; [`last_error`] then has the message until the task
//! next yields. Nothing here throws: Julia's exceptions jump over Rust's frames.
//!
//! An array is read during the call only, in place, and is rooted by the caller; the collector does
//! not move it.

// The macro makes a public function.
#![allow(missing_docs)]

use std::ffi::c_void;

use half::f16;
use jlrs::data::managed::string::StringRet;
use jlrs::data::types::construct_type::ConstructType;
use jlrs::memory::gc::gc_safe;
use jlrs::prelude::*;
use jlrs::weak_handle_unchecked;

use fluxguard_border::array::Element;
use fluxguard_border::c;
use fluxguard_border::call::{ABI_VERSION, take_last_error};
use fluxguard_border::handle::Handle;
use fluxguard_border::raw::{COPIED, WakeFunction};
use fluxguard_guard::Guard;

#[julia_version(until = "1.10")]
const JULIA_MINOR: i32 = 10;
#[julia_version(since = "1.11", until = "1.11")]
const JULIA_MINOR: i32 = 11;
#[julia_version(since = "1.12", until = "1.12")]
const JULIA_MINOR: i32 = 12;
#[julia_version(since = "1.13")]
const JULIA_MINOR: i32 = 13;

/// The API version that JlrsCore must have: with another one, initializing this face aborts the
/// process. It can be called without initializing anything.
#[unsafe(no_mangle)]
pub extern "C" fn fg_jlrs_api_version() -> i32 {
    jlrs::JLRS_API_VERSION as i32
}

/// The minor version of the Julia 1 that this was built for: no other can use this face. It can be
/// called without initializing anything.
#[unsafe(no_mangle)]
pub extern "C" fn fg_jlrs_julia_minor() -> i32 {
    JULIA_MINOR
}

julia_module! {
    become fluxguard_jlrs_init;

    fn abi_version() -> i64;
    fn last_error() -> StringRet;
    fn call(request: usize, answer: usize) -> i32;
    fn guard_observe_at(guard: usize, dtype: i32, data: usize, len: i64, observations: i64,
        caller: u64) -> i64;
    fn guard_wake(guard: usize, function: usize, data: usize) -> i64;

    for T in [f16, f32, f64] {
        fn guard_observe(guard: usize, output: TypedArray<T>, observations: i64, caller: u64,
            copied: Bool) -> i64;
        fn detector_score(detector: usize, output: TypedArray<T>, observations: i64,
            out: TypedArray<f64>,
                                 interrupt: usize) -> i64;
        fn online_update(detector: usize, values: TypedArray<T>, fired: TypedArray<u64>,
            interrupt: usize) -> i64;
        fn moments(y: TypedArray<T>, observations: i64, out: TypedArray<f64>) -> i64;
    };
}

fn abi_version() -> i64 {
    i64::from(ABI_VERSION)
}

fn last_error() -> StringRet {
    // SAFETY: exported functions are called from Julia's threads.
    let julia = unsafe { weak_handle_unchecked!() };
    julia.local_scope::<_, 1>(|mut frame| JuliaString::new(&mut frame, take_last_error()).leak())
}

/// Runs `work` while other threads may collect garbage. No Julia function may be called in it.
fn away<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: called from Julia's threads only; callers do not call Julia in `work`, and hold no
    // lock after it.
    unsafe { gc_safe(work) }
}

/// Elements from which on a pass over them is GC-safe: below, it takes a few microseconds, as other
/// C calls do.
const LONG: usize = 1 << 11;

/// [`away`], if `long`.
fn away_if<T>(long: bool, work: impl FnOnce() -> T) -> T {
    if long { away(work) } else { work() }
}

/// An element type that Julia's arrays and the kernels share.
trait Real: Element + ConstructType {}
impl<T: Element + ConstructType> Real for T {}

/// What the C ABI takes of an array: `Array{T}` has that many elements of that type, and Julia
/// roots a call's arguments during it.
fn parts<T: Real>(array: &TypedArray<'_, '_, T>) -> (i32, *const c_void, usize) {
    // SAFETY: the pointer alone is taken.
    (T::TYPE.code, unsafe { array.data_ptr() }.cast_const(), array.length())
}

/// Less than none is none, which is refused.
fn size(value: i64) -> usize {
    value.max(0) as usize
}

/// [`c::fg_call`], GC-safe.
///
/// SAFETY: as that function, of addresses.
unsafe fn call(request: usize, answer: usize) -> i32 {
    // SAFETY: by this function's contract.
    away(|| unsafe { c::fg_call(request as *const _, answer as *mut _) })
}

/// Whether a call with so many elements may take long: what fitted detectors need for one
/// observation, nobody knows.
///
/// SAFETY: `guard` must be 0 or the address of a living handle.
unsafe fn takes_long(guard: usize, elements: usize) -> bool {
    // SAFETY: by this function's contract.
    let guard = unsafe { (guard as *const Handle).as_ref() };
    elements >= LONG
        || guard.is_some_and(|handle| handle.get::<Guard>("guard").is_ok_and(Guard::has_fitted))
}

/// SAFETY: as [`c::fg_guard_observe`].
unsafe fn guard_observe<T: Real>(
    guard: usize,
    output: TypedArray<T>,
    observations: i64,
    caller: u64,
    copied: Bool,
) -> i64 {
    let (dtype, data, len) = parts(&output);
    let dtype = if copied.as_bool() { dtype | COPIED } else { dtype };
    // SAFETY: by this function's contract.
    unsafe { guard_observe_at(guard, dtype, data as usize, len as i64, observations, caller) }
}

/// Of what is no array, but lies like one in memory.
///
/// SAFETY: as [`c::fg_guard_observe`].
unsafe fn guard_observe_at(
    guard: usize,
    dtype: i32,
    data: usize,
    len: i64,
    observations: i64,
    caller: u64,
) -> i64 {
    let (len, observations) = (size(len), size(observations));
    // SAFETY: by this function's contract.
    let long = unsafe { takes_long(guard, len) };
    let (guard, data) = (guard as *const _, data as *const _);
    // SAFETY: likewise.
    let work = || unsafe { c::fg_guard_observe(guard, dtype, data, len, observations, caller) };
    away_if(long, work)
}

/// SAFETY: as [`c::fg_detector_score`].
unsafe fn detector_score<T: Real>(
    detector: usize,
    output: TypedArray<T>,
    observations: i64,
    out: TypedArray<f64>,
    interrupt: usize,
) -> i64 {
    let ((dtype, data, len), (_, out, out_len)) = (parts(&output), parts(&out));
    away(|| {
        let (detector, interrupt) = (detector as *const _, interrupt as *const _);
        let (out, observations) = (out.cast_mut().cast(), size(observations));
        // SAFETY: by this function's contract.
        unsafe {
            c::fg_detector_score(detector, dtype, data, len, observations, out, out_len, interrupt)
        }
    })
}

/// SAFETY: as [`c::fg_online_update`].
unsafe fn online_update<T: Real>(
    detector: usize,
    values: TypedArray<T>,
    fired: TypedArray<u64>,
    interrupt: usize,
) -> i64 {
    let ((dtype, data, len), (_, fired, room)) = (parts(&values), parts(&fired));
    let fired = if room < len { std::ptr::null_mut() } else { fired.cast_mut().cast() };
    // SAFETY: by this function's contract.
    let work = || unsafe {
        c::fg_online_update(detector as *const _, dtype, data, len, fired, interrupt as *const _)
    };
    away_if(len >= LONG, work)
}

fn moments<T: Real>(y: TypedArray<T>, observations: i64, out: TypedArray<f64>) -> i64 {
    let ((dtype, data, len), (_, out, out_len)) = (parts(&y), parts(&out));
    let work = || {
        // SAFETY: both are whole arrays; the caller hands over an `out` that no one else uses
        // meanwhile.
        unsafe {
            c::fg_moments(dtype, data, len, size(observations), out.cast_mut().cast(), out_len)
        }
    };
    away_if(len >= LONG, work)
}

/// SAFETY: as [`c::fg_guard_wake`], of addresses; 0 is no function.
unsafe fn guard_wake(guard: usize, function: usize, data: usize) -> i64 {
    away(|| {
        // SAFETY: by this function's contract.
        unsafe {
            let function = (function != 0)
                .then(|| std::mem::transmute::<*const (), WakeFunction>(function as *const ()));
            c::fg_guard_wake(guard as *const _, function, data as *mut c_void)
        }
    })
}
