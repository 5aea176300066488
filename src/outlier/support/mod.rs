//! What several detectors need.

pub mod linear;
pub mod memory;
pub mod packed;
pub mod rows;
