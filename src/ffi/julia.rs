//! The jlrs face: what Julia 1.10 and later call, by way of `JlrsCore.Wrap`.
//!
//! It is [`super::c`] in a library that Julia's garbage collector knows of: all but short calls are GC-safe, so that other Julia
//! threads may collect garbage meanwhile, and the calls that are counted in nanoseconds take Julia's arrays, whose element types its
//! dispatch has checked. A function that counts returns an `Int64`, and minus the code of [`crate::error::TABLE`] when not done;
//! [`last_error`] then has the message until the task next yields. Nothing here throws: Julia's exceptions jump over Rust's frames.
//!
//! An array is read during the call only, in place, and is rooted by the caller; the collector does not move it.

// The macro makes a public function.
#![allow(missing_docs)]

use std::ffi::c_void;
use std::sync::{Arc, Mutex};

use half::f16;
use jlrs::data::managed::string::StringRet;
use jlrs::data::types::construct_type::ConstructType;
use jlrs::memory::gc::gc_safe;
use jlrs::prelude::*;
use jlrs::weak_handle_unchecked;

use super::array::Element;
use super::call::{ABI_VERSION, answer, take_last_error};
use super::generic;
use super::handle::Handle;
use super::left_behind::listening;
use super::operations::{Output, update};
use super::raw::{self, COPIED, WakeFunction, elements_mut, handle};
use crate::drift::online::Stream;
use crate::error::{Error, Result};
use crate::guard::Guard;
use crate::outlier::Fitted;
use crate::tensor::Tensor;

#[julia_version(until = "1.10")]
const JULIA_MINOR: i32 = 10;
#[julia_version(since = "1.11", until = "1.11")]
const JULIA_MINOR: i32 = 11;
#[julia_version(since = "1.12", until = "1.12")]
const JULIA_MINOR: i32 = 12;
#[julia_version(since = "1.13")]
const JULIA_MINOR: i32 = 13;

/// The API version that JlrsCore must have: with another one, initialising this face aborts the process. It can be called
/// without initialising anything.
#[unsafe(no_mangle)]
pub extern "C" fn fg_jlrs_api_version() -> i32 {
    jlrs::JLRS_API_VERSION as i32
}

/// The minor version of the Julia 1 that this was built for: no other can use this face. It can be called without
/// initialising anything.
#[unsafe(no_mangle)]
pub extern "C" fn fg_jlrs_julia_minor() -> i32 {
    JULIA_MINOR
}

julia_module! {
    become fluxguard_jlrs_init;

    fn abi_version() -> i64;
    fn last_error() -> StringRet;
    fn call(request: usize, answer: usize) -> i32;
    fn guard_observe_at(guard: usize, dtype: i32, data: usize, len: i64, observations: i64, caller: u64) -> i64;
    fn guard_wake(guard: usize, function: usize, data: usize) -> i64;

    for T in [f16, f32, f64] {
        fn guard_observe(guard: usize, output: TypedArray<T>, observations: i64, caller: u64, copied: Bool) -> i64;
        fn detector_score(detector: usize, output: TypedArray<T>, observations: i64, out: TypedArray<f64>,
                                 interrupt: usize) -> i64;
        fn online_update(detector: usize, values: TypedArray<T>, fired: TypedArray<u64>, interrupt: usize) -> i64;
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
    // SAFETY: called from Julia's threads only; callers do not call Julia in `work`, and hold no lock after it.
    unsafe { gc_safe(work) }
}

/// Elements from which on a pass over them is GC-safe: below, it takes a few microseconds, as other C calls do.
const LONG: usize = 1 << 11;

/// [`away`], if `long`.
fn away_if<T>(long: bool, work: impl FnOnce() -> T) -> T {
    if long { away(work) } else { work() }
}

/// An element type that Julia's arrays and the kernels share.
trait Real: Element + ConstructType {}
impl<T: Element + ConstructType> Real for T {}

/// The array of an argument, in place.
fn tensor<'a, T: Real>(
    argument: &'static str,
    array: TypedArray<'a, '_, T>,
    observations: usize,
) -> Result<Tensor<'a>> {
    // SAFETY: an `Array{T}` has that many elements of that type, and Julia roots a call's arguments during the call.
    unsafe { raw::tensor(argument, T::TYPE.code, array.data_ptr(), array.length(), observations) }
}

/// The elements of an argument, to write.
fn places<'a, T: ConstructType>(argument: &'static str, array: TypedArray<'a, '_, T>) -> Result<&'a mut [T]> {
    // SAFETY: an `Array{T}` has that many elements of that type, Julia roots a call's arguments during the call, and the caller
    // hands over an array that no one else uses meanwhile.
    unsafe { elements_mut(argument, array.data_ptr(), array.length()) }
}

