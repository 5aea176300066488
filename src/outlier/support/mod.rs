//! What several detectors need.

pub mod columns;
pub mod linear;
pub mod packed;
pub mod rows;

pub use fluxguard_core::store::{cells, memory, sections};
