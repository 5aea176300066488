//! Per-example gradients in place: a host's table of pointers becomes slices, one for each parameter.

use std::ffi::c_void;

use super::privacy::{Run, clip_sum_of};
use super::raw::{FLOAT32, FLOAT64};
use crate::error::{Error, Result};
use crate::privacy::clip::{Float, Gradients};

/// Where one parameter's gradients lie, and where what is made of them goes.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct FgParameter {
    /// `features x examples` numbers, column-major; not read where only `out` is meant.
    pub gradients: *const c_void,
    /// Numbers an example has.
    pub features: usize,
    /// `features` numbers.
    pub out: *mut c_void,
}

/// A host's arrays: pointers and sizes, not yet believed.
///
/// Whoever makes one vouches, for the length of one call: `table` is readable for `parameters` entries, each entry's
/// `gradients` for `features x examples` numbers of the type that `dtype` names, its `out` is writable for `features` of
/// them, `norms` for `examples` doubles, and nobody else uses what is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrays {
    pub(super) dtype: i32,
    pub(super) table: *const FgParameter,
    pub(super) parameters: usize,
    pub(super) examples: usize,
    pub(super) norms: *mut f64,
}

/// SAFETY: as for a slice, but that a null pointer is an error.
unsafe fn slice<'a, T>(argument: &'static str, data: *const c_void, length: usize) -> Result<&'a [T]> {
    if length == 0 {
        return Ok(&[]);
    }
    check::<T>(argument, data)?;
    // SAFETY: by this function's contract.
    Ok(unsafe { std::slice::from_raw_parts(data.cast(), length) })
}

/// SAFETY: as for a mutable slice, but that a null pointer is an error.
unsafe fn slice_mut<'a, T>(argument: &'static str, data: *mut c_void, length: usize) -> Result<&'a mut [T]> {
    if length == 0 {
        return Ok(&mut []);
    }
    check::<T>(argument, data)?;
    // SAFETY: by this function's contract.
    Ok(unsafe { std::slice::from_raw_parts_mut(data.cast(), length) })
}

fn check<T>(argument: &'static str, data: *const c_void) -> Result<()> {
    if data.is_null() || !data.cast::<T>().is_aligned() {
        return Err(Error::invalid(argument, "a null or unaligned pointer", "an array"));
    }
    Ok(())
}

impl Arrays {
    /// SAFETY: as the struct says.
    unsafe fn table<'a>(self) -> Result<&'a [FgParameter]> {
        // SAFETY: by this function's contract.
        unsafe { slice("gradients", self.table.cast(), self.parameters) }
    }

    /// SAFETY: as the struct says.
    unsafe fn norms<'a>(self) -> Result<&'a mut [f64]> {
        // SAFETY: by this function's contract.
        unsafe { slice_mut("norms", self.norms.cast(), self.examples) }
    }

    /// SAFETY: as the struct says, and `dtype` names `T`.
    unsafe fn gradients<'a, T: Float>(self) -> Result<Gradients<'a, T>> {
        // SAFETY: by this function's contract.
        let views = unsafe { self.table()? }.iter().map(|parameter| {
            let was = || format!("{} x {}", parameter.features, self.examples);
            let length = parameter.features.checked_mul(self.examples).filter(|n| *n < isize::MAX as usize / 8);
            let length = length.ok_or_else(|| Error::invalid("gradients", was(), "a size that memory can hold"))?;
            // SAFETY: by this function's contract.
            Ok((unsafe { slice::<T>("gradients", parameter.gradients, length)? }, parameter.features))
        });
        Gradients::new(&views.collect::<Result<Vec<_>>>()?, self.examples)
    }

