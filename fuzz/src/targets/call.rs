//! The generic call with anything: every operation, handles of any kind, arrays of any type and
//! shape, options that are mutated or no JSON. Whatever comes, it is an answer or an error of the
//! table, never a panic (-900) and never a crash.

use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut};

use fluxguard::ffi::c::{
    FgAnswer, FgArray, FgRequest, Handle, WRITABLE, fg_call, fg_free, fg_free_bytes,
};
use fluxguard::ffi::operations::{Operation, all};
use fluxguard_core::testing::Random;

/// Bytes that make one call.
pub const CALL: usize = 80;

/// Calls one after the other, each of [`CALL`] bytes, with what those before made.
pub fn run(bytes: &[u8]) {
    let mut handles: Vec<Made> = vec![("nothing", null_mut())];
    for bytes in bytes.chunks(CALL).take(20) {
        check(bytes, &mut handles);
    }
    for (_, mut handle) in handles {
        // SAFETY: each is freed once.
        unsafe { fg_free(&raw mut handle) };
    }
}

/// Random calls.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut random = Random(1);
    let mut bytes = |n: usize| (0..n).map(|_| (random.uniform() * 256.0) as u8).collect();
    (1..60).map(|n| bytes(n % 10 * CALL)).collect()
}

/// Choices by bytes; when they end, always the first.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> usize {
        let (first, rest) =
            self.0.split_first().map_or((0, &[][..]), |(first, rest)| (*first, rest));
        self.0 = rest;
        first.into()
    }

    fn of<'b, T>(&mut self, choices: &'b [T]) -> &'b T {
        &choices[self.byte() % choices.len()]
    }
}

/// Members of options that some operation has, and values that some member has.
const MEMBERS: &[&str] = &[
    "detector",
    "options",
    "path",
    "kind",
    "version",
    "method",
    "rate",
    "tests",
    "alpha",
    "correction",
    "close",
    "ticket",
    "milliseconds",
    "after",
    "caller",
    "feature",
    "mapped",
    "ranks",
    "words",
    "sequences",
    "reference",
    "sample_rate",
    "dataset_size",
    "step",
    "lot",
    "accountant",
    "delta",
    "epsilon",
    "fpr",
    "orders",
    "bands",
    "phase",
    "dimension",
    "flat",
    "clip",
    "output",
    "features",
    "time",
    "now",
    "dismiss",
    "confirm",
    "mechanism",
    "draw",
    "curves",
    "threshold",
    "size",
    "order",
    "seed",
    "problem",
    "chunk_size",
    "name",
    "window",
    "unfitted",
    "other",
    "noise_multiplier",
    "lots",
    "",
];
const VALUES: &[&str] = &[
    "1",
    "0",
    "-1",
    "0.5",
    "1e308",
    "1e-320",
    "18446744073709551615",
    "-9223372036854775808",
    "null",
    "true",
    "[]",
    "{}",
    "[0.5]",
    "[1,2,null]",
    "\"knn\"",
    "\"kll\"",
    "\"values\"",
    "\"adwin\"",
    "\"markov\"",
    "\"conformal\"",
    "\"holm\"",
    "\"/nonexistent/x\"",
    "\"\\u0000\"",
    "[\"a\",\"b\"]",
    "[[\"a\"],[1,true]]",
    "{\"observations\":5}",
    "\"tree\"",
    "{\"flat\":1}",
    "{\"relation\":\"add_remove\",\"phases\":[]}",
    "\"unknown\"",
    "{\"drawn\":{\"sampler\":1,\"number\":9}}",
    "[{\"detector\":\"zscore\",\"options\":{}}]",
    "\"spot\"",
    "\"feedback\"",
    "\"ks\"",
    "[\"ks\"]",
    "\"frequent-items\"",
];

/// Paths at which nothing can be.
const PATHS: &[&str] = &["\"/nonexistent/x\"", "\"\\u0000\"", "\"\"", "\"/\"", "1", "null"];

