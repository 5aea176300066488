//! What the fuzzer found worth keeping (`make fuzz`), again.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use crate::store::mutations::kinds;

#[path = "../../fuzz/src/targets/mod.rs"]
#[allow(dead_code)] // what only the fuzzer begins with
pub mod targets;

/// The inputs of a target, sorted.
fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut inputs: Vec<PathBuf> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    inputs
}

/// Each of [`targets::ALL`] in a test of its own.
macro_rules! replayed {
    ($($test:ident: $target:literal),+ $(,)?) => {
        $(#[test]
        fn $test() {
            let target = targets::ALL.iter().find(|target| target.name == $target).unwrap();
            let inputs = corpus(target.name);
            assert!(!inputs.is_empty());
            for input in inputs {
                println!("{}", input.display());
                (target.run)(&fs::read(input).unwrap());
            }
        })+

        #[test]
        fn every_target_is_replayed() {
            let names: Vec<&str> = targets::ALL.iter().map(|target| target.name).collect();
            assert_eq!(names, [$($target),+]);
        }
    };
}

replayed! {
    files_of_detectors: "detector",
    files_of_neighbors: "neighbors",
    files_of_profiles: "profile",
    files_of_streams: "stream",
    files_of_thresholds: "threshold",
    files_of_estimators: "estimator",
    files_of_late_labels: "late",
    files_of_sequences: "sequence",
    files_of_references: "reference",
    files_of_private_runs: "private",
    whole_files: "file",
    journals: "journal",
    sketches: "sketch",
    options: "options",
    calls: "call",
}
