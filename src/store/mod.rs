//! Files that are whole or refused: written beside and renamed, versioned and checksummed.

mod detector;
mod envelope;
mod performance;
mod reference;
mod sectioned;
mod stream;
mod threshold;

pub use detector::{load_detector, load_detector_mapped, load_neighbours, load_neighbours_mapped};
pub use detector::{load_sequence_detector, size_of_detector};
pub use detector::{save_detector, save_neighbours, save_sequence_detector};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::de::DeserializeOwned;

pub use performance::{load_estimator, load_late_labels, save_estimator, save_late_labels};
pub use reference::{load_reference, save_reference};
pub use sectioned::Map;
pub use stream::{load_stream, save_stream};
pub use threshold::{load_threshold, save_threshold};

use crate::error::{Error, Result, panic_message};
use crate::profile::Profile;
use crate::sound::Sound;

/// Saves bytes of a `kind` and format version that the caller names; what was at `path` stays until the new file is whole and on the
/// disk.
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_bytes(path: &Path, kind: &str, version: u32, bytes: &[u8]) -> Result<()> {
    envelope::write(path, kind, version, bytes)
}

/// Loads what [`save_bytes`] saved.
///
/// # Errors
/// [`Error::PathUnusable`], [`Error::FileDamaged`], [`Error::FileKind`] for another `kind`, [`Error::FileVersion`] for another version.
pub fn load_bytes(path: &Path, kind: &str, version: u32) -> Result<Vec<u8>> {
    envelope::read(path, kind, version)
}

/// A value of CBOR, whose parts go together.
fn cbor<T: DeserializeOwned + Sound>(path: &Path, payload: &[u8]) -> Result<T> {
    sound(path, || ciborium::from_reader(payload).map_err(|e| e.to_string()))
}

/// A value that was read, if its parts go together: a file whose checksum is right may hold anything.
fn sound<T: Sound>(path: &Path, read: impl FnOnce() -> std::result::Result<T, String>) -> Result<T> {
    let whole = |value: T| if value.is_sound() { Ok(value) } else { Err("its content contradicts itself".to_owned()) };
    // What is read may be too absurd for the check itself.
    let read = catch_unwind(AssertUnwindSafe(|| read().and_then(whole)));
    read.unwrap_or_else(|panic| Err(panic_message(panic.as_ref())))
        .map_err(|reason| Error::FileDamaged { path: path.display().to_string(), reason })
}

/// Format version of a saved profile.
const PROFILE_VERSION: u32 = 1;

/// Saves `profile` to `path`; what was there stays until the new file is whole and on the disk.
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_profile(profile: &Profile, path: &Path) -> Result<()> {
    let mut payload = Vec::new();
    ciborium::into_writer(profile, &mut payload)
        .map_err(|e| Error::invalid("profile", e, "a profile that can be written as CBOR"))?;
    envelope::write(path, "profile", PROFILE_VERSION, &payload)
}

/// Loads what [`save_profile`] saved.
///
/// # Errors
/// [`Error::PathUnusable`], [`Error::FileDamaged`], [`Error::FileVersion`], [`Error::FileKind`].
pub fn load_profile(path: &Path) -> Result<Profile> {
    cbor(path, &envelope::read(path, "profile", PROFILE_VERSION)?)
}

#[cfg(test)]
mod mutations;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::ProfileOptions;
    use crate::tensor::{Elements, Tensor};

    fn profile() -> Profile {
        let mut profile = Profile::new(ProfileOptions::default()).expect("options");
        let rows: Vec<f64> = (0..300).map(|i| f64::from(i) / 7.0).collect();
        profile.fit(&Tensor::new(Elements::F64(&rows), 100).expect("shape")).expect("finite");
        profile
    }

    #[test]
    fn what_is_saved_comes_back_to_the_bit_and_damage_is_refused() {
        let path = std::env::temp_dir().join(format!("fluxguard-profile-{}.fg", std::process::id()));
        save_profile(&profile(), &path).expect("writable");
        assert_eq!(load_profile(&path).expect("readable"), profile());
        let whole = std::fs::read(&path).expect("readable");
        for at in [0, 20, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            std::fs::write(&path, &damaged).expect("writable");
            let code = load_profile(&path).expect_err("damaged").code();
            assert!(code == 401 || code == 402, "byte {at}: {code}");
        }
        for length in [0, 1, 30, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).expect("writable");
            assert_eq!(load_profile(&path).expect_err("cut short").code(), 401);
        }
        std::fs::remove_file(&path).expect("there");
        assert_eq!(load_profile(&path).expect_err("gone").code(), 400);
        assert_eq!(save_profile(&profile(), Path::new("/nonexistent/x.fg")).expect_err("no folder").code(), 400);
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let path = std::env::temp_dir().join(format!("fluxguard-version-{}.fg", std::process::id()));
        envelope::write(&path, "profile", 99, b"whatever").expect("writable");
        assert_eq!(load_profile(&path).expect_err("newer").code(), 402);
        envelope::write(&path, "detector", PROFILE_VERSION, b"whatever").expect("writable");
        assert_eq!(load_profile(&path).expect_err("another kind").code(), 403);
        std::fs::remove_file(&path).expect("there");
    }
}
