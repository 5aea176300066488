//! What is done with bytes that others wrote, a file a way in. Whatever the bytes are, it is an
//! answer or an error: a panic is a fault, and so is a crash.

pub mod call;
mod files;
mod journal;
mod options;
mod private;
mod sketch;

use std::fs;
use std::path::PathBuf;

/// A way in.
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// What to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! target {
    ($name:literal, $of:ident) => {
        Target { name: $name, run: $of::run, seeds: $of::seeds }
    };
    ($name:literal, $of:ident, $kind:literal) => {
        Target { name: $name, run: |bytes| $of::run($kind, bytes), seeds: || $of::seeds($kind) }
    };
}

/// All but the program's, which is `fuzz/src/csv.rs`.
pub const ALL: &[Target] = &[
    target!("detector", files, "detector"),
    target!("neighbors", files, "neighbors"),
    target!("profile", files, "profile"),
    target!("stream", files, "stream"),
    target!("threshold", files, "threshold"),
    target!("estimator", files, "estimator"),
    target!("late", files, "late labels"),
    target!("sequence", files, "sequence"),
    target!("reference", files, "reference"),
    target!("private", private),
    Target { name: "file", run: files::run_whole, seeds: files::seeds_whole },
    target!("journal", journal),
    target!("sketch", sketch),
    target!("options", options),
    target!("call", call),
];

/// A file with these bytes, of this thread alone.
fn with_file<T>(bytes: &[u8], work: impl FnOnce(&std::path::Path) -> T) -> T {
    thread_local! {
        static PATH: PathBuf = {
            let folder = std::env::temp_dir();
            let thread = format!("{:?}", std::thread::current().id());
            let digits: String = thread.chars().filter(char::is_ascii_digit).collect();
            folder.join(format!("fluxguard-fuzz-{}-{digits}", std::process::id()))
        };
    }
    PATH.with(|path| {
        fs::write(path, bytes).expect("a temporary folder");
        let made = work(path);
        let _ = fs::remove_file(path);
        made
    })
}
