//! Options as JSON: a line that names an operation, then the options, with arrays and handles that
//! are right as often as may be.

use std::ffi::CString;
use std::ptr::{null, null_mut};

use fluxguard::ffi::c::{FgArray, Handle, WRITABLE, fg_free, fg_free_bytes};
use fluxguard::ffi::operations::{Operation, all};
use serde_json::Value;

use super::call::{WHOLE, WRITTEN, perform, room};

/// Options that name files: nothing is to be written where tests run.
const FILES: [&str; 3] = ["path", "journal", "keep"];
/// The largest whole number that is asked for: more steps, trees or draws take longer, as asked.
const MOST: f64 = 300.0;

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some((name, options)) = text.split_once('\n') else { return };
    let skipped = ["library.panic", "library.shutdown", "privacy.watch"];
    let known = all().find(|row| row.name == name && !skipped.contains(&row.name));
    let Some(row) = known else { return };
    if serde_json::from_str(options).is_ok_and(|options| is_harmful(&options)) {
        return;
    }
    let mut made = Vec::new();
    call(row, options, &mut made);
    for mut handle in made.into_iter().rev() {
        // SAFETY: each is freed once.
        unsafe { fg_free(&raw mut handle) };
    }
}

/// Whether somewhere a file is named, or more is asked for than a moment's work.
fn is_harmful(options: &Value) -> bool {
    match options {
        Value::Number(number) => number.as_f64().is_some_and(|n| n.abs() > MOST && n.abs() < 1e15),
        Value::Array(items) => items.iter().any(is_harmful),
        Value::Object(members) => {
            members.iter().any(|(name, value)| FILES.contains(&name.as_str()) || is_harmful(value))
        }
        _ => false,
    }
}

/// What makes a handle of this room, and the operation that makes it ready.
fn maker(room: &str) -> Option<(&'static str, &'static str)> {
    Some(match room {
        "profile" => ("profile.new", r#"{"output":"values","order":"none"}"#),
        "guard" => ("guard.new", r#"{"window":{"observations":50}}"#),
        "detector" | "detectors" => ("detector.fit", r#"{"detector":"zscore"}"#),
        "sketch" | "other" => ("sketch.new", r#"{"kind":"kll"}"#),
        "threshold" => ("threshold.new", r#"{"method":"feedback","rate":0.2}"#),
        "online" => ("online.new", r#"{"detector":"adwin"}"#),
        "sequence" => ("sequence.fit", r#"{"detector":"markov","reference":["a b","b a"]}"#),
        "neighbors" | "store" => ("neighbors.new", r#"{"features":3}"#),
        "performance" | "estimator" => ("performance.fit", r#"{"chunk_size":3}"#),
        "late" => ("late.new", "{}"),
        "reference" => ("reference.new", ""),
        "run" => ("run.new", r#"{"seed":1}"#),
        "sampler" => ("sampler.new", r#"{"dataset_size":40,"sample_rate":0.5,"seed":3}"#),
        _ => return None,
    })
}

/// A handle for the place of this name; null where nothing makes one.
fn handle(of: &Operation, name: &str, made: &mut Vec<*mut Handle>) -> *const Handle {
    // A name such as `detector` means another thing in the room of sequences.
    let own = |room: &str| matches!(room, "sequence" | "online" | "threshold" | "profile");
    let place = if own(room(of.name)) { room(of.name) } else { name };
    let found = maker(place).or_else(|| maker(room(of.name)));
    let Some((name, options)) = found.filter(|(name, _)| *name != of.name) else {
        return null();
    };
    let Some(row) = all().find(|row| row.name == name) else { return null() };
    let new = call(row, options, made);
    if name == "profile.new"
        && let Some(row) = all().find(|row| row.name == "profile.fit")
    {
        ask(row, "", &[new]);
    }
    new
}

/// Calls with handles that are made for it; what it makes is null or the last of `made`.
fn call(row: &Operation, options: &str, made: &mut Vec<*mut Handle>) -> *const Handle {
    let handles: Vec<*const Handle> =
        row.handles.iter().map(|name| handle(row, name, made)).collect();
    let new = ask(row, options, &handles);
    if !new.is_null() {
        made.push(new);
    }
    new
}

/// Four observations of three values in each array; what was made, or null.
fn ask(row: &Operation, options: &str, handles: &[*const Handle]) -> *mut Handle {
    let Ok(options) = CString::new(options) else { return null_mut() };
    let operation = CString::new(row.name).expect("no zero");
    let names: Vec<CString> =
        row.arrays.iter().map(|name| CString::new(*name).expect("no zero")).collect();
    let one: Vec<f64> = (0..12).map(|i| f64::from(i * 7 % 5) / 4.0).collect();
    let mut memory = vec![one; names.len()];
    let arrays: Vec<FgArray> = names
        .iter()
        .zip(&mut memory)
        .zip(row.arrays)
        .map(|((name, data), of)| FgArray {
            name: name.as_ptr(),
            data: data.as_mut_ptr().cast(),
            len: 12,
            observations: 4,
            dtype: 3 | if WRITTEN.contains(of) { WRITABLE } else { 0 },
        })
        .collect();
    // SAFETY: every pointer is null or readable for what is declared, each array has memory of its
    // own, and the answer's bytes are freed once.
    let (code, answer) = unsafe {
        let (code, answer) = perform(&operation, &options, handles, &arrays);
        fg_free_bytes(answer.bytes, answer.len);
        (code, answer)
    };
    let known = fluxguard::error::TABLE.iter().any(|(known, _)| *known == -code);
    assert!(code == 0 || (known && code != -900), "{}: {code}", row.name);
    answer.handle
}

/// Every operation without options, and with those that some have.
pub fn seeds() -> Vec<Vec<u8>> {
    let empty = all().map(|row| (row.name, "{}"));
    let seed = |(name, options): (&str, &str)| format!("{name}\n{options}").into_bytes();
    empty.chain(WHOLE.iter().copied()).map(seed).collect()
}
