//! What a host's raw pointers become: texts, arrays, handles, and a function that wakes the host.

use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::AtomicI32;

use super::array::{Array, ElementType, FLOAT16, FLOAT32, FLOAT64, Lent};
use super::handle::{Handle, Held};
use crate::error::{Error, Result};
use crate::guard::Wake;
use crate::tensor::{Elements, Tensor};

/// Or-ed into the element type when the host had to copy the array before the call.
pub const COPIED: i32 = 256;
/// Or-ed into the element type of an array that the call may write to.
pub const WRITABLE: i32 = 512;

/// An array that a host lends for the length of a call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct FgArray {
    /// Its name, in UTF-8 and ended by 0.
    pub name: *const c_char,
    /// First element, column-major.
    pub data: *mut c_void,
    /// Number of elements.
    pub len: usize,
    /// Length of the last dimension.
    pub observations: usize,
    /// Element type, with [`WRITABLE`] if it is to be written.
    pub dtype: i32,
}

/// A text; an empty one of a null pointer.
///
/// SAFETY: `text` must be null, or readable up to a byte that is 0.
pub(super) unsafe fn text<'a>(argument: &'static str, text: *const c_char) -> Result<&'a str> {
    if text.is_null() {
        return Ok("");
    }
    // SAFETY: by this function's contract.
    let bytes = unsafe { CStr::from_ptr(text) };
    bytes.to_str().map_err(|e| Error::invalid(argument, e, "text in UTF-8"))
}

/// A slice that may be made of a pointer: it is aligned, and of a size that memory can hold.
fn slice<T>(argument: &'static str, data: *const c_void, len: usize) -> Result<*mut [T]> {
    let mut first = data.cast::<T>().cast_mut();
    if len == 0 {
        first = std::ptr::dangling_mut();
    } else if first.is_null() || !first.is_aligned() {
        return Err(Error::invalid(argument, "a null or unaligned pointer", "an array"));
    } else if len > isize::MAX as usize / size_of::<T>() {
        return Err(too_large(argument, len));
    }
    Ok(std::ptr::slice_from_raw_parts_mut(first, len))
}

fn too_large(argument: &'static str, len: usize) -> Error {
    Error::invalid(argument, format!("{len} elements"), "a size that memory can hold")
}

/// SAFETY: `data` must be readable for `len` elements, or be null or unaligned, which is an error.
unsafe fn elements<'a, T>(
    argument: &'static str,
    data: *const c_void,
    len: usize,
) -> Result<&'a [T]> {
    // SAFETY: by this function's contract.
    slice(argument, data, len).map(|slice| unsafe { &*slice })
}

/// SAFETY: as [`elements`], to write, by no one else meanwhile.
pub(super) unsafe fn elements_mut<'a, T>(
    argument: &'static str,
    data: *mut c_void,
    len: usize,
) -> Result<&'a mut [T]> {
    // SAFETY: by this function's contract.
    slice(argument, data, len).map(|slice| unsafe { &mut *slice })
}

#[cold]
fn unsupported(argument: &'static str, dtype: i32) -> Error {
    let was = match ElementType::of(dtype & !(COPIED | WRITABLE)) {
        Some(known) => format!("{} (expected here: Float16, Float32 or Float64)", known.name),
        None => format!("code {dtype}"),
    };
    Error::ElementTypeUnsupported { argument, was }
}

/// An array of the type that `dtype` names.
///
/// SAFETY: `data` must be readable for `len` elements of that type, and writable by no one else
/// meanwhile if `dtype` says so; or be null or unaligned, which is an error.
unsafe fn array<'a>(
    name: &'a str,
    argument: &'static str,
    dtype: i32,
    data: *mut c_void,
    len: usize,
    observations: usize,
) -> Result<Array<'a>> {
    let Some(element) = ElementType::of(dtype & !(COPIED | WRITABLE)) else {
        return Err(unsupported(argument, dtype));
    };
    let bytes = len.checked_mul(element.size).filter(|bytes| isize::try_from(*bytes).is_ok());
    let bytes = bytes.ok_or_else(|| too_large(argument, len))?;
    if len > 0 && !(data as usize).is_multiple_of(element.size) {
        return Err(Error::invalid(argument, "an unaligned pointer", "an array"));
    }
    // SAFETY: by this function's contract; any bytes are a number, and bytes need no alignment.
    let memory = unsafe {
        match dtype & WRITABLE {
            0 => Lent::Read(elements(argument, data, bytes)?),
            _ => Lent::Write(elements_mut(argument, data, bytes)?),
        }
    };
    Ok(Array { name, element, memory, observations })
}

