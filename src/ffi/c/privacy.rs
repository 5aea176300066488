//! Privacy: one function for all that is asked in JSON, and a few for arrays and for what has randomness.
//!
//! A handle may be used from several threads at once: they take turns.

use std::ffi::c_void;

use super::border::{FgText, answer32, borrow, free, give, give_handle, text};
use crate::ffi::gradients::{self, Arrays, FgParameter};
use crate::ffi::host::answer;
use crate::ffi::privacy::{Run, Sampler, ask};
use crate::privacy::release::Correlated;

/// Answers a question about accounting, calibration or state: JSON with `call` (`epsilon`, `noise_multiplier` ...) and
/// what that call takes, by the names of the Rust structs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_privacy_ask(question: *const u8, len: usize, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, ask(text("question", question, len)?)?) })
}

/// A new private run by [`crate::privacy::release::RunOptions`] in JSON: its randomness, and the ledger of what it releases.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_run_new(options: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give_handle(out, Run::new(text("options", options, len)?)?) })
}

/// Frees a run; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_run_free(run: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Run>(run) }
}

/// Answers a question about a run (JSON with `call`: `accountant`, `epsilon`, `steps`, `records`) and changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_run_ask(run: *const c_void, question: *const u8, len: usize, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, borrow::<Run>("run", run)?.ask(text("question", question, len)?)?) })
}

/// [`crate::privacy::clip::clip_sum`] of `parameters` arrays with `examples` each, by a
/// [`crate::privacy::clip::Clipping`] in JSON. Writes every example's norm to `norms`, and JSON of the rest of the report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_privacy_clip_sum(
    options: *const u8,
    len: usize,
    dtype: i32,
    table: *const FgParameter,
    parameters: usize,
    examples: usize,
    norms: *mut f64,
    out: *mut FgText,
) -> i32 {
    let arrays = Arrays { dtype, table, parameters, examples, norms };
    // SAFETY: the module's contract, and that of `Arrays`.
    answer32(|| unsafe { give(out, gradients::clip_sum(text("options", options, len)?, arrays)?) })
}

/// [`crate::privacy::release::PrivateRun::mean`] by JSON of `step` ([`crate::privacy::release::MeanOptions`]) and `lot`:
/// `"unknown"`, or `{"drawn": {"sampler": id, "number": draw}}`. Arrays and report as in [`fg_privacy_clip_sum`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_run_mean(
    run: *const c_void,
    options: *const u8,
    len: usize,
    dtype: i32,
    table: *const FgParameter,
    parameters: usize,
    examples: usize,
    norms: *mut f64,
    out: *mut FgText,
) -> i32 {
    let arrays = Arrays { dtype, table, parameters, examples, norms };
    answer32(|| {
        // SAFETY: the module's contract, and that of `Arrays`.
        unsafe {
            let run = borrow::<Run>("run", run)?;
            give(out, gradients::mean(run, text("options", options, len)?, arrays)?)
        }
    })
}

/// [`crate::privacy::release::PrivateRun::sum`] to the `out` of each parameter, in place, by JSON of `step`
/// ([`crate::privacy::release::SumOptions`]) and `lot`, as in [`fg_run_mean`]. `gradients` is not read; `norms` is, a number for
/// each of `examples`. Gives JSON of the adaptive norm that moved, or `null`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_run_sum(
    run: *const c_void,
    options: *const u8,
    len: usize,
    dtype: i32,
    table: *const FgParameter,
    parameters: usize,
    examples: usize,
    norms: *mut f64,
    out: *mut FgText,
) -> i32 {
    let arrays = Arrays { dtype, table, parameters, examples, norms };
    answer32(|| {
        // SAFETY: the module's contract, and that of `Arrays`.
        unsafe {
            let run = borrow::<Run>("run", run)?;
            give(out, gradients::sum(run, text("options", options, len)?, arrays)?)
        }
    })
}

/// [`crate::privacy::release::PrivateRun::count`] by the norms of a lot, and JSON of `step` (`clip`, `expected_lot_size`) and
/// `lot`; gives JSON of the `clip` after it and the `step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_run_count(
    run: *const c_void,
    options: *const u8,
    len: usize,
    norms: *const f64,
    examples: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe {
            let run = borrow::<Run>("run", run)?;
            give(out, gradients::count(run, text("options", options, len)?, norms, examples)?)
        }
    })
}

/// A new Poisson sampler by JSON of `dataset_size`, `sample_rate`, `max_lot`, and for tests `seed` and `pass`. Its draws are in
/// order: one sampler for each pass over the data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sampler_new(options: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give_handle(out, Sampler::new(text("options", options, len)?)?) })
}

/// The sampler's number in this process, by which a release names its lot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sampler_id(sampler: *const c_void) -> i64 {
    // SAFETY: the module's contract.
    answer(|| Ok(unsafe { borrow::<Sampler>("sampler", sampler)? }.id()))
}

/// Draws the next lot at `rate` and returns how large it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sampler_draw(sampler: *const c_void, rate: f64) -> i64 {
    // SAFETY: the module's contract.
    answer(|| unsafe { borrow::<Sampler>("sampler", sampler)? }.draw(rate))
}

/// Writes the lot that was drawn last, `len` indices from 0, in order, and returns the number of its draw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sampler_take(sampler: *const c_void, out: *mut i64, len: usize) -> i64 {
    // SAFETY: the module's contract; `out` must be writable for `len` numbers.
    answer(|| unsafe { borrow::<Sampler>("sampler", sampler)?.take(gradients::numbers("out", out, len)?) })
}

/// Takes a draw as released by a worker's part, and gives JSON of what it costs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sampler_spend(sampler: *const c_void, draw: u64, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, borrow::<Sampler>("sampler", sampler)?.spend(draw)?) })
}

/// Frees a sampler; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sampler_free(sampler: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Sampler>(sampler) }
}

/// Begins correlated noise, and charges all of it, by JSON of `dimension`, `mechanism` (`tree`, `banded`) and the names of
/// [`crate::privacy::noise::TreeOptions`] or [`crate::privacy::release::BandedRun`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_run_begin(
    run: *const c_void,
    options: *const u8,
    len: usize,
    out: *mut *mut c_void,
) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give_handle(out, borrow::<Run>("run", run)?.begin(text("options", options, len)?)?) })
}

/// Replaces the clipped sum of this step, `len` numbers, by its private release. `examples` names who takes part by
/// `count` numbers; null and 0: nobody says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_correlated_step(
    correlated: *const c_void,
    sum: *mut f64,
    len: usize,
    examples: *const u64,
    count: usize,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract; `sum` must be writable for `len` numbers, `examples` readable for `count`.
        unsafe {
            let correlated = borrow::<Correlated>("correlated", correlated)?;
            correlated.step(gradients::numbers("sum", sum, len)?, gradients::names(examples, count)?).map(|()| 0)
        }
    })
}

/// Frees a mechanism; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_correlated_free(correlated: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Correlated>(correlated) }
}

#[cfg(test)]
mod tests;
