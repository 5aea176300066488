//! What both faces do, in safe Rust: JSON in, JSON out, and panics turned into errors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::drift::compare::{CompareOptions, compare};
use crate::error::{Error, Result, panic_message};
use crate::guard::{Guard, GuardOptions};
use crate::profile::{Profile, ProfileOptions};
use crate::tensor::Tensor;

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
