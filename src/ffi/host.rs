//! What both faces do, in safe Rust: JSON in, JSON out, and errors and panics turned into codes with a message.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::drift::compare::{CompareOptions, compare};
use crate::error::{Error, Result, panic_message};
use crate::guard::{Guard, GuardOptions};
use crate::profile::{Profile, ProfileOptions};
use crate::tensor::Tensor;

/// Version of the border, the same for both faces; raised when a function changes or goes.
pub const ABI_VERSION: i32 = 1;

thread_local! {
    static LAST_ERROR: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `work` behind the panic barrier. An error becomes minus its code, and its message is kept for this thread.
pub(super) fn answer(work: impl FnOnce() -> Result<i64>) -> i64 {
    contained(work).unwrap_or_else(|error| refuse(&error))
}

/// Keeps the message for [`take_last_error`]; minus the code.
pub(super) fn refuse(error: &Error) -> i64 {
    LAST_ERROR.with(|last| *last.borrow_mut() = error.to_string());
    -i64::from(error.code())
}

/// The message of this thread's last error; empties it.
pub(super) fn take_last_error() -> String {
    LAST_ERROR.with(|last| std::mem::take(&mut *last.borrow_mut()))
}

/// Runs `work`; a panic becomes [`Error::NativePanic`].
pub(super) fn contained<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Error::NativePanic { message: panic_message(panic.as_ref()) }))
}

/// Parses options; an empty text is all defaults.
fn options<T: DeserializeOwned + Default>(json: &str) -> Result<T> {
    if json.trim().is_empty() {
        return Ok(T::default());
    }
    serde_json::from_str(json).map_err(|e| Error::invalid("options", e, "options by the documented names and values"))
}

/// Numbers that JSON cannot hold become `null`.
pub(super) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::invalid("result", e, "a value that JSON can hold"))
}

/// `[[code, name], ...]` of every error.
pub(super) fn errors() -> Result<String> {
    json(&crate::error::TABLE)
}

pub(super) fn profile_new(json: &str) -> Result<Profile> {
    Profile::new(options::<ProfileOptions>(json)?)
}

pub(super) fn guard_new(profile: &Profile, json: &str) -> Result<Guard> {
    Guard::new(profile, options::<GuardOptions>(json)?)
}

pub(super) fn compare_tensors(json_options: &str, reference: &Tensor<'_>, current: &Tensor<'_>) -> Result<String> {
    json(&compare(reference, current, &options::<CompareOptions>(json_options)?)?)
}

pub(super) fn path(text: &str) -> PathBuf {
    PathBuf::from(text)
}

/// For the test that a panic becomes an exception.
pub(super) fn panic_on_purpose(message: &str) -> Result<()> {
    contained(|| panic!("{message}"))
}
