//! Detectors of sequences. The contract of pointers is the parent's.

use std::ffi::c_void;

use super::border::{FgText, answer32, borrow, free, give, give_handle, load, save, text};
use crate::ffi::sequence;
use crate::sequence::SequenceDetector;
use crate::store;

/// JSON list of the names of all detectors of sequences.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sequence_names(out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, sequence::names()?) })
}

/// Fits the detector of this name on a JSON list of sequences (texts, or lists of symbols), by its options in JSON
/// ([`crate::sequence::SequenceSpec::new`]).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sequence_fit(
    name: *const u8,
    name_len: usize,
    options: *const u8,
    options_len: usize,
    reference: *const u8,
    reference_len: usize,
    out: *mut *mut c_void,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let (name, options) = (text("detector", name, name_len)?, text("options", options, options_len)?);
            give_handle(out, sequence::fit(name, options, text("reference", reference, reference_len)?)?)
        }
    })
}

/// Answers `{"ask": "score", "sequences": [...]}`, and likewise `p-values`, `explain` and `categories`; `{"ask": "threshold",
/// "method": {...}}`; `{"ask": "describe"}`: JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sequence_ask(
    handle: *const c_void,
    question: *const u8,
    len: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe {
            let detector = borrow::<SequenceDetector>("detector", handle)?;
            give(out, sequence::ask(detector, text("question", question, len)?)?)
        }
    })
}

/// Saves a detector.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sequence_save(handle: *const c_void, path: *const u8, len: usize) -> i32 {
    // SAFETY: the module's contract.
    unsafe { save::<SequenceDetector>("detector", handle, path, len, store::save_sequence_detector) }
}

/// Loads a detector.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sequence_load(path: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    unsafe { load(path, len, out, store::load_sequence_detector) }
}

/// Frees a detector; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sequence_free(handle: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<SequenceDetector>(handle) }
}
