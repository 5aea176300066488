//! What both faces do, in safe Rust: JSON in, JSON out, and errors and panics turned into codes with a message.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::detector;
use super::left_behind::{change, leavable_of, leavable_on};
use crate::drift::compare::{CompareOptions, compare};
use crate::drift::online::Stream;
use crate::drift::reference::Reference;
use crate::error::{Error, Result, panic_message};
use crate::guard::Guard;
use crate::options;
use crate::outlier::Spec;
use crate::outlier::ensemble::Member;
use crate::profile::{Profile, ProfileOptions};
use crate::simd::Real;
use crate::sketch::Moments;
use crate::tensor::{Elements, Tensor};

/// Version of the border, the same for both faces; raised when a function changes or goes.
pub const ABI_VERSION: i32 = 2;

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
pub(super) fn all_options<T: DeserializeOwned + Default>(json: &str) -> Result<T> {
    if json.trim().is_empty() {
        return Ok(T::default());
    }
    given_options(json)
}

/// Parses options, of which there must be some, and none of which is `null`.
pub(super) fn given_options<T: DeserializeOwned>(json: &str) -> Result<T> {
    options::from_text(json)
}

/// Parses an argument.
pub(super) fn parsed<T: DeserializeOwned>(argument: &'static str, json: &str, expected: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|e| Error::invalid(argument, e, expected))
}

/// Numbers that JSON cannot hold become `null`.
pub(super) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::invalid("result", e, "a value that JSON can hold"))
}

/// `[[code, name], ...]` of every error.
pub(super) fn errors() -> Result<String> {
    json(&crate::error::TABLE)
}

pub(super) fn profile_fit(profile: &mut Profile, reference: &Tensor<'_>) -> Result<()> {
    let long = profile.takes_long(reference.elements().len());
    change(profile, long, reference, |profile, reference| profile.fit(reference))
}

pub(super) fn profile_new(json: &str) -> Result<Profile> {
    Profile::new(all_options::<ProfileOptions>(json)?)
}

pub(super) fn guard_new(profile: &Profile, json: &str) -> Result<Guard> {
    super::fork::watch();
    #[derive(Default, Deserialize)]
    struct Options {
        /// Numbers of [`detector::share`].
        #[serde(default)]
        fitted: Vec<i64>,
        /// Detectors that are fitted on the profile's sample: [`Profile::fit_detector`].
        #[serde(default)]
        unfitted: Vec<Member>,
        #[serde(flatten)]
        rest: serde_json::Map<String, serde_json::Value>,
    }
    let Options { fitted, unfitted, rest } = all_options(json)?;
    // Taken first, so that they are not kept for a guard that cannot be made.
    let mut fitted = fitted.into_iter().map(detector::take_shared).collect::<Result<Vec<_>>>()?;
    let rest = options::from_value(rest.into())?;
    let prepared = leavable_of(profile, move |profile| {
        for Member { detector, options } in unfitted {
            fitted.push(Arc::new(profile.fit_detector(&Spec::new(&detector, options)?)?));
        }
        Guard::prepare(profile, rest, &fitted)
    });
    Guard::start(prepared?)
}

/// JSON list. Refused in a child of fork: the parent's threads may have been writing.
pub(super) fn guard_alerts(guard: &Guard, after: u64) -> Result<String> {
    guard.expect_here()?;
    json(&guard.alerts(after))
}

/// As [`guard_alerts`].
pub(super) fn guard_windows(guard: &Guard, after: u64) -> Result<String> {
    guard.expect_here()?;
    json(&guard.windows(after))
}

/// Whether a comparison ends before anybody could want to leave it; a thread and copies would cost a part of it.
fn is_short(options: &CompareOptions, numbers: usize) -> bool {
    let usual = CompareOptions::default();
    numbers < 1 << 13
        && options.method == usual.method
        && options.permutations.draws <= usual.permutations.draws
        && !options.tests.iter().any(|test| test.is_of_all_columns())
}

