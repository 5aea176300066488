//! The generic call with anything: every operation, handles of any kind, arrays of any type and shape, options that are mutated or
//! no JSON. Whatever comes, it is an answer or an error of the table, never a panic (-900) and never a crash.
//!
//! [`call_of`] makes a call of any bytes, so a fuzzer can drive it; here random bytes do, and those of `test/corpus/call`, which once
//! found something.

use std::ffi::CString;
use std::path::PathBuf;
use std::ptr::{null, null_mut};

use fluxguard::ffi::c::{FgAnswer, FgArray, FgRequest, Handle, WRITABLE, fg_call, fg_free, fg_free_bytes};
use fluxguard::ffi::operations::{Operation, all};

/// Choices by bytes; when they end, always the first.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> usize {
        let (first, rest) = self.0.split_first().map_or((0, &[][..]), |(first, rest)| (*first, rest));
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

/// Options as JSON, most often.
fn options(choices: &mut Choices<'_>) -> String {
    match choices.byte() % 16 {
        0 => String::new(),
        1 => "[".repeat(choices.byte() * 50),
        2 => "{\"a\":".to_owned(),
        3 => choices.of(VALUES).to_string(),
        _ => {
            let members = 1 + choices.byte() % 4;
            let members = (0..members).map(|_| format!("\"{}\":{}", choices.of(MEMBERS), choices.of(VALUES)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
    }
}

/// Memory for one array, aligned to all of its types.
type Memory = Vec<u64>;

/// An operation with arrays mostly of the names that it takes, and handles mostly as many.
fn call_of(bytes: &[u8], handles: &[*mut Handle]) -> (i32, FgAnswer) {
    let mut choices = Choices(bytes);
    let rows: Vec<&Operation> = all().filter(|row| !matches!(row.name, "library.panic" | "library.shutdown")).collect();
    let row = choices.of(&rows);
    let operation = CString::new(if choices.byte() % 64 == 63 { "guard.nothing" } else { row.name }).expect("no zero");
    let options = CString::new(options(&mut choices)).unwrap_or_default();
    let count = if choices.byte() % 32 == 31 {
        choices.byte() % 4
    } else {
        row.handles.len() + choices.byte() % 2 * usize::from(row.rest.is_some())
    };
    let handles: Vec<*const Handle> = (0..count).map(|_| choices.of(handles).cast_const()).collect();
    let mut memory: Vec<(CString, Memory, FgArray)> = Vec::new();
    for name in row.arrays {
        if choices.byte() % 16 == 15 {
            continue;
        }
        let name = CString::new(if choices.byte() % 64 == 63 { "no_such" } else { name }).expect("no zero");
        let len = [12, 0, 1, 3, 4, 24, 36][choices.byte() % 7];
        let value = [1.0f64, 0.0, -1.0, f64::NAN, f64::INFINITY, 1e308, 0.25][choices.byte() % 7];
        let mut data: Memory = (0..len.max(1)).map(|i| (value * (1.0 + (i * 7 % 5) as f64)).to_bits()).collect();
        let dtype = [3, 3, 3, 2, 1, 4, 5, 6, 7, 0, 9, -1][choices.byte() % 12];
        let writable = if choices.byte() % 2 == 1 { WRITABLE } else { 0 };
        let observations = [len, 1, 3, 4, 0, 1 << 40][choices.byte() % 6];
        let pointer = if choices.byte() % 64 == 63 { null_mut() } else { data.as_mut_ptr().cast() };
        let array = FgArray { name: name.as_ptr(), data: pointer, len, observations, dtype: dtype | writable };
        memory.push((name, data, array));
    }
    let arrays: Vec<FgArray> = memory.iter().map(|(_, _, array)| *array).collect();
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
    // SAFETY: every pointer is null or readable for what is declared, and each array has memory of its own.
    (unsafe { fg_call(&raw const request, &raw mut answer) }, answer)
}

/// Makes a call of these bytes and checks what comes of it; what it made joins the handles, up to some number.
fn check(bytes: &[u8], handles: &mut Vec<*mut Handle>) -> bool {
    let (code, answer) = call_of(bytes, handles);
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
        handles.push(answer.handle);
        if handles.len() > 60 {
            let mut old = handles.remove(1);
            // SAFETY: it is in no other place.
            unsafe { fg_free(&raw mut old) };
        }
    }
    code == 0
}

#[test]
fn whatever_is_called_is_an_answer_or_an_error_of_the_table() {
    let mut handles: Vec<*mut Handle> = vec![null_mut()];
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("test/corpus/call");
    for entry in std::fs::read_dir(corpus).into_iter().flatten() {
        check(&std::fs::read(entry.expect("listed").path()).expect("readable"), &mut handles);
    }
    let seed = std::env::var("FLUXGUARD_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1u64);
    let runs = std::env::var("FLUXGUARD_FUZZ").ok().and_then(|runs| runs.parse().ok()).unwrap_or(20_000);
    let mut state = seed;
    let mut done = 0;
    for _ in 0..runs {
        let bytes: Vec<u8> = (0..80)
            .map(|_| {
                // Marsaglia's xorshift.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect();
        done += usize::from(check(&bytes, &mut handles));
    }
    println!("{done} of {runs} calls were answered");
    assert!(done > runs / 50, "the calls are too wrong to find anything: {done} of {runs} were answered");
    for mut handle in handles {
        // SAFETY: each is freed once.
        unsafe { fg_free(&raw mut handle) };
    }
}
