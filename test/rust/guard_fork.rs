//! A child of fork, by the C ABI: what was the parent's answers with an error, the child's own has its worker, and nothing waits for
//! threads that are not there.

#![cfg(unix)]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

use fluxguard::ffi::c::{
    FLOAT64, FgText, fg_guard_alerts, fg_guard_counters, fg_guard_flush, fg_guard_free, fg_guard_new, fg_guard_observe,
    fg_guard_verdict, fg_guard_wait, fg_guard_wake, fg_last_error, fg_profile_fit, fg_profile_new, fg_shutdown,
    fg_text_free, fg_worker_running,
};

const FEATURES: usize = 4;
const WORKER_FAILED: i64 = -301;

/// A guard in C's hands.
#[derive(Clone, Copy)]
struct Handle(*mut c_void);
// SAFETY: a guard may be used by many threads.
unsafe impl Send for Handle {}

/// Numbers about 0 that are no two alike.
fn rows(observations: usize) -> Vec<f64> {
    (1..=observations * FEATURES)
        .map(|i| (i as f64 * 0.754_877_666).fract() + (i as f64 * 0.569_84).fract() - 1.0)
        .collect()
}

fn guard() -> Handle {
    let (mut profile, mut guard) = (null_mut(), null_mut());
    let (reference, options) = (rows(500), r#"{"window": {"observations": 50}}"#);
    // They come in waves.
    let profiled = r#"{"order": "none"}"#;
    // SAFETY: all is readable for its length, and what is made is used as what it is.
    unsafe {
        assert_eq!(fg_profile_new(profiled.as_ptr(), profiled.len(), &raw mut profile), 0);
        assert_eq!(fg_profile_fit(profile, FLOAT64, reference.as_ptr().cast(), reference.len(), 500), 0);
        assert_eq!(fg_guard_new(profile, options.as_ptr(), options.len(), &raw mut guard), 0);
    }
    Handle(guard)
}

fn observe(guard: Handle, caller: u64) -> i64 {
    let batch = rows(20);
    // SAFETY: the batch is readable, the guard lives.
    unsafe { fg_guard_observe(guard.0, FLOAT64, batch.as_ptr().cast(), batch.len(), 20, caller) }
}

/// The code that closing gives at last.
fn close(guard: Handle) -> i64 {
    // SAFETY: the guard lives.
    let ticket = unsafe { fg_guard_flush(guard.0, 1) };
    loop {
        // SAFETY: the guard lives.
        match i64::from(unsafe { fg_guard_wait(guard.0, ticket.max(0) as u64, 100) }) {
            0 if ticket > 0 => {}
            _ if ticket < 0 => return ticket,
            code => return code,
        }
    }
}

/// What a call gives.
fn text(call: impl FnOnce(*mut FgText) -> i32) -> (i64, String) {
    let mut out = FgText { ptr: null_mut(), len: 0 };
    let code = i64::from(call(&raw mut out));
    if out.ptr.is_null() {
        return (code, String::new());
    }
    // SAFETY: what was given is readable, and freed once.
    unsafe {
        let text = String::from_utf8_lossy(std::slice::from_raw_parts(out.ptr, out.len)).into_owned();
        fg_text_free(out.ptr, out.len);
        (code, text)
    }
}

fn counters(guard: Handle) -> (u64, u64) {
    // SAFETY: the guard lives, `out` is writable.
    let (code, json) = text(|out| unsafe { fg_guard_counters(guard.0, out) });
    assert_eq!(code, 0);
    let counters: fluxguard::guard::Counters = serde_json::from_str(&json).expect("counters");
    (counters.observed, counters.tested)
}

/// What holds in the child.
fn in_child(parents: Handle) {
    assert_eq!(observe(parents, 9), WORKER_FAILED);
    // SAFETY: `out` is writable.
    let (_, message) = text(|out| unsafe { fg_last_error(out) });
    assert!(message.contains("fork") && message.contains("make a new one"), "{message}");
    assert_eq!(close(parents), WORKER_FAILED);
    // SAFETY: the guard lives, `out` is writable.
    unsafe {
        assert_eq!(text(|out| fg_guard_alerts(parents.0, 0, out)).0, WORKER_FAILED);
        assert_eq!(text(|out| fg_guard_verdict(parents.0, 1, out)).0, WORKER_FAILED);
        assert_eq!(i64::from(fg_guard_wake(parents.0, None, null_mut())), WORKER_FAILED);
        fg_guard_free(parents.0);
    }
    assert_eq!(fg_worker_running(), 0);
    assert_eq!(fg_shutdown(), 0);
    let own = guard();
    for _ in 0..7 {
        assert!(observe(own, 1) >= 0);
    }
    assert_eq!((close(own), counters(own)), (1, (140, 140)));
    let open = guard();
    assert!(observe(open, 1) >= 0);
    assert_eq!((fg_worker_running(), fg_shutdown(), fg_worker_running()), (1, 0, 0));
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
                    // SAFETY: the guard lives.
                    assert!(unsafe { fg_guard_flush(parents.0, 0) } > 0);
                }
            });
        }
        for round in 0..20 {
            // SAFETY: the child uses what the C library lets a child use (its allocator included) and then ends at once.
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
    // SAFETY: it is used no more.
    unsafe { fg_guard_free(parents.0) };
}
