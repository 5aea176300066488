//! The border: how another language uses the engine.
//!
//! What a host can ask for is a table of [`operations`], in safe Rust. Each face has one call that
//! makes any of them (`fg_call`, and jlrs's `call`): a name, handles, options as JSON, and arrays
//! by name. Five calls are counted in nanoseconds and stand by hand on each face: `observe`, a
//! detector's `score`, an online detector's `update`, `moments` and `wake`.

// Rooms below, by the names that they have everywhere.
use fluxguard_core::{
    error, files, locks, options, parallel, process, sketch, stats, store, tensor,
};
use fluxguard_drift as drift;
use fluxguard_guard::{self as guard, profile};
use fluxguard_outlier::{self as outlier, sequence};
use fluxguard_performance as performance;
use fluxguard_privacy as privacy;

pub mod answer;
pub mod array;
pub mod c;
pub mod call;
pub mod fork;
mod generic;
pub mod handle;
mod leavable;
mod operation;
pub mod operations;
pub mod raw;
