//! Files whose content is the host's, through the C ABI: whole or refused, as all of FluxGuard's. The contract of pointers is the
//! parent's.

use super::border::{FgText, answer32, give, slice, text};
use crate::{files, store};

/// Replaces the file at `path` with these bytes: [`files::replace`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_file_replace(path: *const u8, path_len: usize, bytes: *const u8, len: usize) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract.
        let (path, bytes) = unsafe { (text("path", path, path_len)?, slice("bytes", bytes, len)?) };
        files::replace("path", path.as_ref(), &[bytes]).map(|()| 0)
    })
}

/// Saves bytes of a `kind` and format version that the host names, with a checksum: [`store::save_bytes`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_file_save(
    path: *const u8,
    path_len: usize,
    kind: *const u8,
    kind_len: usize,
    version: u32,
    bytes: *const u8,
    len: usize,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let (path, kind) = (text("path", path, path_len)?, text("kind", kind, kind_len)?);
            store::save_bytes(path.as_ref(), kind, version, slice("bytes", bytes, len)?).map(|()| 0)
        }
    })
}

/// The bytes that [`fg_file_save`] saved: not text, but given back to [`super::fg_text_free`] like text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_file_load(
    path: *const u8,
    path_len: usize,
    kind: *const u8,
    kind_len: usize,
    version: u32,
    out: *mut FgText,
) -> i32 {
    answer32(|| {
        // SAFETY: the module's contract, for all that follows.
        unsafe {
            let (path, kind) = (text("path", path, path_len)?, text("kind", kind, kind_len)?);
            give(out, store::load_bytes(path.as_ref(), kind, version)?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::c::tests::told;

    #[test]
    fn there_and_back_and_null_pointers() {
        let folder = tempfile::tempdir().expect("writable");
        let path = folder.path().join("x").display().to_string();
        let (kind, bytes) = ("mine", [0u8, 255, 10]);
        let mut out = FgText { ptr: std::ptr::null_mut(), len: 0 };
        // SAFETY: all pointers are those of living values, or null on purpose.
        unsafe {
            let load = |kind: &str, version, out: &mut FgText| {
                fg_file_load(path.as_ptr(), path.len(), kind.as_ptr(), kind.len(), version, out)
            };
            let save = |version, bytes: *const u8| {
                fg_file_save(path.as_ptr(), path.len(), kind.as_ptr(), 4, version, bytes, 3)
            };
            assert_eq!(load(kind, 3, &mut out), -400);
            assert_eq!(save(3, bytes.as_ptr()), 0);
            assert_eq!(load(kind, 3, &mut out), 0);
            assert_eq!(told(&out), bytes);
            assert_eq!((load(kind, 4, &mut out), load("other", 3, &mut out)), (-402, -403));
            assert_eq!(fg_file_replace(path.as_ptr(), path.len(), bytes.as_ptr(), 3), 0);
            assert_eq!(std::fs::read(&path).expect("there"), bytes);
            assert_eq!(load(kind, 3, &mut out), -401);
            assert_eq!(fg_file_replace(path.as_ptr(), path.len(), std::ptr::null(), 0), 0);
            assert_eq!(fg_file_replace(path.as_ptr(), path.len(), std::ptr::null(), 3), -100);
            assert_eq!(save(3, std::ptr::null()), -100);
            assert_eq!(fg_file_replace(std::ptr::null(), 3, bytes.as_ptr(), 3), -100);
        }
    }
}
