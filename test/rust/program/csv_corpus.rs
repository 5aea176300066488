//! CSVs that a fuzzer found (`make fuzz`), again.
#![allow(clippy::unwrap_used)]

use std::path::Path;

#[path = "../../../fuzz/src/csv.rs"]
#[allow(dead_code)]
mod csv;

#[test]
fn what_was_found_is_read_or_an_error() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/csv");
    let inputs: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!inputs.is_empty());
    for input in inputs {
        println!("{}", input.display());
        csv::run(&std::fs::read(input).unwrap());
    }
}
