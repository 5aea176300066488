//! All errors.
//!
//! A variant names the argument, what it was and what was expected, so that the message alone is
//! enough to fix the call. `code` and `name` are the contract with other languages: hundreds are a
//! family, and Julia's exception types carry the same names (a test compares the two tables).

use std::borrow::Cow;

/// What went wrong, with the argument's name, its value and what was expected.
#[allow(missing_docs)] // the fields are the words of the message above them
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is out of its range or not of its form.
    #[error("{argument}: got {was}, expected {expected}")]
    InvalidArgument { argument: Cow<'static, str>, was: String, expected: String },
    /// An element type that no kernel reads.
    #[error(
        "{argument}: element type {was} cannot be read, expected Float16, Float32 or Float64; convert the array first"
    )]
    ElementTypeUnsupported { argument: &'static str, was: String },
    /// A tensor with no elements, or with no observations.
    #[error(
        "{argument}: got an array of size {was}, expected at least one feature and one observation (the last dimension is the observation)"
    )]
    EmptyTensor { argument: &'static str, was: String },
    /// Another number of features than the baseline's.
    #[error(
        "{argument}: got {was} features, expected the baseline's {expected} (all dimensions but the last, multiplied)"
    )]
    FeatureMismatch { argument: &'static str, was: usize, expected: usize },
    /// NaN or Inf in reference data.
    #[error(
        "{argument}: {count} values are NaN or Inf, the first in feature {feature} of observation {observation} (from 0); a baseline is fitted on finite outputs: remove or fix these observations"
    )]
    NonFiniteBaseline { argument: &'static str, count: usize, feature: usize, observation: usize },
    /// A feature that never varies has no scale to measure a distance in.
    #[error(
        "{argument}: feature {feature} (from 0) is constant at {value:?} over {observations} observations, expected a feature that varies; drop it{}",
        if *argument == "profile" { ", or say constant_features = \"allow\" to watch it for any change" } else { "" }
    )]
    ConstantFeature { argument: &'static str, feature: usize, value: f64, observations: usize },
    /// A window in which the chosen tests could not raise an alarm.
    #[error("{argument}: {was} is too short, expected at least {expected} ({reason})")]
    WindowTooShort { argument: &'static str, was: String, expected: usize, reason: String },
    /// A baseline with too few observations for what was asked of it.
    #[error(
        "{argument}: the baseline has {was} observations, expected at least {expected} ({reason})"
    )]
    BaselineTooSmall { argument: &'static str, was: usize, expected: usize, reason: String },
    /// Two profiles, or a profile and a guard, of different output kinds.
    #[error("{argument}: {was} does not go with {expected}")]
    Incompatible { argument: &'static str, was: String, expected: String },
    /// The guard was closed.
    #[error("guard {guard:?} is closed, expected an open one; make a new Guard to go on")]
    GuardClosed { guard: String },
    /// The background worker failed on this guard.
    #[error(
        "guard {guard:?}: the background worker failed: {reason}; the guard tests no more, make a new one"
    )]
    WorkerFailed { guard: String, reason: String },
    /// A file could not be opened, read or written.
    #[error("{argument}: {path}: {reason}; expected a path that can be {purpose}")]
    PathUnusable { argument: &'static str, path: String, purpose: &'static str, reason: String },
    /// A file whose checksum or form is wrong.
    #[error("{path} is damaged: {reason}; load an older copy")]
    FileDamaged { path: String, reason: String },
    /// A file of a format version that this build does not read.
    #[error(
        "{path} has format version {was}, this build reads {expected}; use the FluxGuard that wrote it, or fit again"
    )]
    FileVersion { path: String, was: u32, expected: u32 },
    /// A whole file, but of another kind.
    #[error("{path} is {was}, expected {expected}; {fix}")]
    FileKind { path: String, was: String, expected: String, fix: String },
    /// A step that would spend more privacy than there is.
    #[error(
        "the privacy budget is exhausted: epsilon {spent} of {budget} is spent at delta {delta}, and the next step would take it to {after}; stop, or raise the budget"
    )]
    BudgetExhausted { budget: f64, spent: f64, after: f64, delta: f64 },
    /// The host ended the call before it was done.
    #[error(
        "the call was ended by an interrupt before it was done, and has changed nothing; call again"
    )]
    Interrupted,
    /// A panic, stopped at the border. Always a bug of FluxGuard.
    #[error("a bug in FluxGuard (a panic in Rust, caught): {message}; please report it")]
    NativePanic { message: String },
}

