//! The library itself.

use super::all;
use crate::error::TABLE;
use crate::guard;
use crate::operation::operations;

operations! {
    // `[[code, name], ...]` of every error.
    "library.errors" -> json { TABLE }
    // The names of all operations, in order.
    "library.operations" -> json { all().map(|row| row.name).collect::<Vec<_>>() }
    // For the end of the process: closes every guard, tests what was observed, ends the background
    // thread.
    "library.shutdown" -> nothing { guard::shutdown() }
    // 1 if the background thread runs, else 0.
    "library.worker_running" -> number { guard::is_running() }
    // Panics inside, on purpose: for tests of the barrier.
    "library.panic" options (message: String) -> nothing { panic_with(&message) }
}

fn panic_with(message: &str) {
    panic!("{message}")
}