    /// Places for the results; they must not overlap each other, nor the gradients where those are read.
    ///
    /// SAFETY: as the struct says, and `dtype` names `T`.
    unsafe fn outs<'a, T: Float>(self, gradients_are_read: bool) -> Result<Vec<&'a mut [T]>> {
        // SAFETY: by this function's contract.
        let table = unsafe { self.table()? };
        let range = |data: *const c_void, length: usize| {
            let from = data as usize;
            (from, from.saturating_add(length.saturating_mul(size_of::<T>())))
        };
        let mut written: Vec<(usize, usize)> =
            table.iter().filter(|p| p.features > 0).map(|p| range(p.out.cast_const(), p.features)).collect();
        written.sort_unstable();
        let mut overlap = written.windows(2).any(|pair| pair[0].1 > pair[1].0);
        if gradients_are_read {
            let read = table.iter().map(|p| range(p.gradients, p.features.saturating_mul(self.examples)));
            overlap |= read.filter(|(from, to)| from < to).any(|(from, to)| {
                // the last place that begins before the end of what is read
                let next = written.partition_point(|(begin, _)| *begin < to);
                next > 0 && written[next - 1].1 > from
            });
        }
        if overlap {
            return Err(Error::invalid("out", "arrays that share memory", "an array of its own for each parameter"));
        }
        // SAFETY: by this function's contract, and they do not overlap.
        table.iter().map(|p| unsafe { slice_mut::<T>("out", p.out, p.features) }).collect()
    }
}

/// Runs generic code for the element type of some arrays.
macro_rules! for_type {
    ($arrays:expr, $t:ident => $body:expr) => {
        match $arrays.dtype {
            FLOAT32 => {
                type $t = f32;
                $body
            }
            FLOAT64 => {
                type $t = f64;
                $body
            }
            other => {
                let was = format!("code {other} (gradients are Float32 or Float64)");
                Err(Error::ElementTypeUnsupported { argument: "gradients", was })
            }
        }
    };
}

/// [`clip_sum_of`] arrays.
///
/// SAFETY: as [`Arrays`] says.
pub(super) unsafe fn clip_sum(options: &str, arrays: Arrays) -> Result<String> {
    // SAFETY: by this function's contract.
    for_type!(arrays, T => unsafe {
        clip_sum_of::<T>(options, &arrays.gradients()?, &mut arrays.outs(true)?, arrays.norms()?)
    })
}

/// [`Run::mean`] of arrays.
///
/// SAFETY: as [`Arrays`] says.
pub(super) unsafe fn mean(run: &Run, options: &str, arrays: Arrays) -> Result<String> {
    // SAFETY: by this function's contract.
    for_type!(arrays, T => unsafe {
        run.mean::<T>(options, &arrays.gradients()?, &mut arrays.outs(true)?, arrays.norms()?)
    })
}

/// [`Run::sum`] of arrays, in place.
///
/// SAFETY: as [`Arrays`] says; gradients are not touched, norms are read.
pub(super) unsafe fn sum(run: &Run, options: &str, arrays: Arrays) -> Result<String> {
    // SAFETY: by this function's contract.
    for_type!(arrays, T => unsafe { run.sum::<T>(options, &mut arrays.outs(false)?, arrays.norms()?) })
}

/// [`Run::count`] by an array of norms.
///
/// SAFETY: `norms` must be readable for `examples` doubles.
pub(super) unsafe fn count(run: &Run, options: &str, norms: *const f64, examples: usize) -> Result<String> {
    // SAFETY: by this function's contract.
    run.count(options, unsafe { slice("norms", norms.cast(), examples)? })
}

/// SAFETY: `data` must be null or readable for `length` numbers.
pub(super) unsafe fn names<'a>(data: *const u64, length: usize) -> Result<Option<&'a [u64]>> {
    if data.is_null() && length == 0 {
        return Ok(None);
    }
    // SAFETY: by this function's contract.
    unsafe { slice("examples", data.cast(), length) }.map(Some)
}

/// SAFETY: `data` must be writable for `length` numbers, that nobody else uses during the call.
pub(super) unsafe fn numbers<'a, T>(argument: &'static str, data: *mut T, length: usize) -> Result<&'a mut [T]> {
    // SAFETY: by this function's contract.
    unsafe { slice_mut(argument, data.cast(), length) }
}
