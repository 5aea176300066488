//! The border: how another language uses the engine.
//!
//! What a host can ask for is a table of [`operations`], in safe Rust. Each face has one call that makes any of them (`fg_call`,
//! and jlrs's `call`): a name, handles, options as JSON, and arrays by name. Five calls are counted in nanoseconds and stand by
//! hand on each face: `observe`, a detector's `score`, an online detector's `update`, `moments` and `wake`.

pub mod array;
pub mod c;
pub mod call;
pub mod fork;
mod generic;
pub mod handle;
#[cfg(feature = "julia")]
pub mod julia;
pub mod operations;
pub mod raw;
