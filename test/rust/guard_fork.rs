//! A child of fork, by the C ABI: what was the parent's answers with an error, the child's own has
//! its worker, and nothing waits for threads that are not there.

#![cfg(unix)]

use std::ffi::{CStr, CString};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};

use fluxguard::ffi::c::{
    FLOAT64, FgAnswer, FgArray, FgRequest, fg_call, fg_free, fg_free_bytes, fg_guard_observe,
    fg_guard_wake, fg_last_error,
};

const FEATURES: usize = 4;
const WORKER_FAILED: i64 = -301;

/// Something in C's hands.
#[derive(Clone, Copy)]
struct Handle(*mut fluxguard::ffi::c::Handle);
// SAFETY: a guard may be used by many threads.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

/// What a call gives: its code, its number, its bytes as text, and what it made.
struct Given {
    code: i64,
    number: i64,
    text: String,
    made: Handle,
}

fn given(code: i64, answer: FgAnswer) -> Given {
    let FgAnswer { number, bytes, len, handle } = answer;
    let text = if bytes.is_null() {
        String::new()
    } else {
        // SAFETY: what was given is readable, and freed once.
        unsafe {
            let text = String::from_utf8_lossy(std::slice::from_raw_parts(bytes, len)).into_owned();
            fg_free_bytes(bytes, len);
            text
        }
    };
    Given { code, number, text, made: Handle(handle) }
}

const NOTHING: FgAnswer = FgAnswer { number: 0, bytes: null_mut(), len: 0, handle: null_mut() };

fn call(operation: &CStr, options: &str, handles: &[Handle], arrays: &[FgArray]) -> Given {
    let options = CString::new(options).expect("no zero");
    let handles: Vec<_> = handles.iter().map(|handle| handle.0.cast_const()).collect();
    let request = FgRequest {
        operation: operation.as_ptr(),
        options: options.as_ptr(),
        handles: handles.as_ptr(),
        handle_count: handles.len(),
        arrays: arrays.as_ptr(),
        array_count: arrays.len(),
        interrupt: null(),
    };
    let mut answer = NOTHING;
    // SAFETY: all is readable for its length, and what is made is used as what it is.
    let code = unsafe { fg_call(&raw const request, &raw mut answer) };
    given(code.into(), answer)
}

/// Numbers about 0 that are no two alike.
fn rows(observations: usize) -> Vec<f64> {
    (1..=observations * FEATURES)
        .map(|i| (i as f64 * 0.754_877_666).fract() + (i as f64 * 0.569_84).fract() - 1.0)
        .collect()
}

fn guard() -> Handle {
    let reference = rows(500);
    // They come in waves.
    let profile = call(c"profile.new", r#"{"order": "none"}"#, &[], &[]).made;
    let data = reference.as_ptr().cast_mut().cast();
    let name = c"reference".as_ptr();
    let array = FgArray { name, data, len: reference.len(), observations: 500, dtype: FLOAT64 };
    assert_eq!(call(c"profile.fit", "", &[profile], &[array]).code, 0);
    let guard = call(c"guard.new", r#"{"window": {"observations": 50}}"#, &[profile], &[]);
    assert_eq!(guard.code, 0);
    free(profile);
    guard.made
}

fn free(mut handle: Handle) {
    // SAFETY: it is used no more.
    unsafe { fg_free(&raw mut handle.0) };
}

fn observe(guard: Handle, caller: u64) -> i64 {
    let batch = rows(20);
    // SAFETY: the batch is readable, the guard lives.
    unsafe { fg_guard_observe(guard.0, FLOAT64, batch.as_ptr().cast(), batch.len(), 20, caller) }
}

/// A ticket, or the code of an error.
fn flush(guard: Handle, close: bool) -> i64 {
    let Given { code, number, .. } =
        call(c"guard.flush", &format!("{{\"close\":{close}}}"), &[guard], &[]);
    if code < 0 { code } else { number }
}

/// The code that closing gives at last.
fn close(guard: Handle) -> i64 {
    let ticket = flush(guard, true);
    if ticket < 0 {
        return ticket;
    }
    loop {
        let options = format!("{{\"ticket\":{ticket},\"milliseconds\":100}}");
        match call(c"guard.wait", &options, &[guard], &[]) {
            Given { code: 0, number: 0, .. } => {}
            Given { code: 0, number, .. } => return number,
            Given { code, .. } => return code,
        }
    }
}

fn counters(guard: Handle) -> (u64, u64) {
    let Given { code, text, .. } = call(c"guard.counters", "", &[guard], &[]);
    assert_eq!(code, 0);
    let counters: fluxguard::guard::Counters = serde_json::from_str(&text).expect("counters");
    (counters.observed, counters.tested)
}

fn worker_running() -> i64 {
    call(c"library.worker_running", "", &[], &[]).number
}

fn shutdown() -> i64 {
    call(c"library.shutdown", "", &[], &[]).code
}

/// What holds in the child.
fn in_child(parents: Handle) {
    assert_eq!(observe(parents, 9), WORKER_FAILED);
    let mut answer = NOTHING;
    // SAFETY: `answer` is writable.
    unsafe { fg_last_error(&raw mut answer) };
    let message = given(0, answer).text;
    assert!(message.contains("fork") && message.contains("make a new one"), "{message}");
    assert_eq!(close(parents), WORKER_FAILED);
    assert_eq!(call(c"guard.alerts", r#"{"after": 0}"#, &[parents], &[]).code, WORKER_FAILED);
    assert_eq!(call(c"guard.verdict", r#"{"caller": 1}"#, &[parents], &[]).code, WORKER_FAILED);
    // SAFETY: the guard lives.
    assert_eq!(unsafe { fg_guard_wake(parents.0, None, null_mut()) }, WORKER_FAILED);
    free(parents);
    assert_eq!(worker_running(), 0);
    assert_eq!(shutdown(), 0);
    let own = guard();
    for _ in 0..7 {
        assert!(observe(own, 1) >= 0);
    }
    assert_eq!((close(own), counters(own)), (1, (140, 140)));
    let open = guard();
    assert!(observe(open, 1) >= 0);
    assert_eq!((worker_running(), shutdown(), worker_running()), (1, 0, 0));
    assert_eq!(counters(open), (20, 20));
    assert_eq!(observe(open, 1), -300);
}

#[test]
fn a_child_of_fork_is_told_and_has_a_worker_of_its_own() {
    let (parents, done) = (guard(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        // Whatever lock of the guard may be held at the moment of the fork.
        for caller in 0..3 {
            let (done, parents) = (&done, parents);
            scope.spawn(move || {
                let parents = parents;
                while !done.load(Ordering::Relaxed) {
                    assert!(observe(parents, caller) >= 0);
                    assert!(flush(parents, false) > 0);
                }
            });
        }
        for round in 0..20 {
            // SAFETY: the child uses what the C library lets a child use (its allocator included)
            // and then ends at once.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: as above. A child that hangs is killed.
                unsafe { libc::alarm(120) };
                let held = catch_unwind(AssertUnwindSafe(|| in_child(parents))).is_ok();
                // SAFETY: as above.
                unsafe { libc::_exit(if held { 0 } else { 1 }) };
            }
            let mut status = 0;
            // SAFETY: `status` is writable.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            if status != 0 {
                done.store(true, Ordering::Relaxed);
            }
            assert_eq!(status, 0, "round {round}: the child failed, or was killed because it hung");
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(close(parents), 1);
    let (observed, tested) = counters(parents);
    assert_eq!(observed, tested);
    free(parents);
}
