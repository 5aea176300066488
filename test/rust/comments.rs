//! Comments are as wide as rustfmt lets code be. (It leaves comments alone, for what it knows.)

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// `max_width` of rustfmt.toml.
const WIDTH: usize = 100;

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
    {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_line_of_a_comment_is_wider_than_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let settings = fs::read_to_string(root.join("rustfmt.toml")).unwrap();
    assert!(settings.contains(&format!("max_width = {WIDTH}\n")), "{settings}");
    let mut files = Vec::new();
    ["src", "test", "benches", "examples", "fuzz/src"]
        .iter()
        .for_each(|folder| rust_files(&root.join(folder), &mut files));
    let mut wide = Vec::new();
    for file in &files {
        for (line, text) in fs::read_to_string(file).unwrap().lines().enumerate() {
            let comment = text.trim_start();
            // A row of a table is one line.
            let is_row = comment.trim_start_matches(['/', '!']).trim_start().starts_with('|');
            if comment.starts_with("//") && !is_row && text.chars().count() > WIDTH {
                wide.push(format!("{}:{}", file.display(), line + 1));
            }
        }
    }
    assert!(files.len() > 400, "{} files", files.len());
    assert!(wide.is_empty(), "over {WIDTH} columns: {}", wide.join(", "));
}