/// Options that an operation takes as they are.
pub const WHOLE: &[(&str, &str)] = &[
    ("profile.new", r#"{"output":"values","order":"none"}"#),
    ("profile.new", r#"{"output":"values","constant_features":"allow","capacity":20}"#),
    ("profile.sketch", r#"{"kind":"kll","feature":0}"#),
    ("guard.new", r#"{"window":{"observations":50},"tests":["ks","psi","welch"]}"#),
    (
        "guard.new",
        r#"{"false_alarms":{"rate":1,"per":"window"},"unfitted":[{"detector":"zscore","options":{}}]}"#,
    ),
    ("guard.observe", r#"{"caller":1}"#),
    ("guard.verdict", r#"{"caller":1}"#),
    ("guard.forget", r#"{"caller":1}"#),
    ("guard.alerts", r#"{"after":0}"#),
    ("guard.windows", r#"{"after":0}"#),
    ("guard.flush", r#"{"close":false}"#),
    ("guard.wait", r#"{"ticket":1,"milliseconds":1}"#),
    ("detector.fit", r#"{"detector":"knn","options":{"neighbors":2,"calibration":"none"}}"#),
    (
        "detector.fit",
        r#"{"detector":"iforest","options":{"trees":3,"calibration":{"holdout":0.5}}}"#,
    ),
    ("detector.fit", r#"{"detector":"msp"}"#),
    (
        "detector.fit",
        r#"{"detector":"ensemble","options":{"members":[{"detector":"zscore"},{"detector":"hbos"}]}}"#,
    ),
    ("detector.score_within", r#"{"detector":"distance"}"#),
    ("detector.threshold", r#"{"method":"percentile","rate":0.5}"#),
    ("detector.compare", r#"{"detectors":[{"detector":"zscore"}],"rate":0.1}"#),
    ("scores.threshold", r#"{"method":"percentile","rate":0.5}"#),
    ("scores.of_output", r#"{"output":"gaussian"}"#),
    ("online.new", r#"{"detector":"adwin","options":{}}"#),
    ("online.new", r#"{"detector":"betting"}"#),
    ("sequence.fit", r#"{"detector":"markov","reference":["a b","b a",["a",1,true]]}"#),
    ("sequence.score", r#"{"sequences":["a b",["b"],[]]}"#),
    ("sequence.explain", r#"{"sequences":["a b",["b"],[]]}"#),
    ("threshold.new", r#"{"method":"feedback","rate":0.2}"#),
    ("threshold.tell", r#"{"dismiss":[0.5]}"#),
    ("drift.adjust", r#"{"correction":"holm"}"#),
    ("drift.e_bh", r#"{"alpha":0.1}"#),
    (
        "drift.compare",
        r#"{"tests":["ks","chi2","energy","hotelling"],"permutations":{"draws":19}}"#,
    ),
    ("reference.compare", r#"{"tests":["ks"],"order":"given"}"#),
    ("neighbors.new", r#"{"features":3,"metric":"cosine","max_points":9}"#),
    ("neighbors.add", r#"{"time":3.5}"#),
    ("neighbors.evict", r#"{"now":9}"#),
    ("performance.fit", r#"{"chunk_size":3}"#),
    ("late.record", r#"{"time":3.5}"#),
    ("sketch.new", r#"{"kind":"kll"}"#),
    ("sketch.new", r#"{"kind":"frequent-items","size":64}"#),
    ("sketch.new", r#"{"kind":"theta"}"#),
    ("sketch.quantiles", r#"{"ranks":[0,0.5,1]}"#),
    ("sketch.update_words", r#"{"words":["a","b","a"]}"#),
    ("privacy.clip_sum", r#"{"flat":1}"#),
    ("run.new", r#"{"seed":1}"#),
    ("run.epsilon", r#"{"delta":1e-5}"#),
    (
        "run.mean",
        r#"{"step":{"clipping":{"flat":1},"noise_multiplier":1,"expected_lot_size":3,"noise":"fast"}}"#,
    ),
    (
        "run.sum",
        r#"{"step":{"clip_norm":1,"noise_multiplier":1,"noise":"discrete"},"lot":"unknown"}"#,
    ),
    (
        "run.begin",
        r#"{"mechanism":"tree","dimension":12,"steps":4,"clip_norm":1,"noise_multiplier":1,"participations":1,"min_separation":1}"#,
    ),
    ("sampler.new", r#"{"dataset_size":40,"sample_rate":0.5,"seed":3}"#),
    ("sampler.draw", r#"{"rate":0.5}"#),
    ("sampler.spend", r#"{"draw":1}"#),
    ("privacy.square_root", r#"{"bands":4}"#),
];

/// Options as JSON, most often.
fn options(choices: &mut Choices<'_>, operation: &str) -> String {
    let whole: Vec<&str> =
        WHOLE.iter().filter(|(name, _)| *name == operation).map(|(_, options)| *options).collect();
    match choices.byte() % 16 {
        0 => String::new(),
        1 => "[".repeat(choices.byte() * 50),
        2 => "{\"a\":".to_owned(),
        3 => choices.of(VALUES).to_string(),
        4..14 if !whole.is_empty() => choices.of(&whole).to_string(),
        4..10 => String::new(),
        _ => {
            let members = 1 + choices.byte() % 4;
            let members = (0..members).map(|_| {
                let name = choices.of(MEMBERS);
                // Nothing is to be written where tests run.
                let values = if *name == "path" { PATHS } else { VALUES };
                format!("\"{name}\":{}", choices.of(values))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
    }
}

/// Arrays that are written.
pub const WRITTEN: &[&str] =
    &["out", "norms", "scores", "p_values", "numbers", "distances", "verdicts", "sum"];

/// Something that was made, and the room of what made it.
pub type Made = (&'static str, *mut Handle);

/// The room of an operation.
pub fn room(name: &'static str) -> &'static str {
    name.split('.').next().unwrap_or(name)
}

/// Memory for one array, aligned to all of its types.
type Memory = Vec<u64>;

/// An operation with arrays mostly of the names that it takes, and handles mostly as many.
fn call_of(bytes: &[u8], made: &[Made]) -> (i32, FgAnswer, &'static str) {
    let mut choices = Choices(bytes);
    let rows: Vec<&Operation> =
        all().filter(|row| !matches!(row.name, "library.panic" | "library.shutdown")).collect();
    let row = choices.of(&rows);
    let operation =
        CString::new(if choices.byte() % 64 == 63 { "guard.nothing" } else { row.name })
            .expect("no zero");
    let options = CString::new(options(&mut choices, row.name)).unwrap_or_default();
    let count = if choices.byte() % 32 == 31 {
        choices.byte() % 4
    } else {
        row.handles.len() + choices.byte() % 2 * usize::from(row.rest.is_some())
    };
    let handles: Vec<*const Handle> = (0..count)
        .map(|i| {
            let name = row.handles.get(i).copied().unwrap_or("detector");
            let fitting: Vec<Made> = made
                .iter()
                .copied()
                .filter(|(of, _)| *of == name || *of == room(row.name))
                .collect();
            let any = fitting.is_empty() || choices.byte() % 8 == 7;
            choices.of(if any { made } else { &fitting }).1.cast_const()
        })
        .collect();
    let mut memory: Vec<(CString, Memory, FgArray)> = Vec::new();
    for name in row.arrays {
        if choices.byte() % 16 == 15 {
            continue;
        }
        let name = CString::new(if choices.byte() % 64 == 63 { "no_such" } else { name })
            .expect("no zero");
        let len = [12, 12, 12, 0, 1, 3, 4, 24, 36][choices.byte() % 9];
        let value =
            [1.0f64, 0.5, 0.5, 0.0, -1.0, f64::NAN, f64::INFINITY, 1e308, 0.25][choices.byte() % 9];
        let mut data: Memory =
            (0..len.max(1)).map(|i| (value * (1.0 + (i * 7 % 5) as f64)).to_bits()).collect();
        let dtype = [3, 3, 3, 3, 3, 3, 2, 1, 4, 5, 6, 7, 0, 9, -1][choices.byte() % 15];
        let written = WRITTEN.contains(&name.to_str().unwrap_or_default());
        let writable = if written != (choices.byte() % 16 == 15) { WRITABLE } else { 0 };
        let observations = [4, 4, 4, len, 1, 3, 0, 1 << 40][choices.byte() % 8];
        let pointer = if choices.byte() % 64 == 63 { null_mut() } else { data.as_mut_ptr().cast() };
        let array = FgArray {
            name: name.as_ptr(),
            data: pointer,
            len,
            observations,
            dtype: dtype | writable,
        };
        memory.push((name, data, array));
    }
    let arrays: Vec<FgArray> = memory.iter().map(|(_, _, array)| *array).collect();
    // SAFETY: every pointer is null or readable for what is declared, and each array has memory of
    // its own.
    let (code, answer) = unsafe { perform(&operation, &options, &handles, &arrays) };
    (code, answer, room(row.name))
}

/// One call, and its answer.
///
/// # Safety
/// As [`fg_call`]: handles are null or live, arrays null or readable for what they declare, and
/// writable where they say so.
pub unsafe fn perform(
    operation: &CStr,
    options: &CStr,
    handles: &[*const Handle],
    arrays: &[FgArray],
) -> (i32, FgAnswer) {
    let request = FgRequest {
        operation: operation.as_ptr(),
        options: options.as_ptr(),
        handles: handles.as_ptr(),
        handle_count: handles.len(),
        arrays: arrays.as_ptr(),
        array_count: arrays.len(),
        interrupt: null(),
    };
    let mut answer = FgAnswer { number: 0, bytes: null_mut(), len: 0, handle: null_mut() };
    // SAFETY: the caller's, and both structs are ours.
    (unsafe { fg_call(&raw const request, &raw mut answer) }, answer)
}

/// Makes a call of these bytes and checks what comes of it; what it made joins the handles, up to
/// some number.
pub fn check(bytes: &[u8], handles: &mut Vec<Made>) -> bool {
    let (code, answer, room) = call_of(bytes, handles);
    let known = fluxguard::error::TABLE.iter().any(|(known, _)| *known == -code);
    // SAFETY: what was given is readable, and freed once.
    let text = unsafe {
        let text = if answer.bytes.is_null() {
            Vec::new()
        } else {
            std::slice::from_raw_parts(answer.bytes, answer.len).to_vec()
        };
        fg_free_bytes(answer.bytes, answer.len);
        text
    };
    let words = String::from_utf8_lossy(&text);
    assert!(code == 0 || (known && code != -900 && !text.is_empty()), "{code} {words}: {bytes:?}");
    if !answer.handle.is_null() {
        handles.push((room, answer.handle));
        if handles.len() > 60 {
            let (_, mut old) = handles.remove(1);
            // SAFETY: it is in no other place.
            unsafe { fg_free(&raw mut old) };
        }
    }
    code == 0
}
