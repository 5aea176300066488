//! The C ABI from the caller's side: pointers, codes, messages.

use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut};

use super::*;

/// What is passed for an array.
fn array<T>(name: &'static CStr, dtype: i32, data: &[T], observations: usize) -> FgArray {
    FgArray {
        name: name.as_ptr(),
        data: data.as_ptr().cast_mut().cast(),
        len: data.len(),
        observations,
        dtype,
    }
}

/// The same, to write.
fn out<T>(name: &'static CStr, dtype: i32, data: &mut [T]) -> FgArray {
    let len = data.len();
    FgArray {
        name: name.as_ptr(),
        data: data.as_mut_ptr().cast(),
        len,
        observations: len,
        dtype: dtype | WRITABLE,
    }
}

/// The code, the answer and its bytes as text.
fn call(
    operation: &CStr,
    options: &str,
    handles: &[*const Handle],
    arrays: &[FgArray],
) -> (i32, FgAnswer, String) {
    let options = CString::new(options).expect("no zero");
    let request = FgRequest {
        operation: operation.as_ptr(),
        options: options.as_ptr(),
        handles: handles.as_ptr(),
        handle_count: handles.len(),
        arrays: arrays.as_ptr(),
        array_count: arrays.len(),
        interrupt: null(),
    };
    let mut answer = FgAnswer { number: -1, bytes: null_mut(), len: 0, handle: null_mut() };
    // SAFETY: all is readable for the length of the call; tests pass null and other handles, which
    // are checked.
    let code = unsafe { fg_call(&raw const request, &raw mut answer) };
    (code, answer, text(answer))
}

/// The bytes of an answer, which are freed.
fn text(answer: FgAnswer) -> String {
    if answer.bytes.is_null() {
        return String::new();
    }
    // SAFETY: what was given is readable, and freed once.
    unsafe {
        let text = String::from_utf8_lossy(std::slice::from_raw_parts(answer.bytes, answer.len))
            .into_owned();
        fg_free_bytes(answer.bytes, answer.len);
        text
    }
}

fn last_error() -> String {
    let mut answer = FgAnswer { number: 0, bytes: null_mut(), len: 0, handle: null_mut() };
    // SAFETY: `answer` is writable.
    unsafe { fg_last_error(&raw mut answer) };
    text(answer)
}

const ROWS: [f64; 40] = {
    let mut rows = [0.0; 40];
    let mut i = 0;
    while i < 40 {
        rows[i] = (i * 37 % 40) as f64;
        i += 1;
    }
    rows
};

fn profile() -> *mut Handle {
    let (code, answer, _) = call(c"profile.new", "{\"output\":\"values\"}", &[], &[]);
    assert_eq!(code, 0);
    answer.handle
}

#[test]
fn a_panic_is_an_error_with_its_message() {
    let (code, _, message) = call(c"library.panic", "{\"message\":\"on purpose\"}", &[], &[]);
    assert!(code == -900 && message.contains("on purpose"), "{message}");
}

#[test]
fn bad_pointers_types_and_handles_are_errors() {
    let mut profile = profile();
    let fit = |handle: *const Handle, array: FgArray| {
        let (code, _, message) = call(c"profile.fit", "", &[handle], &[array]);
        (code, message)
    };
    let good = array(c"reference", FLOAT64, &ROWS, 40);
    assert_eq!(fit(profile, good), (0, String::new()));
    let with = |change: fn(&mut FgArray)| {
        let mut array = good;
        change(&mut array);
        array
    };
    for (array, code, words) in [
        (with(|a| a.dtype = 9), -101, "reference: element type code 9"),
        (with(|a| a.dtype = UINT8), -101, "reference: element type UInt8"),
        (with(|a| a.data = null_mut()), -100, "reference: got a null"),
        (with(|a| a.data = a.data.wrapping_byte_add(1)), -100, "unaligned"),
        (with(|a| a.len = usize::MAX), -100, "memory can hold"),
        (with(|a| a.len = 0), -102, "0 elements"),
        (with(|a| a.observations = 0), -102, "0 observations"),
        (with(|a| a.observations = 20), -103, "got 2 features, expected the baseline's 1"),
        (with(|a| a.name = null()), -100, "an array named \"\""),
        (with(|a| a.name = c"\xFF".as_ptr()), -100, "text in UTF-8"),
    ] {
        let (was, message) = fit(profile, array);
        assert!(was == code && message.contains(words), "{was} {message}");
    }
    let (code, message) = fit(null(), good);
    assert!(
        code == -100 && message.contains("profile: got none (or one that was freed)"),
        "{message}"
    );
    let sketch = call(c"sketch.new", "{\"kind\":\"kll\"}", &[], &[]).1.handle;
    let (code, message) = fit(sketch, good);
    assert!(
        code == -100 && message.contains("a handle of kind sketch, expected one of kind profile"),
        "{message}"
    );
    assert_eq!(call(c"profile.merge", "", &[profile, profile], &[]).0, -100);
    assert!(call(c"profile.describe", "", &[profile], &[]).2.contains("\"observations\":40"));
    for options in [
        "{",
        "[]",
        "{\"output\":null}",
        &"[".repeat(100_000),
        "{\"output\":\"values\",\"output\":\"values\"}",
    ] {
        assert_eq!(call(c"profile.new", options, &[], &[]).0, -100);
    }
    for mut handle in [profile, sketch, null_mut()] {
        // SAFETY: each is freed once; the second time its place is null.
        unsafe {
            fg_free(&raw mut handle);
            fg_free(&raw mut handle);
        }
        assert!(handle.is_null());
    }
    profile = null_mut();
    assert!(profile.is_null());
    // SAFETY: null is allowed, or an error.
    unsafe {
        fg_free(null_mut());
        fg_free_bytes(null_mut(), 0);
        fg_last_error(null_mut());
        assert_eq!(fg_call(null(), null_mut()), -100);
    }
}

