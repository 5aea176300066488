//! FluxGuard: the safety layer of a Flux.jl model, as one engine with no idea of its host language.
//!
//! Arrows point one way:
//! `ffi -> guard -> {drift, outlier, output, performance, sequence, alert, store} -> {stats, sketch} -> tensor`;
//! `privacy` stands on `stats` alone.

pub mod alert;
pub mod drift;
pub mod error;
pub mod ffi;
pub mod files;
pub mod guard;
pub mod kinds;
mod leavable;
mod named;
mod options;
pub mod outlier;
pub mod output;
mod parallel;
pub mod performance;
pub mod privacy;
mod process;
pub mod profile;
pub mod sequence;
pub mod simd;
pub mod sketch;
pub mod sound;
pub mod stats;
pub mod store;
pub mod tensor;
pub mod text;

#[cfg(test)]
mod testing;

pub use error::{Error, Result};
