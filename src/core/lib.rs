//! What every room of FluxGuard stands on: errors, tensors, vector kernels, statistics, sketches,
//! and files that are whole or refused.
//!
//! Arrows point one way: `store -> {files, kinds} -> error`, `{sketch, stats} -> simd -> tensor ->
//! error`.

#![deny(unsafe_code)]

pub mod error;
pub mod files;
pub mod kinds;
pub mod locks;
pub mod named;
pub mod options;
pub mod parallel;
pub mod process;
pub mod simd;
pub mod sketch;
pub mod sound;
pub mod stats;
pub mod store;
pub mod tensor;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;

pub use error::{Error, Result};
