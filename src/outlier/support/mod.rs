//! What several detectors need.

pub mod cells;
pub mod linear;
pub mod memory;
pub mod packed;
pub mod parallel;
pub mod rows;
pub mod sections;
