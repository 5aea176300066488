//! Files whose checksum is right and whose content is not what we write: a part of one is changed, and the checksum made for it.
//! Every kind of file is loaded and used, and either is refused or works.
//!
//! `FLUXGUARD_MUTATIONS=2000` tries so many a kind; by default there are few, different ones in each kind.
#![allow(clippy::unwrap_used)]

mod changes;
mod kinds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ciborium::Value;

use super::save_bytes;
use crate::error::panic_message;
use crate::outlier::sections;
use crate::testing::Random;
use changes::{change, places};

/// The payload of a saved file, its CBOR, and what lies beside it.
struct Parts {
    kind: String,
    version: u32,
    value: Value,
    sections: Option<Vec<u8>>,
}

impl Parts {
    fn read(path: &Path) -> Parts {
        let bytes = std::fs::read(path).unwrap();
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        let header: serde_json::Value = serde_json::from_slice(&bytes[..end]).unwrap();
        let (kind, version) = (header["kind"].as_str().unwrap().to_owned(), header["version"].as_u64().unwrap() as u32);
        let payload = &bytes[end + 1..];
        let sectioned = version == 2;
        let cbor = if sectioned {
            let length = u64::from_le_bytes(payload[..8].try_into().unwrap()) as usize;
            &payload[8..8 + length]
        } else {
            payload
        };
        let sections = sectioned.then(|| payload[(8 + cbor.len()).next_multiple_of(sections::ALIGN)..].to_vec());
        Parts { kind, version, value: ciborium::from_reader(cbor).unwrap(), sections }
    }

    fn clone_names(&self) -> Parts {
        Parts { kind: self.kind.clone(), version: self.version, value: Value::Null, sections: None }
    }

    /// With a checksum that is right.
    fn write(&self, path: &Path) {
        let mut cbor = Vec::new();
        ciborium::into_writer(&self.value, &mut cbor).unwrap();
        let payload = match &self.sections {
            None => cbor,
            Some(sections) => {
                let mut payload = (cbor.len() as u64).to_le_bytes().to_vec();
                payload.extend(cbor);
                payload.resize(payload.len().next_multiple_of(sections::ALIGN), 0);
                payload.extend(sections);
                payload
            }
        };
        save_bytes(path, &self.kind, self.version, &payload).unwrap();
    }
}

#[test]
fn content_that_contradicts_itself_is_refused_or_works() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, mutated) = (folder.path().join("whole"), folder.path().join("mutated"));
    let tries = std::env::var("FLUXGUARD_MUTATIONS").map_or(60, |n| n.parse().unwrap());
    let mut panics = Vec::new();
    let mut refused = 0;
    for (k, kind) in kinds::all().into_iter().enumerate() {
        (kind.save)(&whole);
        (kind.load_and_use)(&whole).unwrap_or_else(|error| panic!("{} as it was saved: {error}", kind.name));
        let parts = Parts::read(&whole);
        let places = places(&parts.value);
        let mut random = Random(k as u64);
        for _ in 0..tries {
            let mut parts =
                Parts { value: parts.value.clone(), sections: parts.sections.clone(), ..parts.clone_names() };
            let mut at = (random.uniform() * places as f64) as usize;
            let done = change(&mut parts.value, &mut at, &mut random).unwrap_or_default();
            parts.write(&mutated);
            match catch_unwind(AssertUnwindSafe(|| (kind.load_and_use)(&mutated))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => refused += usize::from(error.code() == 401),
                Err(panic) => {
                    eprintln!("{}: {done}", kind.name);
                    panics.push(format!("{}: {done}: {}", kind.name, panic_message(panic.as_ref())));
                }
            }
        }
    }
    assert!(panics.is_empty(), "{} panics:\n{}", panics.len(), panics.join("\n"));
    assert!(refused > 0);
}