fn size(argument: &'static str, value: i64) -> Result<usize> {
    usize::try_from(value).map_err(|_| Error::invalid(argument, value, "a number from 0"))
}

/// [`generic::call`], GC-safe.
///
/// SAFETY: as that function, of addresses.
unsafe fn call(request: usize, answer: usize) -> i32 {
    // SAFETY: by this function's contract.
    away(|| unsafe { generic::call(request as *const _, answer as *mut _) })
}

/// SAFETY: `guard` must be 0 or the address of a living handle.
unsafe fn guard<'a>(guard: usize) -> Result<&'a Guard> {
    // SAFETY: by this function's contract.
    unsafe { handle("guard", guard as *const Handle)? }.get("guard")
}

/// Whether a call with so many elements may take long: what fitted detectors need for one observation, nobody knows.
fn takes_long(guard: &Guard, elements: usize) -> bool {
    elements >= LONG || guard.has_fitted()
}

/// SAFETY: as [`guard`].
unsafe fn guard_observe<T: Real>(
    guard: usize,
    output: TypedArray<T>,
    observations: i64,
    caller: u64,
    copied: Bool,
) -> i64 {
    // SAFETY: by this function's contract.
    let guard = unsafe { self::guard(guard) };
    let long = guard.as_ref().is_ok_and(|guard| takes_long(guard, output.length()));
    let work = || {
        let batch = tensor("output", output, size("observations", observations)?)?;
        guard?.observe(&batch, caller, copied.as_bool()).map(|n| n as i64)
    };
    away_if(long, || answer(work))
}

/// Of what is no array, but lies like one in memory.
///
/// SAFETY: as [`guard`]; `data` must be the address of `len` readable elements of the type that `dtype` names, during the call.
unsafe fn guard_observe_at(guard: usize, dtype: i32, data: usize, len: i64, observations: i64, caller: u64) -> i64 {
    // SAFETY: by this function's contract.
    let guard = unsafe { self::guard(guard) };
    let long = guard.as_ref().is_ok_and(|guard| takes_long(guard, len.max(0) as usize));
    let work = || {
        let (len, observations) = (size("len", len)?, size("observations", observations)?);
        // SAFETY: by this function's contract.
        let batch = unsafe { raw::tensor("output", dtype, data as *const _, len, observations)? };
        guard?.observe(&batch, caller, dtype & COPIED != 0).map(|n| n as i64)
    };
    away_if(long, || answer(work))
}

/// SAFETY: `detector` must be 0 or the address of a living handle, `interrupt` as of [`generic::FgRequest`].
unsafe fn detector_score<T: Real>(
    detector: usize,
    output: TypedArray<T>,
    observations: i64,
    out: TypedArray<f64>,
    interrupt: usize,
) -> i64 {
    let work = || {
        // SAFETY: by this function's contract.
        let detector = unsafe { handle("detector", detector as *const Handle)? }.get::<Arc<Fitted>>("detector")?;
        let batch = tensor("output", output, size("observations", observations)?)?;
        let out = places("out", out)?;
        // SAFETY: by this function's contract.
        unsafe { listening(interrupt as *const i32, || Output::Scores.write(detector, &batch, out)) }.map(|()| 0)
    };
    away(|| answer(work))
}

/// SAFETY: as [`detector_score`].
unsafe fn online_update<T: Real>(
    detector: usize,
    values: TypedArray<T>,
    fired: TypedArray<u64>,
    interrupt: usize,
) -> i64 {
    let work = || {
        // SAFETY: by this function's contract.
        let detector = unsafe { handle("detector", detector as *const Handle)? }.get::<Mutex<Stream>>("detector")?;
        if values.length() == 0 {
            return Ok(0);
        }
        let (values, fired) = (tensor("values", values, values.length())?, places("fired", fired)?);
        // SAFETY: by this function's contract.
        unsafe { listening(interrupt as *const i32, || update(detector, &values, fired)) }
    };
    away_if(values.length() >= LONG, || answer(work))
}

fn moments<T: Real>(y: TypedArray<T>, observations: i64, out: TypedArray<f64>) -> i64 {
    let work = || super::moments::moments(&tensor("y", y, size("observations", observations)?)?, places("out", out)?);
    away_if(y.length() >= LONG, || answer(work))
}

/// SAFETY: as [`guard`]; `function` must be 0 or a [`WakeFunction`] that any thread may call with `data`, until it is replaced.
unsafe fn guard_wake(guard: usize, function: usize, data: usize) -> i64 {
    let work = || {
        let function = (function != 0).then(|| {
            // SAFETY: by this function's contract.
            unsafe {
                let function = std::mem::transmute::<*const (), WakeFunction>(function as *const ());
                raw::wake(function, data as *mut c_void)
            }
        });
        // SAFETY: by this function's contract.
        unsafe { self::guard(guard)? }.on_wake(function).map(|()| 0)
    };
    away(|| answer(work))
}
