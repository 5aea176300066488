//! Large arrays that stand beside a value in its file, and not within it: there they can be mapped.
//! Who writes or reads a file opens a scope on its thread; serde has no other way to hand something
//! down. Without a scope arrays stand in the value.

use std::cell::RefCell;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cells::{Cells, Mapping, View};
use crate::error::{Error, Result};

/// What sections start at a multiple of: of a cache line.
pub const ALIGN: usize = 64;

/// Where an array stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Section {
    /// Bytes from the start of the sections.
    at: u64,
    /// How many numbers.
    len: u64,
    /// Bytes of each: 4 where all are of single precision, else 8.
    width: u8,
}

struct Source {
    file: Arc<dyn Mapping>,
    start: usize,
    in_place: bool,
}

thread_local! {
    static WRITING: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
    static READING: RefCell<Option<Source>> = const { RefCell::new(None) };
}

/// What `write` returns, and the sections that were put aside meanwhile.
pub fn collect<T>(write: impl FnOnce() -> T) -> (T, Vec<u8>) {
    let before = WRITING.replace(Some(Vec::new()));
    let result = write();
    (result, WRITING.replace(before).unwrap_or_default())
}

/// What `read` returns, with the sections of a file at hand, which start at byte `start`;
/// `in_place`: used where they lie.
pub fn provide<T>(
    file: &Arc<dyn Mapping>,
    start: usize,
    in_place: bool,
    read: impl FnOnce() -> T,
) -> T {
    let before = READING.replace(Some(Source { file: file.clone(), start, in_place }));
    let result = read();
    READING.replace(before);
    result
}

/// Puts numbers aside, if a scope is open.
pub fn put(values: View<'_>) -> Option<Section> {
    WRITING.with_borrow_mut(|sections| {
        let sections = sections.as_mut()?;
        sections.resize(sections.len().next_multiple_of(ALIGN), 0);
        let at = sections.len() as u64;
        let (len, width) = match values {
            View::Single(x) => {
                x.iter().for_each(|x| sections.extend_from_slice(&x.to_le_bytes()));
                (x.len(), 4)
            }
            View::Double(x) if x.iter().all(|x| f64::from(*x as f32).to_bits() == x.to_bits()) => {
                x.iter().for_each(|x| sections.extend_from_slice(&(*x as f32).to_le_bytes()));
                (x.len(), 4)
            }
            View::Double(x) => {
                x.iter().for_each(|x| sections.extend_from_slice(&x.to_le_bytes()));
                (x.len(), 8)
            }
        };
        Some(Section { at, len: len as u64, width })
    })
}

/// The numbers of a section.
///
/// # Errors
/// [`Error::InvalidArgument`] without a scope, or for a section that the file has not.
pub fn take(section: Section) -> Result<Cells> {
    READING.with_borrow(|source| {
        let none = || {
            Error::invalid("points", "a section without its file", "a file that was written whole")
        };
        let source = source.as_ref().ok_or_else(none)?;
        let of_file = || -> Option<(usize, usize)> {
            let at = source.start.checked_add(usize::try_from(section.at).ok()?)?;
            let bytes =
                usize::try_from(section.len).ok()?.checked_mul(usize::from(section.width))?;
            Some((at, at.checked_add(bytes)?))
        };
        let (at, end) = of_file().ok_or_else(none)?;
        Cells::of_file(&source.file, at..end, usize::from(section.width), source.in_place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_aside_comes_back_in_as_few_bytes_as_it_needs() {
        assert!(put(View::Double(&[1.0])).is_none(), "no scope");
        let ((a, b), bytes) =
            collect(|| (put(View::Double(&[0.5, 3.0])), put(View::Double(&[0.1]))));
        let (a, b) = (a.expect("scope"), b.expect("scope"));
        assert_eq!((bytes.len(), a.width, b.width), (ALIGN + 8, 4, 8));
        assert!(take(a).is_err(), "no scope");
        let file: Arc<dyn Mapping> = Arc::new(bytes);
        provide(&file, 0, false, || {
            let values = |section| {
                take(section).map(|cells| (0..cells.len()).map(|i| cells.view().get(i)).collect())
            };
            assert_eq!(values(a), Ok(vec![0.5, 3.0]));
            assert_eq!(values(b), Ok(vec![0.1]));
            let beyond = Section { at: u64::MAX, ..a };
            assert_eq!(values(beyond).map_err(|e| e.code()), Err(100));
            assert_eq!(values(Section { len: 1 << 62, ..a }).map_err(|e| e.code()), Err(100));
            assert_eq!(values(Section { width: 3, ..a }).map_err(|e| e.code()), Err(100));
        });
        assert!(take(a).is_err(), "the scope ended");
    }
}
