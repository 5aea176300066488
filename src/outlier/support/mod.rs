//! What several detectors need.

pub mod cells;
pub mod linear;
pub mod memory;
pub mod packed;
pub mod rows;
pub mod sections;
