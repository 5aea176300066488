//! Files of every kind that is saved and loaded.
//!
//! Nobody guesses a checksum, so the bytes are what stands behind the header, which is made for
//! them: first which of the kind's files is expected and the format's version, then the payload.
//! [`run_whole`] takes headers as they come.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use fluxguard::store::save_bytes;

use super::super::kinds::{self, Kind};
use super::with_file;

/// A file that is loaded and used, and how it is when it is whole.
struct Sample {
    kind: Kind,
    /// What the header calls it.
    header: String,
    whole: Vec<u8>,
    payload: Vec<u8>,
    version: u8,
}

/// What is made and learned once: files of some kinds, by a function of [`kinds`].
struct Group(fn() -> Vec<Kind>, OnceLock<Vec<Sample>>);

static GROUPS: [Group; 5] = [
    Group(kinds::detectors, OnceLock::new()),
    Group(kinds::stores, OnceLock::new()),
    Group(kinds::profiles, OnceLock::new()),
    Group(kinds::streams, OnceLock::new()),
    Group(kinds::others, OnceLock::new()),
];

impl Group {
    fn samples(&self) -> &[Sample] {
        self.1.get_or_init(|| (self.0)().into_iter().map(Sample::of).collect())
    }
}

impl Sample {
    fn of(kind: Kind) -> Sample {
        let whole = with_file(&[], |path| {
            (kind.save)(path);
            fs::read(path).expect("just written")
        });
        let end = whole.iter().position(|byte| *byte == b'\n').expect("a header");
        let said: serde_json::Value = serde_json::from_slice(&whole[..end]).expect("JSON");
        let header = said["kind"].as_str().expect("a name").to_owned();
        let version = said["version"].as_u64().expect("a number") as u8;
        Sample { kind, header, payload: whole[end + 1..].to_vec(), whole, version }
    }

    fn load_and_use(&self, path: &Path) {
        // An error is an answer.
        let _ = (self.kind.load_and_use)(path);
    }
}

/// Those whose names begin so.
fn samples(of: &str) -> Vec<&'static Sample> {
    let group = match of {
        "detector" => 0,
        "neighbors" => 1,
        "profile" => 2,
        "stream" => 3,
        _ => 4,
    };
    let samples = GROUPS[group].samples().iter();
    samples.filter(|sample| sample.kind.name.starts_with(of)).collect()
}

fn all() -> Vec<&'static Sample> {
    GROUPS.iter().flat_map(Group::samples).collect()
}

pub fn run(of: &str, bytes: &[u8]) {
    let [which, version, payload @ ..] = bytes else { return };
    let samples = samples(of);
    let sample = samples[usize::from(*which) % samples.len()];
    with_file(&[], |path| {
        save_bytes(path, &sample.header, u32::from(version % 4), payload).expect("writable");
        sample.load_and_use(path);
    });
}

pub fn seeds(of: &str) -> Vec<Vec<u8>> {
    let of_sample = |(which, sample): (usize, &&Sample)| {
        [&[which as u8, sample.version], &sample.payload[..]].concat()
    };
    samples(of).iter().enumerate().map(of_sample).collect()
}

/// The first byte says as what the rest, a file with its header, is loaded.
pub fn run_whole(bytes: &[u8]) {
    let [which, file @ ..] = bytes else { return };
    let all = all();
    let sample = all[usize::from(*which) % all.len()];
    with_file(file, |path| sample.load_and_use(path));
}

pub fn seeds_whole() -> Vec<Vec<u8>> {
    let of_sample =
        |(which, sample): (usize, &Sample)| [&[which as u8], &sample.whole[..]].concat();
    all().into_iter().enumerate().map(of_sample).filter(|seed| seed.len() < 3000).collect()
}
