//! What crosses: handles that Julia owns, arrays and texts of arguments, and new values.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicPtr, Ordering};

use half::f16;
use jlrs::convert::into_julia::IntoJulia;
use jlrs::data::managed::string::StringRet;
use jlrs::data::managed::value::ValueRet;
use jlrs::data::types::construct_type::ConstructType;
use jlrs::memory::gc::gc_safe;
use jlrs::prelude::*;
use jlrs::weak_handle_unchecked;

use crate::error::{Error, Result};
use crate::ffi::host::{self, contained};
use crate::ffi::raw;
use crate::tensor::Tensor;

/// A value that Julia drops. Julia may do so by `finalize`, or at its end in any order, and call again: then it is null.
pub(super) struct Held<T>(AtomicPtr<T>, PhantomData<T>);

impl<T> Held<T> {
    pub(super) fn new(value: T) -> Self {
        Held(AtomicPtr::new(Box::into_raw(Box::new(value))), PhantomData)
    }

    pub(super) fn get(&self, argument: &'static str) -> Result<&T> {
        // SAFETY: the pointer comes from a box that only `drop` frees, which leaves null; Julia does that when no call can
        // be under way, or is told to by `finalize`, whose caller vouches for that.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
            .ok_or_else(|| Error::invalid(argument, "a handle that was finalized", "a living handle"))
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        let value = self.0.swap(std::ptr::null_mut(), Ordering::AcqRel);
        if !value.is_null() {
            // SAFETY: it comes from a box, and was swapped out.
            let value = unsafe { Box::from_raw(value) };
            // Nobody can be told of an error in a finalizer.
            let _ = contained(|| {
                drop(value);
                Ok(())
            });
        }
    }
}

/// An element type that the kernels read.
pub(super) trait Element: ConstructType {
    const DTYPE: i32;
}
impl Element for f16 {
    const DTYPE: i32 = raw::FLOAT16;
}
impl Element for f32 {
    const DTYPE: i32 = raw::FLOAT32;
}
impl Element for f64 {
    const DTYPE: i32 = raw::FLOAT64;
}

/// The array of an argument, in place.
pub(super) fn tensor<'a, T: Element>(
    argument: &'static str,
    array: TypedArray<'a, '_, T>,
    observations: i64,
) -> Result<Tensor<'a>> {
    // SAFETY: an `Array{T}` has that many elements of that type, and Julia roots a call's arguments during the call.
    unsafe { raw::tensor(argument, T::DTYPE, array.data_ptr(), array.length(), size("observations", observations)?) }
}

/// The elements of an argument, in place; none of an empty array.
pub(super) fn elements<'a, T: ConstructType>(array: TypedArray<'a, '_, T>) -> &'a [T] {
    match array.length() {
        0 => &[],
        // SAFETY: an `Array{T}` has that many elements of that type, and Julia roots a call's arguments during the call.
        n => unsafe { std::slice::from_raw_parts(array.data_ptr().cast::<T>(), n) },
    }
}

pub(super) fn size(argument: &'static str, value: i64) -> Result<usize> {
    usize::try_from(value).map_err(|_| Error::invalid(argument, value, "a number from 0"))
}

/// All of the text, as on the C face: `JuliaString::as_str` ends at the first NUL, and a path that is cut is another path.
pub(super) fn text<'a>(argument: &'static str, value: JuliaString<'a>) -> Result<&'a str> {
    std::str::from_utf8(value.as_bytes())
        .map_err(|_| Error::invalid(argument, "bytes that are no text", "text in UTF-8"))
}

/// Runs `work` while other threads may collect garbage. No Julia function may be called in it.
pub(super) fn away<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: called from Julia's threads only; callers do not call Julia in `work`, and hold no lock after it.
    unsafe { gc_safe(work) }
}

/// Elements from which on a pass over them is GC-safe: below, it takes a few microseconds, as other C calls do.
const LONG: usize = 1 << 11;

/// Whether a pass over so many elements would hold up a garbage collection.
pub(super) fn is_long(elements: usize) -> bool {
    elements >= LONG
}

/// [`away`], if `long`.
pub(super) fn away_if<T>(long: bool, work: impl FnOnce() -> T) -> T {
    if long { away(work) } else { work() }
}

/// A new value on Julia's heap. What an exported function returns needs no root.
pub(super) fn value(value: impl IntoJulia) -> ValueRet {
    // SAFETY: exported functions are called from Julia's threads.
    let julia = unsafe { weak_handle_unchecked!() };
    julia.local_scope::<_, 1>(|mut frame| Value::new(&mut frame, value).leak())
}

/// A new text on Julia's heap.
pub(super) fn string(text: &str) -> StringRet {
    // SAFETY: exported functions are called from Julia's threads.
    let julia = unsafe { weak_handle_unchecked!() };
    julia.local_scope::<_, 1>(|mut frame| JuliaString::new(&mut frame, text).leak())
}

/// Runs long `work` and gives Julia what `give` makes of its result, or minus the error's code.
pub(super) fn made<T>(work: impl FnOnce() -> Result<T>, give: impl FnOnce(T) -> ValueRet) -> ValueRet {
    match away(|| contained(work)) {
        Ok(result) => give(result),
        Err(error) => value(host::refuse(&error)),
    }
}

pub(super) fn made_text(work: impl FnOnce() -> Result<String>) -> ValueRet {
    // SAFETY: the string was made just before, and nothing collects garbage before it is returned.
    made(work, |text| unsafe { string(&text).as_value() }.leak())
}

/// As [`made_text`], of bytes that need not be text: a Julia `String` holds any.
pub(super) fn made_bytes(work: impl FnOnce() -> Result<Vec<u8>>) -> ValueRet {
    made(work, |bytes| {
        // SAFETY: exported functions are called from Julia's threads.
        let julia = unsafe { weak_handle_unchecked!() };
        julia.local_scope::<_, 1>(|mut frame| JuliaString::new_bytes(&mut frame, bytes).as_value().leak())
    })
}
