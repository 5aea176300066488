//! Files whose checksum is right and whose content is not what we write: a part of one is changed,
//! and the checksum made for it. Every kind of file is loaded and used, and either is refused or
//! works. And files whose bytes were changed: all of them are refused.
//!
//! `FLUXGUARD_MUTATIONS=2000` tries so many a kind; by default there are few, different ones in
//! each kind.
#![allow(clippy::unwrap_used)]

mod changes;
pub mod kinds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ciborium::Value;

use changes::{change, places};
use fluxguard::error::panic_message;
use fluxguard::store::save_bytes;
use fluxguard::store::sections;
use fluxguard_core::testing::Random;

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
        let (kind, version) = (
            header["kind"].as_str().unwrap().to_owned(),
            header["version"].as_u64().unwrap() as u32,
        );
        let payload = &bytes[end + 1..];
        let sectioned = version == 2;
        let cbor = if sectioned {
            let length = u64::from_le_bytes(payload[..8].try_into().unwrap()) as usize;
            &payload[8..8 + length]
        } else {
            payload
        };
        let sections = sectioned
            .then(|| payload[(8 + cbor.len()).next_multiple_of(sections::ALIGN)..].to_vec());
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

/// How many a kind.
fn tries(without: usize) -> usize {
    std::env::var("FLUXGUARD_MUTATIONS").map_or(without, |n| n.parse().unwrap())
}

/// What a disk, a copy that ended early, or a lie in the header makes of a file; some of it says
/// the same in other words.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) -> String {
    let mut below = |n: usize| (random.uniform() * n as f64) as usize;
    let header = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    let how = below(7);
    match how {
        0 => {
            let (at, bit) = (below(bytes.len()), below(8));
            bytes[at] ^= 1 << bit;
            format!("bit {bit} of byte {at}")
        }
        1 => {
            let (from, n) = (below(bytes.len()), 1 + below(64));
            let to = (from + n).min(bytes.len());
            bytes[from..to].iter_mut().for_each(|byte| *byte = below(256) as u8);
            format!("bytes {from} to {to}")
        }
        2 => {
            let cut = below(bytes.len());
            bytes.truncate(cut);
            format!("cut after {cut}")
        }
        3 => {
            let n = 1 + below(100);
            bytes.extend((0..n).map(|_| below(256) as u8));
            format!("{n} more")
        }
        4 => {
            let n = below(5000);
            *bytes = (0..n).map(|_| below(256) as u8).collect();
            format!("{n} of noise")
        }
        _ => {
            let lies = [
                "0",
                "1",
                "4294967295",
                "9223372036854775808",
                "18446744073709551615",
                "-1",
                "1e300",
                "null",
                "\"x\"",
                "{}",
            ];
            let (field, lie) = (
                ["bytes", "crc32", "version", "kind", "format"][below(5)],
                lies[below(lies.len())],
            );
            let mut said: serde_json::Map<String, serde_json::Value> =
                serde_json::from_slice(&bytes[..header]).unwrap();
            said.insert(field.into(), serde_json::from_str(lie).unwrap());
            let mut line = serde_json::to_vec(&said).unwrap();
            line.resize(header.max(line.len()), b' ');
            bytes.splice(..header, line);
            format!("{field} = {lie}")
        }
    }
}

#[test]
fn bytes_that_were_changed_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for (k, kind) in kinds::all().into_iter().enumerate() {
        (kind.save)(&path);
        let whole = std::fs::read(&path).unwrap();
        let (mut random, header) =
            (Random(1000 + k as u64), whole.iter().position(|byte| *byte == b'\n').unwrap());
        let says = |bytes: &[u8]| -> Option<serde_json::Value> {
            let end = bytes.iter().position(|byte| *byte == b'\n')?;
            serde_json::from_slice(&bytes[..end]).ok()
        };
        for _ in 0..tries(20) {
            let mut bytes = whole.clone();
            let done = damage(&mut bytes, &mut random);
            // blanks in the header, and lies that are true
            let same =
                says(&bytes) == says(&whole) && bytes.get(header..) == Some(&whole[header..]);
            std::fs::write(&path, &bytes).unwrap();
            let found = catch_unwind(AssertUnwindSafe(|| (kind.load_and_use)(&path)));
            let found = found.unwrap_or_else(|panic| {
                panic!("{}: {done}: {}", kind.name, panic_message(panic.as_ref()))
            });
            let code = found.map_err(|error| error.code()).err();
            // an older version is one that is read
            let older = done == "version = 1" && code.is_none_or(|code| code == 401);
            let refused = code.is_some_and(|code| (400..500).contains(&code));
            assert!(same || older || refused, "{}: {done}: {code:?}", kind.name);
        }
    }
}

#[test]
fn content_that_contradicts_itself_is_refused_or_works() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, mutated) = (folder.path().join("whole"), folder.path().join("mutated"));
    let tries = tries(60);
    let mut panics = Vec::new();
    let mut refused = 0;
    for (k, kind) in kinds::all().into_iter().enumerate() {
        (kind.save)(&whole);
        (kind.load_and_use)(&whole)
            .unwrap_or_else(|error| panic!("{} as it was saved: {error}", kind.name));
        let parts = Parts::read(&whole);
        let places = places(&parts.value);
        let mut random = Random(k as u64);
        for _ in 0..tries {
            let mut parts = Parts {
                value: parts.value.clone(),
                sections: parts.sections.clone(),
                ..parts.clone_names()
            };
            let mut at = (random.uniform() * places as f64) as usize;
            let done = change(&mut parts.value, &mut at, &mut random).unwrap_or_default();
            parts.write(&mutated);
            match catch_unwind(AssertUnwindSafe(|| (kind.load_and_use)(&mutated))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => refused += usize::from(error.code() == 401),
                Err(panic) => {
                    eprintln!("{}: {done}", kind.name);
                    panics.push(format!(
                        "{}: {done}: {}",
                        kind.name,
                        panic_message(panic.as_ref())
                    ));
                }
            }
        }
    }
    assert!(panics.is_empty(), "{} panics:\n{}", panics.len(), panics.join("\n"));
    assert!(refused > 0);
}
