//! References prepared once for many comparisons, and many tests at once, through the C ABI. The contract of pointers is the parent's.

use std::ffi::c_void;
use std::sync::Arc;

use super::border::{FgText, answer32, borrow, free, give, give_handle, load, save, slice, text};
use crate::drift::reference::Reference;
use crate::ffi::raw::tensor;
use crate::ffi::{host, several};
use crate::store;

/// A reference of `len` numbers, prepared for comparisons.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_reference_new(
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    out: *mut *mut c_void,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        let reference = host::reference_new(&unsafe { tensor("reference", dtype, data, len, observations)? })?;
        // SAFETY: the module's contract.
        unsafe { give_handle(out, reference) }
    })
}

/// As [`super::fg_compare`], against a prepared reference. Threads may do this at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_reference_compare(
    reference: *const c_void,
    options: *const u8,
    options_len: usize,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let reference = borrow::<Arc<Reference>>("reference", reference)?;
            let options = text("options", options, options_len)?;
            let current = tensor("current", dtype, data, len, observations)?;
            give(out, host::reference_compare(reference, options, &current)?)
        }
    })
}

/// JSON `{"features", "observations"}`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_reference_describe(reference: *const c_void, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::reference_describe(borrow::<Arc<Reference>>("reference", reference)?)?) })
}

/// Saves a reference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_reference_save(reference: *const c_void, path: *const u8, len: usize) -> i32 {
    // SAFETY: the module's contract.
    unsafe { save::<Arc<Reference>>("reference", reference, path, len, |it, path| store::save_reference(it, path)) }
}

/// Loads a reference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_reference_load(path: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    unsafe { load(path, len, out, |path| store::load_reference(path).map(Arc::new)) }
}

/// Frees a reference; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_reference_free(reference: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Arc<Reference>>(reference) }
}

/// JSON list of `len` p-values, adjusted by a [`crate::stats::multiple::Correction`] (`holm`, `benjamini-hochberg`, ...).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_adjust(
    correction: *const u8,
    correction_len: usize,
    p_values: *const f64,
    len: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let correction = text("correction", correction, correction_len)?;
            give(out, several::adjust(correction, slice("p_values", p_values, len)?)?)
        }
    })
}

/// JSON list of the hypotheses (from 0) that e-BH rejects by `len` e-values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_e_bh(e_values: *const f64, len: usize, alpha: f64, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, several::e_bh(slice("e_values", e_values, len)?, alpha)?) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::c::tests::told;
    use crate::ffi::c::{FLOAT64, fg_compare};

    #[test]
    fn there_and_back_and_null_pointers() {
        let empty = || FgText { ptr: std::ptr::null_mut(), len: 0 };
        let x: Vec<f64> = (0..200).map(|i| f64::from(i).sin()).collect();
        let mut handle = std::ptr::null_mut();
        let (mut a, mut b) = (empty(), empty());
        // SAFETY: all pointers are those of living values, or null on purpose.
        unsafe {
            assert_eq!(fg_reference_new(FLOAT64, x.as_ptr().cast(), 200, 100, &raw mut handle), 0);
            let current = x[20..].as_ptr().cast();
            assert_eq!(fg_reference_compare(handle, std::ptr::null(), 0, FLOAT64, current, 100, 50, &raw mut a), 0);
            let of_sample = fg_compare(
                std::ptr::null(),
                0,
                FLOAT64,
                x.as_ptr().cast(),
                200,
                100,
                FLOAT64,
                current,
                100,
                50,
                &raw mut b,
            );
            assert_eq!((of_sample, told(&a)), (0, told(&b)));
            assert_eq!(fg_reference_describe(handle, &raw mut a), 0);
            assert_eq!(told(&a), b"{\"features\":2,\"observations\":100}");
            assert_eq!(
                fg_reference_compare(std::ptr::null(), std::ptr::null(), 0, FLOAT64, current, 100, 50, &raw mut a),
                -100
            );
            assert_eq!(fg_reference_save(handle, b"/no/such/folder/r".as_ptr(), 17), -400);
            assert_eq!(fg_reference_load(b"/no/such/file".as_ptr(), 13, &raw mut handle), -400);
            fg_reference_free(handle);
            fg_reference_free(std::ptr::null_mut());
            let p = [0.01, 0.04, 0.5];
            assert_eq!(fg_adjust(b"bonferroni".as_ptr(), 10, p.as_ptr(), 3, &raw mut a), 0);
            assert_eq!(told(&a), b"[0.03,0.12,1.0]");
            assert_eq!(fg_adjust(b"none".as_ptr(), 4, p.as_ptr(), 3, &raw mut a), -100);
            assert_eq!(fg_adjust(b"holm".as_ptr(), 4, std::ptr::null(), 3, &raw mut a), -100);
            let e = [1.0, 50.0, f64::INFINITY, 20.0];
            assert_eq!(fg_e_bh(e.as_ptr(), 4, 0.1, &raw mut a), 0);
            assert_eq!(told(&a), b"[1,2,3]");
            assert_eq!(fg_e_bh(e.as_ptr(), 4, 1.0, &raw mut a), -100);
        }
    }
}
