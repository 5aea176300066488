//! Detectors of outliers.

use std::ffi::c_void;
use std::sync::Arc;

use super::border::{FgText, answer32, borrow, free, give, give_handle, load, save, slice, text};
use crate::error::{Error, Result};
use crate::ffi::detector::{self, Output};
use crate::ffi::host::answer;
use crate::ffi::map::read_only;
use crate::ffi::raw::tensor;
use crate::outlier::Fitted;
use crate::store;
use crate::tensor::Tensor;

/// JSON list of the names of all detectors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_names(out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, detector::names()?) })
}

/// Fits the detector of this name on a reference, by its options, `standardize` and `calibration` in JSON
/// ([`crate::outlier::Spec::new`]).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_fit(
    name: *const u8,
    name_len: usize,
    options: *const u8,
    options_len: usize,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    out: *mut *mut c_void,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let (name, options) = (text("detector", name, name_len)?, text("options", options, options_len)?);
            let reference = tensor("reference", dtype, data, len, observations)?;
            give_handle(out, Arc::new(detector::fit(name, options, &reference)?))
        }
    })
}

/// [`fg_detector_fit`] of a classifier: `labels` are the classes of the observations from 0, `labels_len` of them or none;
/// `weights`, feature fastest, `weights_len` of them, and `bias` of its `classes` are the last linear layer, or none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_fit_classifier(
    name: *const u8,
    name_len: usize,
    options: *const u8,
    options_len: usize,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    labels: *const u32,
    labels_len: usize,
    weights: *const f64,
    weights_len: usize,
    bias: *const f64,
    classes: usize,
    out: *mut *mut c_void,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let (name, options) = (text("detector", name, name_len)?, text("options", options, options_len)?);
            let reference = tensor("reference", dtype, data, len, observations)?;
            let labels = slice("labels", labels, labels_len)?;
            let head = (slice("weights", weights, weights_len)?, slice("bias", bias, classes)?);
            give_handle(out, Arc::new(detector::fit_classifier(name, options, &reference, labels, head)?))
        }
    })
}

/// Writes to `scores` and `p_values`, `out_len` numbers each, one an observation, what detectors that were fitted on other
/// observations of the same reference say of each: see [`crate::outlier::within`]. Arguments as of [`fg_detector_fit_classifier`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_score_within(
    name: *const u8,
    name_len: usize,
    options: *const u8,
    options_len: usize,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    labels: *const u32,
    labels_len: usize,
    weights: *const f64,
    weights_len: usize,
    bias: *const f64,
    classes: usize,
    scores: *mut f64,
    p_values: *mut f64,
    out_len: usize,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let (name, options) = (text("detector", name, name_len)?, text("options", options, options_len)?);
            let reference = tensor("reference", dtype, data, len, observations)?;
            let labels = slice("labels", labels, labels_len)?;
            let head = (slice("weights", weights, weights_len)?, slice("bias", bias, classes)?);
            if scores.is_null() || p_values.is_null() || out_len != observations {
                let was =
                    if out_len == observations { "a null pointer".to_owned() } else { format!("{out_len} elements") };
                return Err(Error::invalid("out", was, format!("places for {observations} numbers")));
            }
            // Whole before anything is written: the two may not overlap, and two slices of one place would be two borrowers.
            let (mut first, mut second) = (vec![0.0; out_len], vec![0.0; out_len]);
            detector::score_within(name, options, &reference, labels, head, (&mut first, &mut second))?;
            std::ptr::copy_nonoverlapping(first.as_ptr(), scores, out_len);
            std::ptr::copy_nonoverlapping(second.as_ptr(), p_values, out_len);
            Ok(0)
        }
    })
}

/// SAFETY: as the module's contract; `out` must be null or writable for `out_len` numbers.
unsafe fn write(
    output: Output,
    handle: *const c_void,
    batch: &Tensor<'_>,
    out: *mut f64,
    out_len: usize,
) -> Result<i32> {
    // SAFETY: by this function's contract.
    let fitted = unsafe { borrow::<Arc<Fitted>>("detector", handle)? };
    let expected = output.len(batch);
    if out.is_null() || out_len != expected {
        let was = if out.is_null() { "a null pointer".to_owned() } else { format!("{out_len} elements") };
        return Err(Error::invalid("out", was, format!("a place for {expected} numbers")));
    }
    // SAFETY: by this function's contract.
    output.write(fitted, batch, unsafe { std::slice::from_raw_parts_mut(out, out_len) }).map(|()| 0)
}

