//! Sketches that leave the machine, through the C ABI. The contract of pointers is the parent's.

use std::ffi::c_void;

use super::border::{FgText, answer32, borrow, borrow_mut, free, give, give_handle, slice, text};
use crate::error::Error;
use crate::ffi::raw::tensor;
use crate::ffi::sketch;
use crate::profile::Profile;
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

/// A sketch of what a profile keeps: `kll` of `feature` (from 0), or, with -1, `frequent-items` of the predicted classes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_sketch(
    profile: *const c_void,
    kind: *const u8,
    len: usize,
    feature: i64,
    out: *mut *mut c_void,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let profile = borrow::<Profile>("profile", profile)?;
            give_handle(out, sketch::of_profile(profile, text("kind", kind, len)?, feature)?)
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::c::FLOAT64;
    use crate::ffi::c::tests::told;

    #[test]
    fn there_and_back_and_null_pointers() {
        let empty = || FgText { ptr: std::ptr::null_mut(), len: 0 };
        let (mut handle, mut back) = (std::ptr::null_mut(), std::ptr::null_mut());
        let x = [3.0f64, 1.0, 2.0];
        let ask = b"{\"quantiles\":[0,1]}";
        // SAFETY: all pointers are those of living values, or null on purpose.
        unsafe {
            assert_eq!(fg_sketch_new(b"kll".as_ptr(), 3, 0, &raw mut handle), 0);
            assert_eq!(fg_sketch_update(handle, FLOAT64, x.as_ptr().cast(), 3), 0);
            assert_eq!(fg_sketch_update(handle, FLOAT64, std::ptr::null(), 0), 0);
            let mut bytes = empty();
            assert_eq!(fg_sketch_bytes(handle, &raw mut bytes), 0);
            let bytes = told(&bytes);
            assert_eq!(fg_sketch_read(b"kll".as_ptr(), 3, bytes.as_ptr(), bytes.len(), &raw mut back), 0);
            assert_eq!(fg_sketch_merge(back, handle), 0);
            let mut answer = empty();
            assert_eq!(fg_sketch_ask(back, ask.as_ptr(), ask.len(), &raw mut answer), 0);
            assert_eq!(told(&answer), b"[1.0,3.0]");
            assert_eq!(fg_sketch_merge(back, back), -100);
            assert_eq!(fg_sketch_merge(back, std::ptr::null()), -100);
            assert_eq!(fg_sketch_ask(back, std::ptr::null(), 4, &raw mut answer), -100);
            assert_eq!(fg_sketch_read(b"kll".as_ptr(), 3, std::ptr::null(), 9, &raw mut handle), -100);
            assert_eq!(fg_sketch_read(b"kll".as_ptr(), 3, bytes.as_ptr(), bytes.len() - 1, &raw mut handle), -401);
            assert_eq!(fg_sketch_update_words(back, b"[\"a\"]".as_ptr(), 5), -204);
            assert_eq!(fg_sketch_bytes(std::ptr::null(), &raw mut answer), -100);
            fg_sketch_free(handle);
            fg_sketch_free(back);
            fg_sketch_free(std::ptr::null_mut());
        }
    }
}