pub(super) fn compare_tensors(json_options: &str, reference: &Tensor<'_>, current: &Tensor<'_>) -> Result<String> {
    let options = all_options::<CompareOptions>(json_options)?;
    if is_short(&options, reference.elements().len() + current.elements().len()) {
        return json(&compare(reference, current, &options)?);
    }
    leavable_on([reference, current], move |[reference, current]| json(&compare(&reference, &current, &options)?))
}

pub(super) fn reference_new(reference: &Tensor<'_>) -> Result<Arc<Reference>> {
    leavable_on([reference], |[reference]| Reference::new(&reference).map(Arc::new))
}

/// JSON of what [`compare_tensors`] would say.
pub(super) fn reference_compare(
    reference: &Arc<Reference>,
    options_json: &str,
    current: &Tensor<'_>,
) -> Result<String> {
    let options = all_options::<CompareOptions>(options_json)?;
    if is_short(&options, reference.features() * reference.observations() + current.elements().len()) {
        return json(&reference.compare(current, &options)?);
    }
    let reference = reference.clone();
    leavable_on([current], move |[current]| json(&reference.compare(&current, &options)?))
}

/// JSON `{"features", "observations"}`.
pub(super) fn reference_describe(reference: &Reference) -> Result<String> {
    json(&serde_json::json!({ "features": reference.features(), "observations": reference.observations() }))
}

/// An online detector by its name, with its options in JSON.
pub(super) fn stream_new(name: &str, json: &str) -> Result<Stream> {
    Stream::new(name.parse()?, all_options(json)?)
}

/// JSON list of the indices at which it fired.
pub(super) fn stream_update(stream: &mut Stream, values: &Tensor<'_>) -> Result<String> {
    let long = stream.takes_long(values.elements().len());
    let fired = change(stream, long, values, |stream, values| match values.elements() {
        Elements::F16(x) => stream.update(x),
        Elements::F32(x) => stream.update(x),
        Elements::F64(x) => stream.update(x),
    });
    json(&fired?)
}

/// Numbers a feature that [`moments`] writes.
pub(super) const MOMENTS: usize = 5;

/// Mean, standard deviation, smallest, largest and number of non-finite values of each feature, feature by feature.
pub(super) fn moments(batch: &Tensor<'_>, out: &mut [f64]) {
    match batch.elements() {
        Elements::F16(x) => moments_of(&x.iter().map(|x| x.to_f32()).collect::<Vec<_>>(), out),
        Elements::F32(x) => moments_of(x, out),
        Elements::F64(x) => moments_of(x, out),
    }
}

thread_local! {
    /// Memory that calls of [`moments`] share.
    static SCRATCH: RefCell<Moments> = RefCell::new(Moments::new(Vec::new()));
}

fn moments_of<T: Real>(rows: &[T], out: &mut [f64]) {
    let p = out.len() / MOMENTS;
    // The first observation is a good enough guess of the mean for sums about it to keep their digits.
    let guess = |x: &T| if x.to_f64().is_finite() { x.to_f64() } else { 0.0 };
    SCRATCH.with(|moments| {
        let moments = &mut *moments.borrow_mut();
        moments.restart(rows[..p].iter().map(guess));
        moments.update(rows);
        read(moments, out);
    });
}

fn read(moments: &Moments, out: &mut [f64]) {
    for (k, out) in out.chunks_exact_mut(MOMENTS).enumerate() {
        let finite = moments.count(k) > 0;
        let or_nan = |x: f64| if finite { x } else { f64::NAN };
        out[0] = moments.mean(k);
        out[1] = moments.std(k);
        out[2] = or_nan(moments.min(k));
        out[3] = or_nan(moments.max(k));
        out[4] = moments.non_finite(k) as f64;
    }
}

/// For the test that a panic becomes an exception.
pub(super) fn panic_on_purpose(message: &str) -> Result<()> {
    contained(|| panic!("{message}"))
}