/// Writes one score an observation to `out`, NaN for one that is not finite. `out_len` must be the observations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_score(
    handle: *const c_void,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    out: *mut f64,
    out_len: usize,
) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe {
        write(Output::Scores, handle, &tensor("output", dtype, data, len, observations)?, out, out_len)
    })
}

/// Writes one p-value an observation to `out`: see [`Fitted::p_values`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_pvalues(
    handle: *const c_void,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    out: *mut f64,
    out_len: usize,
) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe {
        write(Output::PValues, handle, &tensor("output", dtype, data, len, observations)?, out, out_len)
    })
}

/// Writes what each feature adds to the score, an observation after the other: see [`Fitted::explain`]. `out_len` must be
/// `len`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_explain(
    handle: *const c_void,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    out: *mut f64,
    out_len: usize,
) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe {
        write(Output::Parts, handle, &tensor("output", dtype, data, len, observations)?, out, out_len)
    })
}

/// JSON of [`crate::outlier::fitted::Description`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_describe(handle: *const c_void, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, detector::describe(borrow::<Arc<Fitted>>("detector", handle)?)?) })
}

/// JSON of [`crate::outlier::threshold::Threshold`] by [`crate::outlier::threshold::Method`] in JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_threshold(
    handle: *const c_void,
    method: *const u8,
    len: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe {
            let (fitted, method) = (borrow::<Arc<Fitted>>("detector", handle)?, text("method", method, len)?);
            give(out, detector::threshold(fitted, method)?)
        }
    })
}

/// Saves a detector.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_save(handle: *const c_void, path: *const u8, len: usize) -> i32 {
    // SAFETY: the module's contract.
    unsafe { save::<Arc<Fitted>>("detector", handle, path, len, |fitted, path| store::save_detector(fitted, path)) }
}

/// Loads a detector.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_load(path: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    unsafe { load(path, len, out, |path| store::load_detector(path).map(Arc::new)) }
}

/// Loads a detector with its points left in the file, which is mapped: see [`crate::store::load_detector_mapped`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_load_mapped(path: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    unsafe { load(path, len, out, |path| store::load_detector_mapped(path, read_only).map(Arc::new)) }
}

/// A number that stands for the detector in the options of the next guard, `{"fitted": [number]}`: see [`detector::share`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_share(handle: *const c_void) -> i64 {
    // SAFETY: the module's contract.
    answer(|| Ok(detector::share(unsafe { borrow::<Arc<Fitted>>("detector", handle)? })))
}

/// Frees a detector; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_detector_free(handle: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Arc<Fitted>>(handle) }
}

/// JSON of [`crate::outlier::threshold::Threshold`] of scores of usual observations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_threshold(
    method: *const u8,
    method_len: usize,
    scores: *const f64,
    len: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe {
            give(out, detector::threshold_of(slice("scores", scores, len)?, text("method", method, method_len)?)?)
        }
    })
}

/// JSON of [`crate::outlier::threshold::curves::Quality`] of scores against labels, bytes that are 0 for usual observations,
/// at a threshold (NaN for none); with `curves` not 0 also `roc` and `precision_recall`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_quality(
    scores: *const f64,
    labels: *const u8,
    len: usize,
    threshold: f64,
    curves: i32,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe {
            let (scores, labels) = (slice("scores", scores, len)?, slice("labels", labels, len)?);
            give(out, detector::quality(scores, labels, threshold, curves != 0)?)
        }
    })
}

/// JSON list of [`crate::outlier::compare::Compared`], by `{"detectors": [{"detector": name, "options": {}}], "rate": 0.01}`.
/// `labels` are as many bytes as the batch has observations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_compare_detectors(
    options: *const u8,
    options_len: usize,
    reference_dtype: i32,
    reference: *const c_void,
    reference_len: usize,
    reference_observations: usize,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    labels: *const u8,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let options = text("options", options, options_len)?;
            let reference = tensor("reference", reference_dtype, reference, reference_len, reference_observations)?;
            let batch = tensor("current", dtype, data, len, observations)?;
            give(out, detector::compare(options, &reference, &batch, slice("labels", labels, observations)?)?)
        }
    })
}
