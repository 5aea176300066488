//! The border from the caller's side: pointers, codes, messages.

use super::*;

/// What was given, which is freed.
pub(super) fn told(given: &FgText) -> Vec<u8> {
    if given.ptr.is_null() {
        return Vec::new();
    }
    // SAFETY: what was given is readable.
    let bytes = unsafe { std::slice::from_raw_parts(given.ptr, given.len) }.to_vec();
    // SAFETY: as above, and it is used no more.
    unsafe { fg_text_free(given.ptr, given.len) };
    bytes
}

/// What a call returns, and the text that it gives.
pub(super) fn take(call: impl FnOnce(*mut FgText) -> i32) -> (i32, String) {
    let mut out = FgText { ptr: std::ptr::null_mut(), len: 0 };
    let code = call(&raw mut out);
    (code, String::from_utf8_lossy(&told(&out)).into_owned())
}

pub(super) fn last_error() -> String {
    // SAFETY: `out` is writable.
    take(|out| unsafe { fg_last_error(out) }).1
}

#[test]
fn a_panic_is_an_error_with_its_message() {
    let message = "on purpose";
    // SAFETY: the message is readable.
    assert_eq!(unsafe { fg_panic(message.as_ptr(), message.len()) }, -900);
    assert!(last_error().contains("on purpose"));
    assert_eq!(last_error(), "");
}

#[test]
fn bad_pointers_and_types_are_errors() {
    let rows = [1.0f32, 2.0];
    let (mut profile, options) = (std::ptr::null_mut(), "{\"output\": \"values\"}");
    // SAFETY: all pointers are valid or null, which is checked.
    unsafe {
        assert_eq!(fg_profile_new(options.as_ptr(), options.len(), &raw mut profile), 0);
        let data = rows.as_ptr().cast();
        assert_eq!(fg_profile_fit(profile, FLOAT32, data, 2, 2), 0);
        assert_eq!(fg_profile_fit(profile, 9, data, 2, 2), -101);
        assert_eq!(fg_profile_fit(profile, FLOAT32, std::ptr::null(), 2, 2), -100);
        assert_eq!(fg_profile_fit(profile, FLOAT32, std::ptr::null(), 0, 0), -102);
        assert_eq!(fg_profile_fit(profile, FLOAT32, data, 2, 1), -103);
        assert!(last_error().contains("got 2 features, expected the baseline's 1"));
        assert_eq!(fg_profile_fit(std::ptr::null_mut(), FLOAT32, data, 2, 2), -100);
        assert_eq!(fg_profile_merge(profile, profile), -100);
        assert_eq!(fg_profile_new("{".as_ptr(), 1, &raw mut profile), -100);
        assert_eq!(fg_profile_new([0xFF].as_ptr(), 1, &raw mut profile), -100);
        let (code, text) = take(|out| fg_profile_describe(profile, out));
        assert!(code == 0 && text.contains("\"observations\":2"), "{text}");
        fg_profile_free(profile);
        fg_profile_free(std::ptr::null_mut());
    }
}

#[test]
fn the_error_table_is_told() {
    // SAFETY: `out` is writable.
    let (_, text) = take(|out| unsafe { fg_errors(out) });
    assert!(text.starts_with("[[100,\"InvalidArgument\"]") && text.contains("[900,\"NativePanic\"]"));
}
