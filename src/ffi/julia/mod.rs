//! The jlrs face: what Julia 1.10 and later call, by way of `JlrsCore.Wrap`.
//!
//! The functions are those of the C face without its prefix. Julia's dispatch checks element types and handles, and
//! Julia's garbage collector owns the handles. A function that counts returns an `Int64`, and one that makes something
//! returns it; when not done, either returns minus the code of [`crate::error::TABLE`] as an `Int64`, and [`last_error`]
//! has the message until the task next yields. Nothing here throws: Julia's exceptions jump over Rust's frames.
//!
//! An array is read during the call only, in place, and is rooted by the caller. All but short calls are GC-safe: other
//! Julia threads may collect garbage meanwhile, and the collector does not move what is read.

mod border;
mod detector;
mod exports;
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

use jlrs::data::managed::string::StringRet;
use jlrs::data::managed::value::ValueRet;
use jlrs::prelude::*;

use self::border::{Element, away, away_if, is_long, made_text, string, tensor, text};
use super::host::{self, answer};
use super::left_behind;
use crate::error::Error;
use crate::guard as engine;

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

fn abi_version() -> i64 {
    i64::from(host::ABI_VERSION)
}

fn errors() -> ValueRet {
    made_text(host::errors)
}

fn last_error() -> StringRet {
    string(&host::take_last_error())
}

fn panic(message: JuliaString) -> i64 {
    answer(|| host::panic_on_purpose(text("message", message)?).map(|()| 0))
}

fn compare<T: Element, U: Element>(
    options: JuliaString,
    reference: TypedArray<T>,
    reference_observations: i64,
    current: TypedArray<U>,
    current_observations: i64,
) -> ValueRet {
    made_text(|| {
        let reference = tensor("reference", reference, reference_observations)?;
        let current = tensor("current", current, current_observations)?;
        host::compare_tensors(text("options", options)?, &reference, &current)
    })
}

fn moments<T: Element>(out: TypedArray<f64>, y: TypedArray<T>, observations: i64) -> i64 {
    let work = || {
        answer(|| {
            let batch = tensor("y", y, observations)?;
            let (was, expected) = (out.length(), host::MOMENTS * batch.features());
            if was != expected {
                return Err(Error::invalid("out", format!("{was} elements"), format!("{expected}, 5 a feature")));
            }
            // SAFETY: an `Array{Float64}` has that many elements, Julia roots a call's arguments during the call, and the
            // caller hands over an array that no one else uses meanwhile.
            let out = unsafe { std::slice::from_raw_parts_mut(out.data_ptr().cast::<f64>(), was) };
            host::moments(&batch, out);
            Ok(0)
        })
    };
    away_if(is_long(y.length()), work)
}

/// SAFETY: as [`left_behind::listen`], of the flag's address.
unsafe fn listen(flag: usize) {
    // SAFETY: by this function's contract.
    unsafe { left_behind::listen(flag as *const i32) }
}

fn shutdown() -> i64 {
    away(|| {
        answer(|| {
            engine::shutdown();
            Ok(0)
        })
    })
}

fn worker_running() -> i64 {
    answer(|| Ok(i64::from(engine::is_running())))
}
