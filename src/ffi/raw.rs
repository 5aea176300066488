//! What a host's raw pointers become: tensors, and a function that wakes the host.

use std::ffi::c_void;

use half::f16;

use crate::error::{Error, Result};
use crate::guard::Wake;
use crate::tensor::{Elements, Tensor};

/// Element type code of Float16.
pub const FLOAT16: i32 = 1;
/// Element type code of Float32.
pub const FLOAT32: i32 = 2;
/// Element type code of Float64.
pub const FLOAT64: i32 = 3;
/// Or-ed into the element type when the host had to copy the array before the call.
pub const COPIED: i32 = 256;

/// SAFETY: `data` must be readable for `len` elements of the type that `dtype` names, as long as the tensor lives, or be null.
pub(super) unsafe fn tensor<'a>(
    argument: &'static str,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
) -> Result<Tensor<'a>> {
    if data.is_null() && len > 0 {
        return Err(Error::invalid(argument, "a null pointer", "an array"));
    }
    // An empty array may have any pointer; a slice may not.
    let data = if len == 0 { std::ptr::NonNull::<f64>::dangling().as_ptr().cast_const().cast() } else { data };
    // SAFETY: by this function's contract; hosts align arrays to their elements.
    let elements = unsafe {
        match dtype & !COPIED {
            FLOAT16 => Elements::F16(std::slice::from_raw_parts(data.cast::<f16>(), len)),
            FLOAT32 => Elements::F32(std::slice::from_raw_parts(data.cast::<f32>(), len)),
            FLOAT64 => Elements::F64(std::slice::from_raw_parts(data.cast::<f64>(), len)),
            other => {
                let was = format!("code {other}");
                return Err(Error::ElementTypeUnsupported { argument, was });
            }
        }
    };
    Tensor::new(elements, observations)
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
