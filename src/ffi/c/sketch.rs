//! Sketches that leave the machine, through the C ABI. The contract of pointers is the parent's.

use std::ffi::c_void;

use super::super::{raw::tensor, sketch};
use super::detector::slice;
use super::{FgText, answer32, borrow, borrow_mut, free, give, give_handle, text};
use crate::error::Error;
use crate::sketch::Sketch;

/// An empty sketch of this kind ([`crate::sketch::SketchKind`]) and size; 0 for the kind's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sketch_new(kind: *const u8, len: usize, size: u32, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give_handle(out, sketch::new(text("kind", kind, len)?, size)?) })
}

/// Reads a sketch of this kind from the bytes that any DataSketches library wrote.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sketch_read(
    kind: *const u8,
    kind_len: usize,
    bytes: *const u8,
    len: usize,
    out: *mut *mut c_void,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe { give_handle(out, sketch::read(text("kind", kind, kind_len)?, slice("bytes", bytes, len)?)?) }
    })
}

/// Takes in `len` numbers. Two threads must not change a sketch at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sketch_update(handle: *mut c_void, dtype: i32, data: *const c_void, len: usize) -> i32 {
    answer32(|| {
        if len == 0 {
            return Ok(0);
        }
        // SAFETY: the module's contract, and this function's.
        let (into, values) =
            unsafe { (borrow_mut::<Sketch>("sketch", handle)?, tensor("values", dtype, data, len, len)?) };
        sketch::update(into, &values).map(|()| 0)
    })
}

/// Takes in words: a JSON list of texts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sketch_update_words(handle: *mut c_void, words: *const u8, len: usize) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, and that of [`fg_sketch_update`].
        let (into, words) = unsafe { (borrow_mut::<Sketch>("sketch", handle)?, text("words", words, len)?) };
        sketch::update_words(into, words).map(|()| 0)
    })
}

/// Takes in what `from` has seen; the two must differ.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sketch_merge(into: *mut c_void, from: *const c_void) -> i32 {
    answer32(|| {
        if std::ptr::eq(into, from) {
            return Err(Error::invalid("other", "the sketch itself", "another sketch"));
        }
        // SAFETY: the module's contract, and they differ.
        let (into, from) = unsafe { (borrow_mut::<Sketch>("sketch", into)?, borrow::<Sketch>("other", from)?) };
        into.merge(from).map(|()| 0)
    })
}

/// The bytes of the sketch in the format of Apache DataSketches: not text, but given back to [`super::fg_text_free`] like text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sketch_bytes(handle: *const c_void, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, borrow::<Sketch>("sketch", handle)?.to_bytes()?) })
}

/// JSON of the answer to a question in JSON: `"describe"`, `{"quantiles": [0.5]}`, `"frequent"`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sketch_ask(
    handle: *const c_void,
    question: *const u8,
    len: usize,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        unsafe { give(out, sketch::ask(borrow::<Sketch>("sketch", handle)?, text("question", question, len)?)?) }
    })
}

/// Frees a sketch; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_sketch_free(handle: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Sketch>(handle) }
}
