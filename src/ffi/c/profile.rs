//! Profiles through the C ABI. The contract of pointers is the parent's.

use std::ffi::c_void;

use super::border::{FgText, answer32, borrow, borrow_mut, free, give, give_handle, load, save, text};
use crate::error::Error;
use crate::ffi::host;
use crate::ffi::raw::tensor;
use crate::profile::Profile;
use crate::store;

/// A new profile by [`crate::profile::ProfileOptions`] in JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_new(options: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give_handle(out, host::profile_new(text("options", options, len)?)?) })
}

/// Takes in a batch of reference outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_fit(
    profile: *mut c_void,
    dtype: i32,
    data: *const c_void,
    len: usize,
    observations: usize,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract; the host does not fit one profile from two threads at once.
        let profile = unsafe { borrow_mut::<Profile>("profile", profile)? };
        // SAFETY: the module's contract.
        host::profile_fit(profile, &unsafe { tensor("reference", dtype, data, len, observations)? }).map(|()| 0)
    })
}

/// Takes in what `from` was fitted on; the two must differ.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_merge(into: *mut c_void, from: *const c_void) -> i32 {
    answer32(|| {
        if std::ptr::eq(into, from) {
            return Err(Error::invalid("profile", "the profile itself", "another profile"));
        }
        // SAFETY: the module's contract, and they differ.
        let (into, from) = unsafe { (borrow_mut::<Profile>("profile", into)?, borrow::<Profile>("profile", from)?) };
        into.merge(from).map(|()| 0)
    })
}

/// JSON of [`crate::profile::Description`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_describe(profile: *const c_void, out: *mut FgText) -> i32 {
    // SAFETY: the module's contract.
    answer32(|| unsafe { give(out, host::json(&borrow::<Profile>("profile", profile)?.describe())?) })
}

/// Saves a profile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_save(profile: *const c_void, path: *const u8, len: usize) -> i32 {
    // SAFETY: the module's contract.
    unsafe { save::<Profile>("profile", profile, path, len, store::save_profile) }
}

/// Loads a profile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_load(path: *const u8, len: usize, out: *mut *mut c_void) -> i32 {
    // SAFETY: the module's contract.
    unsafe { load(path, len, out, store::load_profile) }
}

/// Frees a profile; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_profile_free(profile: *mut c_void) {
    // SAFETY: the module's contract; a guard copies what it needs.
    unsafe { free::<Profile>(profile) }
}
