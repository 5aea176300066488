//! The library itself.

use super::{Operation, all};
use crate::call::{Answer, named_options};
use crate::error::TABLE;
use crate::guard;

pub(super) const OPERATIONS: &[Operation] = &[
    // `[[code, name], ...]` of every error.
    Operation::new("library.errors", |_| Answer::json(&TABLE)),
    // The names of all operations, in order.
    Operation::new("library.operations", |_| {
        Answer::json(&all().map(|row| row.name).collect::<Vec<_>>())
    }),
    // For the end of the process: closes every guard, tests what was observed, ends the background
    // thread.
    Operation::new("library.shutdown", |_| {
        guard::shutdown();
        Ok(().into())
    }),
    // 1 if the background thread runs, else 0.
    Operation::new("library.worker_running", |_| Ok(Answer::Number(guard::is_running().into()))),
    // Panics inside, on purpose: for tests of the barrier.
    Operation::new("library.panic", |call| {
        let message = named_options!(call, message: String)?;
        panic!("{message}")
    }),
];
