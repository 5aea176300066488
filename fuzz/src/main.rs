//! The fuzzer: libFuzzer's loop over one of the targets, `FLUXGUARD_FUZZ_TARGET`.
//!
//! With `FLUXGUARD_FUZZ_SEEDS` it writes what to begin with into that folder, and ends.

#![no_main]

use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

mod csv;
#[path = "../../test/rust/store/mutations/kinds.rs"]
#[allow(dead_code)]
mod kinds;
mod targets;

use targets::{ALL, Target};

const CSV: Target = Target { name: "csv", run: csv::run, seeds: csv::seeds };

/// The one that was asked for.
static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FLUXGUARD_FUZZ_TARGET").unwrap_or_default();
    let mut all = ALL.iter().chain(std::iter::once(&CSV));
    all.clone().find(|target| target.name == name).unwrap_or_else(|| {
        let names: Vec<&str> = all.by_ref().map(|target| target.name).collect();
        eprintln!("FLUXGUARD_FUZZ_TARGET: got {name:?}, expected one of {}", names.join(", "));
        exit(2)
    })
});

fn write_seeds(folder: &Path) {
    for (number, seed) in (TARGET.seeds)().into_iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number}")), seed).expect("a folder");
    }
}

fuzz_target!(
    init: {
        // What panics and is caught is an error to callers: only what is not ends the run.
        drop(std::panic::take_hook());
        if let Some(folder) = std::env::var_os("FLUXGUARD_FUZZ_SEEDS") {
            write_seeds(&PathBuf::from(folder));
            exit(0);
        }
    },
    |bytes: &[u8]| (TARGET.run)(bytes)
);
