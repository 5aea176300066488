//! What crosses: pointers of arguments become texts, arrays and handles, and results are given away.

use std::ffi::c_void;
use std::path::Path;

use crate::error::{Error, Result};
use crate::ffi::host::answer;

/// Text owned by the library until it is given to [`super::fg_text_free`].
#[repr(C)]
#[derive(Debug)]
pub struct FgText {
    /// UTF-8 bytes (of a sketch: its bytes), not ended by zero.
    pub ptr: *mut u8,
    /// Their number.
    pub len: usize,
}

pub(super) fn answer32(work: impl FnOnce() -> Result<i32>) -> i32 {
    // Codes and values here are small by construction.
    answer(|| work().map(i64::from)) as i32
}

/// SAFETY: `ptr` must be readable for `len` bytes, or `len` be 0.
pub(super) unsafe fn text<'a>(argument: &'static str, ptr: *const u8, len: usize) -> Result<&'a str> {
    if len == 0 {
        return Ok("");
    }
    if ptr.is_null() {
        return Err(Error::invalid(argument, "a null pointer", "text"));
    }
    // SAFETY: by this function's contract.
    let bytes = unsafe { std::slice::from_raw_parts(ptr, len) };
    std::str::from_utf8(bytes).map_err(|e| Error::invalid(argument, e, "text in UTF-8"))
}

/// SAFETY: `data` must be readable for `len` elements, or be null.
pub(super) unsafe fn slice<'a, T>(argument: &'static str, data: *const T, len: usize) -> Result<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Error::invalid(argument, "a null pointer", "an array"));
    }
    // SAFETY: by this function's contract.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// SAFETY: `data` must be writable for `len` elements, by no one else meanwhile, or be null.
pub(super) unsafe fn slice_mut<'a, T>(argument: &'static str, data: *mut T, len: usize) -> Result<&'a mut [T]> {
    if len == 0 {
        return Ok(&mut []);
    }
    if data.is_null() {
        return Err(Error::invalid(argument, "a null pointer", "an array"));
    }
    // SAFETY: by this function's contract.
    Ok(unsafe { std::slice::from_raw_parts_mut(data, len) })
}

/// SAFETY: `out` must be null or writable.
pub(super) unsafe fn give(out: *mut FgText, value: impl Into<Vec<u8>>) -> Result<i32> {
    if out.is_null() {
        return Err(Error::invalid("out", "a null pointer", "a place for the result"));
    }
    let bytes = value.into().into_boxed_slice();
    let text = FgText { len: bytes.len(), ptr: Box::into_raw(bytes).cast() };
    // SAFETY: by this function's contract.
    unsafe { out.write(text) };
    Ok(0)
}

/// SAFETY: `handle` must be null or come from `Box::into_raw` of a `T` that lives.
pub(super) unsafe fn borrow<'a, T>(argument: &'static str, handle: *const c_void) -> Result<&'a T> {
    // SAFETY: by this function's contract.
    unsafe { handle.cast::<T>().as_ref() }.ok_or_else(|| Error::invalid(argument, "a null pointer", "a handle"))
}

/// SAFETY: as [`borrow`], and nobody else uses the handle during the call.
pub(super) unsafe fn borrow_mut<'a, T>(argument: &'static str, handle: *mut c_void) -> Result<&'a mut T> {
    // SAFETY: by this function's contract.
    unsafe { handle.cast::<T>().as_mut() }.ok_or_else(|| Error::invalid(argument, "a null pointer", "a handle"))
}

/// SAFETY: `out` must be null or writable.
pub(super) unsafe fn give_handle<T>(out: *mut *mut c_void, value: T) -> Result<i32> {
    if out.is_null() {
        return Err(Error::invalid("out", "a null pointer", "a place for the handle"));
    }
    // SAFETY: by this function's contract.
    unsafe { out.write(Box::into_raw(Box::new(value)).cast()) };
    Ok(0)
}

/// SAFETY: `handle` must be null or come from `give_handle` with this type, and is used no more.
pub(super) unsafe fn free<T>(handle: *mut c_void) {
    if !handle.is_null() {
        answer(|| {
            // SAFETY: by this function's contract.
            drop(unsafe { Box::from_raw(handle.cast::<T>()) });
            Ok(0)
        });
    }
}

/// Saves what a handle holds.
///
/// SAFETY: as [`borrow`] and [`text`].
pub(super) unsafe fn save<T>(
    argument: &'static str,
    handle: *const c_void,
    path: *const u8,
    len: usize,
    save: impl FnOnce(&T, &Path) -> Result<()>,
) -> i32 {
    answer32(|| {
        // SAFETY: by this function's contract.
        let (value, path) = unsafe { (borrow::<T>(argument, handle)?, text("path", path, len)?) };
        save(value, path.as_ref()).map(|()| 0)
    })
}

/// Gives a handle to what is loaded.
///
/// SAFETY: as [`text`] and [`give_handle`].
pub(super) unsafe fn load<T>(
    path: *const u8,
    len: usize,
    out: *mut *mut c_void,
    load: impl FnOnce(&Path) -> Result<T>,
) -> i32 {
    // SAFETY: by this function's contract.
    answer32(|| unsafe { give_handle(out, load(text("path", path, len)?.as_ref())?) })
}
