//! The table as a whole; what an operation does is tested where it is called from.

use std::collections::HashSet;

use super::*;
use crate::answer::Answer;
use crate::array::{Array, Element, Lent};
use crate::call::Call;

#[test]
fn names_are_unique_and_have_a_room() {
    let mut seen = HashSet::new();
    for row in all() {
        assert!(seen.insert(row.name), "{} stands twice", row.name);
        let (room, verb) = row.name.split_once('.').expect("room.verb");
        let plain = |word: &str| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(!room.is_empty() && plain(room) && !verb.is_empty() && plain(verb), "{}", row.name);
    }
}

/// An array to read.
pub fn array<'a, T: Element>(name: &'a str, values: &'a [T], observations: usize) -> Array<'a> {
    let memory = Lent::Read(bytemuck::cast_slice(values));
    Array { name, element: T::TYPE, memory, observations }
}

/// What a call without handles, options and arrays gives.
fn called(name: &str, handles: usize, arrays: Vec<Array<'_>>) -> Result<Answer> {
    Call::new(find(name)?, "", vec![None; handles], arrays)?.run()
}

#[test]
fn what_is_not_there_is_an_error_that_names_it() {
    let fault = |name: &str, handles, arrays| {
        called(name, handles, arrays).err().expect("refused").to_string()
    };
    let unknown = fault("sketch.fit", 0, vec![]);
    assert!(unknown.contains("\"sketch.fit\"") && unknown.contains("sketch.update"), "{unknown}");
    assert!(fault("", 0, vec![]).contains("library.operations"));
    let handles = fault("profile.merge", 1, vec![]);
    assert!(handles.contains("got 1") && handles.contains("profile, other"), "{handles}");
    let arrays = fault("drift.compare", 0, vec![array("x", &[1.0], 1)]);
    assert!(arrays.contains("named \"x\"") && arrays.contains("reference, current"), "{arrays}");
    assert!(fault("profile.fit", 1, vec![]).starts_with("profile: got none"));
}

#[test]
fn no_operation_panics_for_want_of_what_it_takes() {
    for row in all().filter(|row| !matches!(row.name, "library.panic" | "library.shutdown")) {
        if let Err(error) = called(row.name, row.handles.len(), vec![]) {
            assert!(matches!(error.code(), 100 | 102), "{}: {error}", row.name);
        }
    }
}

#[test]
fn the_page_for_other_languages_has_them_all() {
    let page = include_str!("../../../docs/c.md");
    for row in all() {
        let rest = row.rest.map(|rest| format!("{rest} ..."));
        let handles: Vec<String> =
            row.handles.iter().map(|handle| (*handle).to_owned()).chain(rest).collect();
        let line =
            format!("| `{}` | {} | {} |", row.name, handles.join(", "), row.arrays.join(", "));
        assert!(page.contains(&line), "docs/c.md lacks the row that begins with {line}");
    }
    assert_eq!(page.matches("\n| `").count(), all().count());
}
