//! Estimates of performance, and labels that come late, through the C ABI. The contract of pointers is the parent's.

use std::ffi::c_void;

use super::border::{FgText, answer32, borrow, borrow_mut, free, give, give_handle, load, save, slice, text};
use crate::ffi::raw::tensor;
use crate::ffi::{host, performance};
use crate::performance::{Estimator, LateLabels};
use crate::store;

/// Fits an estimator on a labelled reference, by [`crate::performance::Options`] in JSON. No predictions: a null pointer or length 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_performance_fit(
    options: *const u8,
    options_len: usize,
    dtype: i32,
    scores: *const c_void,
    len: usize,
    observations: usize,
    predictions: *const f64,
    predictions_len: usize,
    labels: *const f64,
    labels_len: usize,
    out: *mut *mut c_void,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let options = text("options", options, options_len)?;
            let scores = tensor("reference", dtype, scores, len, observations)?;
            let predictions = slice("predictions", predictions, predictions_len)?;
            let labels = slice("labels", labels, labels_len)?;
            give_handle(out, performance::fit(options, scores, predictions, labels)?)
        }
    })
}

/// JSON of [`crate::performance::Estimate`]. No predictions, no labels: a null pointer or length 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_performance_estimate(
    estimator: *const c_void,
    dtype: i32,
    scores: *const c_void,
    len: usize,
    observations: usize,
    predictions: *const f64,
    predictions_len: usize,
    labels: *const f64,
    labels_len: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let estimator = borrow::<Estimator>("estimator", estimator)?;
            let scores = tensor("current", dtype, scores, len, observations)?;
            let predictions = slice("predictions", predictions, predictions_len)?;
            let labels = slice("labels", labels, labels_len)?;
            give(out, performance::estimate(estimator, scores, predictions, labels)?)
        }
    })
}

/// JSON of [`crate::performance::Description`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_performance_describe(estimator: *const c_void, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::json(&borrow::<Estimator>("estimator", estimator)?.describe())?) })
}

/// Saves an estimator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_performance_save(estimator: *const c_void, path: *const u8, len: usize) -> i32 {
    // SAFETY: the module's contract.
    unsafe { save::<Estimator>("estimator", estimator, path, len, store::save_estimator) }
}

/// Loads an estimator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_performance_load(path: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    unsafe { load(path, len, out, store::load_estimator) }
}

/// Frees an estimator; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_performance_free(estimator: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Estimator>(estimator) }
}

/// A join of late labels, by [`crate::performance::LateOptions`] in JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_late_new(options: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give_handle(out, performance::late_new(text("options", options, len)?)?) })
}

/// Takes in `len` predictions made at `time` (NaN for none), `signed`: whether ids are signed (0: not); JSON list of
/// [`crate::performance::late::Detection`], ids as text. Two threads must not do this, or [`fg_late_label`], at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_late_record(
    late: *mut c_void,
    ids: *const u64,
    signed: u8,
    predictions: *const f64,
    len: usize,
    time: f64,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, and this function's.
        unsafe {
            let late = borrow_mut::<LateLabels>("late", late)?;
            let (ids, predictions) = (slice("ids", ids, len)?, slice("predictions", predictions, len)?);
            give(out, performance::late_record(late, (ids, signed), predictions, time)?)
        }
    })
}

/// Takes in `len` labels that came at `time` (NaN for none), as [`fg_late_record`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_late_label(
    late: *mut c_void,
    ids: *const u64,
    signed: u8,
    labels: *const f64,
    len: usize,
    time: f64,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, and this function's.
        unsafe {
            let late = borrow_mut::<LateLabels>("late", late)?;
            let (ids, labels) = (slice("ids", ids, len)?, slice("labels", labels, len)?);
            give(out, performance::late_label(late, (ids, signed), labels, time)?)
        }
    })
}

/// JSON of [`crate::performance::late::LateDescription`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_late_describe(late: *const c_void, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::json(&borrow::<LateLabels>("late", late)?.describe())?) })
}

/// Saves a join with all that waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_late_save(late: *const c_void, path: *const u8, len: usize) -> i32 {
    // SAFETY: the module's contract.
    unsafe { save::<LateLabels>("late", late, path, len, store::save_late_labels) }
}

/// Loads a join.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_late_load(path: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    unsafe { load(path, len, out, store::load_late_labels) }
}

/// Frees a join; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_late_free(late: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<LateLabels>(late) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::c::{FLOAT64, fg_text_free};

    #[test]
    fn null_pointers_are_nothing_given_or_an_error() {
        let scores: Vec<f64> = (0..40).map(|i| f64::from(i) / 40.0).collect();
        let labels: Vec<f64> = (0..40).map(|i| f64::from(i % 3 % 2)).collect();
        let options = b"{\"chunk_size\":10}";
        let (mut handle, mut late) = (std::ptr::null_mut(), std::ptr::null_mut());
        let mut answer = FgText { ptr: std::ptr::null_mut(), len: 0 };
        let none = std::ptr::null::<f64>();
        let data = scores.as_ptr().cast::<c_void>();
        // SAFETY: all pointers are those of living values, or null on purpose.
        unsafe {
            let fit = |labels: *const f64, n: usize, out| {
                fg_performance_fit(options.as_ptr(), options.len(), FLOAT64, data, 40, 40, none, 0, labels, n, out)
            };
            assert_eq!(fit(none, 40, &raw mut handle), -100);
            assert_eq!(fit(labels.as_ptr(), 40, std::ptr::null_mut()), -100);
            assert_eq!(fit(labels.as_ptr(), 40, &raw mut handle), 0);
            let estimate = |h, out| fg_performance_estimate(h, FLOAT64, data, 40, 40, none, 0, none, 0, out);
            assert_eq!(estimate(handle, &raw mut answer), 0);
            fg_text_free(answer.ptr, answer.len);
            assert_eq!(estimate(std::ptr::null_mut(), &raw mut answer), -100);
            assert_eq!(fg_late_new(std::ptr::null(), 0, &raw mut late), 0);
            assert_eq!(fg_late_record(late, std::ptr::null(), 0, none, 1, f64::NAN, &raw mut answer), -100);
            assert_eq!(fg_late_record(late, [1u64].as_ptr(), 1, labels.as_ptr(), 1, f64::NAN, &raw mut answer), 0);
            fg_text_free(answer.ptr, answer.len);
            assert_eq!(fg_late_label(std::ptr::null_mut(), [1u64].as_ptr(), 0, none, 1, 0.0, &raw mut answer), -100);
            fg_performance_free(handle);
            fg_late_free(late);
            fg_late_free(std::ptr::null_mut());
        }
    }
}
