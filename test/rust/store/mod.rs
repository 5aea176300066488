//! Files that are saved and loaded.

mod files;
mod mutations;
