//! Privacy: one function for all that is asked in JSON, and a few for arrays and for what has randomness.
//!
//! A handle may be used from several threads at once: they take turns.

use std::ffi::c_void;

use super::border::{FgText, answer32, borrow, free, give, give_handle, text};
use crate::ffi::gradients::{self, Arrays, FgParameter};
use crate::ffi::host::answer;
use crate::ffi::privacy::{Correlated, Noise, Sampler, ask};

/// Answers a question about accounting, calibration or state: JSON with `call` (`epsilon`, `noise_multiplier` ...) and
/// what that call takes, by the names of the Rust structs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_privacy_ask(question: *const u8, len: usize, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, ask(text("question", question, len)?)?) })
}

/// A new source of randomness, keyed by the operating system; with `seeded` not 0 by `seed`, which is **not private**.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_noise_new(seeded: i32, seed: u64, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give_handle(out, Noise::new((seeded != 0).then_some(seed))?) })
}

/// Frees a source of randomness; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_noise_free(noise: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Noise>(noise) }
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

/// [`crate::privacy::release::private_mean`] by [`crate::privacy::release::PrivateMeanOptions`] in JSON; arrays and
/// report as in [`fg_privacy_clip_sum`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_privacy_mean(
    noise: *const c_void,
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
            let noise = borrow::<Noise>("noise", noise)?;
            give(out, gradients::private_mean(noise, text("options", options, len)?, arrays)?)
        }
    })
}

/// [`crate::privacy::release::add_noise`] to the `out` of each parameter, in place, by JSON of `sensitivity`,
/// `noise_multiplier` and `noise`. `gradients` is not read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_privacy_noise(
    noise: *const c_void,
    options: *const u8,
    len: usize,
    dtype: i32,
    table: *const FgParameter,
    parameters: usize,
) -> i32 {
    let arrays = Arrays { dtype, table, parameters, examples: 0, norms: std::ptr::null_mut() };
    answer32(|| {
        // SAFETY: the module's contract, and that of `Arrays`.
        unsafe {
            let noise = borrow::<Noise>("noise", noise)?;
            gradients::add_noise(noise, text("options", options, len)?, arrays).map(|()| 0)
        }
    })
}

/// [`crate::privacy::clip::AdaptiveClip::update`] by the norms of a lot, and JSON of the `clip` and `expected_lot_size`;
/// gives JSON of the `clip` after it and the `step`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_privacy_adapt(
    noise: *const c_void,
    options: *const u8,
    len: usize,
    norms: *const f64,
    examples: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe {
            let noise = borrow::<Noise>("noise", noise)?;
            give(out, gradients::adapt(noise, text("options", options, len)?, norms, examples)?)
        }
    })
}

/// A new Poisson sampler by JSON of `dataset_size`, `sample_rate` and `max_lot`, with randomness of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sampler_new(
    noise: *const c_void,
    options: *const u8,
    len: usize,
    out: *mut *mut c_void,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe {
            let noise = borrow::<Noise>("noise", noise)?;
            give_handle(out, Sampler::new(text("options", options, len)?, noise)?)
        }
    })
}

/// Draws the next lot and returns how large it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sampler_draw(sampler: *const c_void) -> i64 {
    // SAFETY: the module's contract.
    answer(|| Ok(unsafe { borrow::<Sampler>("sampler", sampler)? }.draw()))
}

/// Writes the lot that was drawn last: `len` indices from 0, in order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sampler_take(sampler: *const c_void, out: *mut i64, len: usize) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract; `out` must be writable for `len` numbers.
        unsafe { borrow::<Sampler>("sampler", sampler)?.take(gradients::numbers("out", out, len)?) }.map(|()| 0)
    })
}

/// Frees a sampler; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sampler_free(sampler: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Sampler>(sampler) }
}

/// A new mechanism with correlated noise by JSON of `mechanism` (`tree`, `banded`), `dimension` and the names of
/// [`crate::privacy::noise::TreeOptions`] or [`crate::privacy::noise::BandedOptions`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_correlated_new(
    noise: *const c_void,
    options: *const u8,
    len: usize,
    out: *mut *mut c_void,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe {
            let noise = borrow::<Noise>("noise", noise)?;
            give_handle(out, Correlated::new(text("options", options, len)?, noise)?)
        }
    })
}

/// Replaces the clipped sum of this step, `len` numbers, by its private release.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_correlated_step(correlated: *const c_void, sum: *mut f64, len: usize) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract; `sum` must be writable for `len` numbers.
        unsafe { borrow::<Correlated>("correlated", correlated)?.step(gradients::numbers("sum", sum, len)?) }
            .map(|()| 0)
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
