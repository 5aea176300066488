//! Files that are saved and loaded.

mod files;
pub mod mutations;
