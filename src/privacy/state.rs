//! What a private run needs to go on: saved atomically; a damaged file is refused with the reason.
//!
//! The file: `FGDP`, the format's version, length and CRC-32 of what follows (all little-endian),
//! then CBOR. It holds numbers and names, nothing that is run. It holds no random state either: a
//! resumed run is keyed anew.

use super::accountant::{Accountant, Phase};
use super::clip::{AdaptiveClip, Clipping};
use crate::files;
use crate::kinds;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

const MAGIC: &[u8; 4] = kinds::PRIVATE;
const VERSION: u32 = 1;
const HEADER: usize = 20;

/// The state of a private run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrivacyState {
    /// What has been spent; its steps are the steps executed.
    pub accountant: Accountant,
    /// The norms in use.
    pub clipping: Clipping,
    /// The adaptive norm, if there is one.
    pub adaptive: Option<AdaptiveClip>,
    /// What was planned, from the first step on.
    pub schedule: Vec<Phase>,
    /// Was every random number so far keyed by the operating system?
    pub private_randomness: bool,
}

impl PrivacyState {
    /// Checks every field.
    ///
    /// # Errors
    /// `InvalidArgument`, naming what is wrong.
    pub fn validate(&self) -> Result<()> {
        self.accountant.validate()?;
        let parameters = match &self.clipping {
            Clipping::PerLayer(norms) => norms.len(),
            Clipping::Flat(_) => 1,
        };
        self.clipping.validate(parameters)?;
        self.adaptive.iter().try_for_each(AdaptiveClip::validate)?;
        self.schedule.iter().try_for_each(Phase::validate)
    }

    /// Replaces the file at `path`, whole or not at all: [`files::replace`].
    ///
    /// # Errors
    /// `PathUnusable` if it cannot be written; as [`PrivacyState::validate`].
    pub fn save(&self, path: &Path) -> Result<()> {
        self.validate()?;
        let mut payload = Vec::new();
        ciborium::into_writer(self, &mut payload).map_err(|error| {
            Error::invalid("state", error, "a state that can be written as CBOR")
        })?;
        let mut header = MAGIC.to_vec();
        header.extend(VERSION.to_le_bytes());
        header.extend((payload.len() as u64).to_le_bytes());
        header.extend(crc32fast::hash(&payload).to_le_bytes());
        files::replace("path", path, &[&header, &payload])
    }

    /// Reads what [`PrivacyState::save`] wrote, and checks all of it.
    ///
    /// # Errors
    /// `PathUnusable`, `FileVersion`, `FileKind`, or `FileDamaged` with the reason.
    pub fn load(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| Error::PathUnusable {
            argument: "path",
            path: shown.clone(),
            purpose: "read",
            reason: error.to_string(),
        })?;
        let damaged = |reason: String| Error::FileDamaged { path: shown.clone(), reason };
        if let Some(other) = kinds::other(path, &bytes, "private run") {
            return Err(other);
        }
        if bytes.len() < HEADER || &bytes[..4] != MAGIC {
            return Err(damaged("it does not begin like the state of a private run".into()));
        }
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        if word(4) != VERSION {
            return Err(Error::FileVersion { path: shown, was: word(4), expected: VERSION });
        }
        let payload = &bytes[HEADER..];
        let length = u64::from(word(8)) | u64::from(word(12)) << 32;
        if payload.len() as u64 != length {
            return Err(damaged(format!(
                "{} bytes follow the header, {length} were written",
                payload.len()
            )));
        }
        if crc32fast::hash(payload) != word(16) {
            return Err(damaged("the checksum is wrong".into()));
        }
        let state: PrivacyState =
            ciborium::from_reader(payload).map_err(|error| damaged(error.to_string()))?;
        state.validate().map_err(|error| damaged(error.to_string()))?;
        Ok(state)
    }
}
