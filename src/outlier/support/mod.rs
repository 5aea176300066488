//! What several detectors need.

pub mod columns;
pub mod linear;
pub mod packed;
pub mod rows;

pub use fluxguard_core::store::{cells, memory, sections};

/// Multiplications that may take longer than a person notices: some ten milliseconds, or more where
/// they are no mere ones.
pub const LONG: usize = 1 << 24;
