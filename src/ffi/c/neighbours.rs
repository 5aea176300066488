//! Neighbour stores through the C ABI. The contract of pointers is the parent's. Threads may share a store.

use std::ffi::c_void;

use super::border::{FgText, answer32, borrow, free, give, give_handle, load, save, slice, slice_mut, text};
use crate::error::Error;
use crate::ffi::host::answer;
use crate::ffi::neighbours::{self, Store};
use crate::ffi::raw::tensor;

/// An empty store, by `{"features": 3}` and [`crate::outlier::neighbours::StoreOptions`] in JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_neighbours_new(options: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give_handle(out, neighbours::new(text("options", options, len)?)?) })
}

/// Takes in the observations whose byte in `flagged` is 0, all where `flagged_len` is 0, at `time` (NaN: none is given), and
/// returns how many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_neighbours_add(
    handle: *const c_void,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    flagged: *const u8,
    flagged_len: usize,
    time: f64,
) -> i64 {
    answer(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let batch = tensor("batch", dtype, data, len, observations)?;
            let flagged = slice("flagged", flagged, flagged_len)?;
            neighbours::add(borrow::<Store>("store", handle)?, &batch, flagged, time)
        }
    })
}

/// Writes the `neighbours` nearest points of each observation, nearest first: their numbers (of all that ever came in, from 0)
/// and distances, each `neighbours` times `observations`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_neighbours_search(
    handle: *const c_void,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
    neighbours: usize,
    numbers: *mut u64,
    distances: *mut f64,
) -> i32 {
    answer32(|| {
        let all = observations.checked_mul(neighbours);
        let all = all.ok_or_else(|| Error::invalid("neighbours", neighbours, "at most the points"))?;
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let batch = tensor("batch", dtype, data, len, observations)?;
            let (numbers, distances) = (slice_mut("numbers", numbers, all)?, slice_mut("distances", distances, all)?);
            neighbours::search(borrow::<Store>("store", handle)?, &batch, numbers, distances).map(|()| 0)
        }
    })
}

/// Lets go what is too old at `now`, and returns how many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_neighbours_evict(handle: *const c_void, now: f64) -> i64 {
    // SAFETY: the module's contract.
    answer(|| neighbours::evict(unsafe { borrow::<Store>("store", handle)? }, now))
}

/// Writes all points that are searched, feature fastest: `len` is features times points.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_neighbours_points(handle: *const c_void, out: *mut f64, len: usize) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        let (store, out) = unsafe { (borrow::<Store>("store", handle)?, slice_mut("out", out, len)?) };
        neighbours::points(store, out).map(|()| 0)
    })
}

/// JSON: `features`, `points`, `last_time`, `mapped` and the options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_neighbours_describe(handle: *const c_void, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, neighbours::describe(borrow::<Store>("store", handle)?)?) })
}

/// Saves a store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_neighbours_save(handle: *const c_void, path: *const u8, len: usize) -> i32 {
    // SAFETY: the module's contract.
    unsafe { save::<Store>("store", handle, path, len, neighbours::save) }
}

/// Loads a store; with `mapped` not 0 its points stay in the file: see [`crate::store::load_neighbours_mapped`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_neighbours_load(path: *const u8, len: usize, mapped: i32, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    unsafe { load(path, len, out, |path| neighbours::load(path, mapped != 0)) }
}

/// Frees a store; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_neighbours_free(handle: *mut c_void) {
    // SAFETY: the module's contract.
    unsafe { free::<Store>(handle) }
}