#[test]
fn arrays_are_written_in_place_and_must_not_overlap() {
    let gradients = [3.0f64, 4.0, 0.3, 0.4, f64::NAN, 1.0];
    let (mut sum, mut norms) = ([0.0f64; 2], [0.0f64; 3]);
    let clip = |arrays: &[FgArray]| {
        let (code, _, text) = call(c"privacy.clip_sum", "{\"flat\":1}", &[], arrays);
        (code, text)
    };
    let good = [
        array(c"gradients", FLOAT64, &gradients, 3),
        out(c"out", FLOAT64, &mut sum),
        out(c"norms", FLOAT64, &mut norms),
    ];
    let report = "{\"examples\":3,\"clipped\":1,\"non_finite\":[2],\"norms\":[],\"clip_norm\":1.0}";
    assert_eq!(clip(&good), (0, report.to_owned()));
    assert!(
        (sum[0] - 0.9).abs() < 1e-15
            && (sum[1] - 1.2).abs() < 1e-15
            && norms[0] == 5.0
            && norms[2].is_nan()
    );
    let with = |which: usize, change: fn(&mut FgArray)| {
        let mut arrays = good;
        change(&mut arrays[which]);
        arrays
    };
    let mut over = good;
    over[1].data = over[0].data;
    for (arrays, code, words) in [
        (over, -100, "share memory"),
        (with(0, |a| a.dtype = FLOAT16), -101, "gradients"),
        (
            with(1, |a| a.dtype = FLOAT64),
            -101,
            "out: element type Float64 (expected here: Float64 to write)",
        ),
        (with(0, |a| a.data = null_mut()), -100, "gradients"),
        (with(1, |a| a.data = null_mut()), -100, "out"),
        (with(1, |a| a.len = 0), -102, "gradients"),
        (with(1, |a| a.len = 1), -100, "gradients"),
        (with(2, |a| a.len = 1), -100, "gradients"),
    ] {
        let (was, message) = clip(&arrays);
        assert!(was == code && message.contains(words), "{was} {message}");
    }
    assert_eq!(clip(&good[..2]).0, -100);
    assert_eq!(clip(&[]).0, -102);
    let twice = [good[0], good[0], good[1], good[1], good[2]];
    assert!(clip(&twice).1.contains("share memory"));
}

#[test]
fn the_calls_that_stand_by_hand() {
    let reference = array(c"reference", FLOAT64, &ROWS, 40);
    let detector = call(
        c"detector.fit",
        "{\"detector\":\"knn\",\"options\":{\"neighbors\":3}}",
        &[],
        &[reference],
    )
    .1
    .handle;
    let online = call(c"online.new", "{\"detector\":\"adwin\"}", &[], &[]).1.handle;
    let (data, mut scores, mut fired, mut moments) =
        (ROWS.as_ptr().cast(), [0.0; 40], [0u64; 40], [0.0; 5]);
    // SAFETY: all pointers are those of living values, or null on purpose.
    unsafe {
        assert_eq!(
            fg_detector_score(detector, FLOAT64, data, 40, 40, scores.as_mut_ptr(), 40, null()),
            0
        );
        assert!(scores.iter().all(|score| *score > 0.0));
        assert_eq!(
            fg_detector_score(detector, FLOAT64, data, 40, 40, scores.as_mut_ptr(), 39, null()),
            -100
        );
        assert!(last_error().contains("a place for 40 numbers") && last_error().is_empty());
        assert_eq!(
            fg_detector_score(online, FLOAT64, data, 40, 40, scores.as_mut_ptr(), 40, null()),
            -100
        );
        assert!(last_error().contains("one of kind detector"));
        assert_eq!(fg_online_update(online, FLOAT64, data, 40, fired.as_mut_ptr(), null()), 0);
        assert_eq!(fg_online_update(online, FLOAT64, null(), 0, null_mut(), null()), 0);
        assert_eq!(fg_online_update(online, FLOAT64, data, 40, null_mut(), null()), -100);
        assert_eq!(fg_online_update(null(), FLOAT64, data, 40, fired.as_mut_ptr(), null()), -100);
        assert_eq!(fg_moments(FLOAT64, data, 40, 40, moments.as_mut_ptr(), 5), 0);
        assert_eq!((moments[0], moments[2], moments[3], moments[4]), (19.5, 0.0, 39.0, 0.0));
        assert_eq!(fg_moments(FLOAT64, data, 40, 40, null_mut(), 5), -100);
        assert_eq!(fg_guard_observe(detector, FLOAT64, data, 40, 40, 1), -100);
        assert_eq!(fg_guard_wake(null(), None, null_mut()), -100);
        for mut handle in [detector, online] {
            fg_free(&raw mut handle);
        }
    }
    let (code, _, errors) = call(c"library.errors", "", &[], &[]);
    assert!(
        code == 0
            && errors.starts_with("[[100,\"InvalidArgument\"]")
            && errors.contains("[900,\"NativePanic\"]")
    );
}