/// `(code, name)` of every variant, in the order of the codes.
pub const TABLE: &[(i32, &str)] = &[
    (100, "InvalidArgument"),
    (101, "ElementTypeUnsupported"),
    (102, "EmptyTensor"),
    (103, "FeatureMismatch"),
    (200, "NonFiniteBaseline"),
    (201, "ConstantFeature"),
    (202, "WindowTooShort"),
    (203, "BaselineTooSmall"),
    (204, "Incompatible"),
    (300, "GuardClosed"),
    (301, "WorkerFailed"),
    (400, "PathUnusable"),
    (401, "FileDamaged"),
    (402, "FileVersion"),
    (403, "FileKind"),
    (500, "BudgetExhausted"),
    (600, "Interrupted"),
    (900, "NativePanic"),
];

impl Error {
    /// The code that crosses the border: 1xx arguments, 2xx baselines, 3xx a guard's state, 4xx
    /// files, 5xx privacy, 6xx the host, 9xx bugs.
    #[must_use]
    pub fn code(&self) -> i32 {
        match self {
            Error::InvalidArgument { .. } => 100,
            Error::ElementTypeUnsupported { .. } => 101,
            Error::EmptyTensor { .. } => 102,
            Error::FeatureMismatch { .. } => 103,
            Error::NonFiniteBaseline { .. } => 200,
            Error::ConstantFeature { .. } => 201,
            Error::WindowTooShort { .. } => 202,
            Error::BaselineTooSmall { .. } => 203,
            Error::Incompatible { .. } => 204,
            Error::GuardClosed { .. } => 300,
            Error::WorkerFailed { .. } => 301,
            Error::PathUnusable { .. } => 400,
            Error::FileDamaged { .. } => 401,
            Error::FileVersion { .. } => 402,
            Error::FileKind { .. } => 403,
            Error::BudgetExhausted { .. } => 500,
            Error::Interrupted => 600,
            Error::NativePanic { .. } => 900,
        }
    }

    /// The variant's name: that of the exception type in other languages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        let code = self.code();
        TABLE.iter().find(|(known, _)| *known == code).map_or("Unknown", |(_, name)| name)
    }

    /// An [`Error::InvalidArgument`], shortly.
    pub fn invalid(
        argument: impl Into<Cow<'static, str>>,
        was: impl ToString,
        expected: impl ToString,
    ) -> Self {
        let (was, expected) = (short_numbers(was.to_string()), short_numbers(expected.to_string()));
        Error::InvalidArgument { argument: argument.into(), was, expected }
    }
}

/// Numbers of more digits than a double has, which Rust prints for the very small and large, as
/// powers of ten. What stands in quotes is a name.
fn short_numbers(text: String) -> String {
    const LONGEST: usize = 24;
    if text.len() <= LONGEST {
        return text;
    }
    let mut short = String::with_capacity(text.len());
    for (i, quoted) in text.split('"').enumerate() {
        if i > 0 {
            short.push('"');
        }
        if i % 2 == 1 {
            short += quoted;
            continue;
        }
        let mut rest = quoted;
        while let Some(begin) = rest.find(|c: char| c.is_ascii_digit()) {
            let digits = rest[begin..]
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(rest.len() - begin);
            // A point at the end is the sentence's.
            let number = rest[begin..begin + digits].trim_end_matches('.');
            short += &rest[..begin];
            match number.parse::<f64>() {
                Ok(x) if number.len() > LONGEST => short += &format!("{x:e}"),
                _ => short += number,
            }
            rest = &rest[begin + number.len()..];
        }
        short += rest;
    }
    short
}

/// `Result` with FluxGuard's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What a caught panic said.
pub fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

/// Runs `work`; a panic becomes [`Error::NativePanic`].
pub fn contained<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Error::NativePanic { message: panic_message(panic.as_ref()) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_unique_and_named() {
        assert!(TABLE.windows(2).all(|w| w[0].0 < w[1].0));
        let error = Error::invalid("window", -3, "a positive whole number");
        assert_eq!((error.code(), error.name()), (100, "InvalidArgument"));
        assert_eq!(error.to_string(), "window: got -3, expected a positive whole number");
    }

    #[test]
    fn numbers_in_messages_are_short_and_names_are_whole() {
        let message = |was: String| Error::invalid("x", was, "1").to_string();
        assert_eq!(message(1e-300.to_string()), "x: got 1e-300, expected 1");
        assert_eq!(
            message(format!("{} and -{}.", 1e200, 2.5e-40)),
            "x: got 1e200 and -2.5e-40., expected 1"
        );
        assert_eq!(message(f64::MAX.to_string()), "x: got 1.7976931348623157e308, expected 1");
        for kept in [
            u64::MAX.to_string(),
            0.1f64.to_string(),
            format!("\"{}\" in line 7", "9".repeat(40)),
            "1.2.3, ünd 4...".repeat(3),
        ] {
            assert_eq!(message(kept.clone()), format!("x: got {kept}, expected 1"));
        }
    }
}