/// The outputs of a model.
///
/// SAFETY: as [`elements`], of the type that `dtype` names.
pub(super) unsafe fn tensor<'a>(
    argument: &'static str,
    dtype: i32,
    pointer: *const c_void,
    len: usize,
    observations: usize,
) -> Result<Tensor<'a>> {
    // Straight, since the hook's call is counted in nanoseconds.
    // SAFETY: by this function's contract; it is not written.
    let elements = unsafe {
        match dtype & !(COPIED | WRITABLE) {
            FLOAT16 => Elements::F16(elements(argument, pointer, len)?),
            FLOAT32 => Elements::F32(elements(argument, pointer, len)?),
            FLOAT64 => Elements::F64(elements(argument, pointer, len)?),
            other => return Err(unsupported(argument, other)),
        }
    };
    Tensor::new(elements, observations)
}

/// The arrays of a call.
///
/// # Errors
/// [`Error::InvalidArgument`] for a null pointer, or an array to write that shares memory with
/// another one.
///
/// SAFETY: `table` must be readable for `count` entries, each of which describes an array that is
/// readable, and writable by no one else meanwhile if it is to be written.
pub(super) unsafe fn arrays<'a>(table: *const FgArray, count: usize) -> Result<Vec<Array<'a>>> {
    // SAFETY: by this function's contract.
    let table = unsafe { elements::<FgArray>("arrays", table.cast(), count)? };
    expect_apart(table)?;
    let described = |given: &FgArray| {
        // SAFETY: by this function's contract; what is written is apart.
        unsafe {
            let name = text("arrays", given.name)?;
            array(name, known_name(name), given.dtype, given.data, given.len, given.observations)
        }
    };
    table.iter().map(described).collect()
}

/// What errors call an array before its operation has looked at it.
fn known_name(name: &str) -> &'static str {
    let known = super::operations::all().flat_map(|row| row.arrays).find(|known| **known == name);
    known.copied().unwrap_or("arrays")
}

/// Demands that what is written shares memory with nothing else: two slices of one place would be
/// two borrowers.
fn expect_apart(table: &[FgArray]) -> Result<()> {
    let place = |array: &FgArray| {
        let element = ElementType::of(array.dtype & !(COPIED | WRITABLE));
        let bytes = array.len.saturating_mul(element.map_or(1, |element| element.size));
        let from = array.data as usize;
        (from, from.saturating_add(bytes), array.dtype & WRITABLE != 0)
    };
    let mut places: Vec<_> = table.iter().filter(|array| array.len > 0).map(place).collect();
    places.sort_unstable();
    // The ends of what was written, and of what was read, so far.
    let (mut written, mut read) = (0, 0);
    for (from, to, writes) in places {
        if from < written || (writes && from < read) {
            let expected = "an array of its own for what is written";
            return Err(Error::invalid("out", "arrays that share memory", expected));
        }
        let end = if writes { &mut written } else { &mut read };
        *end = to.max(*end);
    }
    Ok(())
}

/// The handles of a call.
///
/// SAFETY: `table` must be readable for `count` pointers, each null or that of a living [`Handle`].
pub(super) unsafe fn handles<'a>(
    table: *const *const Handle,
    count: usize,
) -> Result<Vec<Option<&'a Handle>>> {
    // SAFETY: by this function's contract.
    let table = unsafe { elements::<*const Handle>("handles", table.cast(), count)? };
    // SAFETY: by this function's contract.
    Ok(table.iter().map(|handle| unsafe { handle.as_ref() }).collect())
}

/// What a handle holds.
///
/// SAFETY: `handle` must be null or that of a living [`Handle`].
pub(super) unsafe fn held<'a, T: Held>(
    argument: &'static str,
    handle: *const Handle,
) -> Result<&'a T> {
    let missing = || Error::invalid(argument, "none (or one that was freed)", "a living handle");
    // SAFETY: by this function's contract.
    unsafe { handle.as_ref() }.ok_or_else(missing)?.get(argument)
}

/// A flag of the host's, read while a call is made.
///
/// SAFETY: `flag` must be null, or readable for as long as what this gives is used.
pub(super) unsafe fn flag(flag: *const i32) -> Option<&'static AtomicI32> {
    // SAFETY: by this function's contract. Others write it, so it is read as an atomic.
    unsafe { flag.cast::<AtomicI32>().as_ref() }
}

/// A function of the host with one argument: `uv_async_send` and its handle, for instance.
pub type WakeFunction = unsafe extern "C" fn(*mut c_void) -> i32;

/// A pointer that the host vouches for on any thread.
struct WakeData(*mut c_void);
// SAFETY: `wake` demands a function that any thread may call with this argument.
unsafe impl Send for WakeData {}

/// SAFETY: until it is dropped, any thread must be allowed to call `function(data)`.
pub(super) unsafe fn wake(function: WakeFunction, data: *mut c_void) -> Wake {
    let data = WakeData(data);
    Box::new(move || {
        let WakeData(data) = &data;
        // SAFETY: by the outer function's contract.
        unsafe { function(*data) };
    })
}
