//! Online detectors, saved between two batches.

use std::path::Path;

use super::{cbor, envelope};
use crate::drift::online::Stream;
use crate::error::{Error, Result};

/// Format version of a saved detector.
const STREAM_VERSION: u32 = 1;

/// Saves `stream` to `path`; what was there stays until the new file is whole and on the disk.
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_stream(stream: &Stream, path: &Path) -> Result<()> {
    let mut payload = Vec::new();
    ciborium::into_writer(stream, &mut payload)
        .map_err(|e| Error::invalid("stream", e, "a detector that can be written as CBOR"))?;
    envelope::write(path, "stream", STREAM_VERSION, &payload)
}

/// Loads what [`save_stream`] saved: it goes on as if it had never stopped.
///
/// # Errors
/// [`Error::PathUnusable`], [`Error::FileDamaged`], [`Error::FileVersion`], [`Error::FileKind`].
pub fn load_stream(path: &Path) -> Result<Stream> {
    cbor(path, &envelope::read(path, "stream", STREAM_VERSION)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::drift::online::StreamName;
    use crate::testing::Random;

    #[test]
    fn a_loaded_detector_goes_on() {
        let path = std::env::temp_dir().join(format!("fluxguard-stream-{}.fg", std::process::id()));
        let mut random = Random(3);
        let x: Vec<f64> = (0..800).map(|i| random.normal() + if i < 400 { 0.0 } else { 2.0 }).collect();
        for name in [StreamName::Adwin, StreamName::Kswin, StreamName::Martingale, StreamName::PageHinkley] {
            let mut stream = Stream::new(name, serde_json::Value::Null).unwrap();
            stream.update(&x[..300]).unwrap();
            save_stream(&stream, &path).unwrap();
            let mut back = load_stream(&path).unwrap();
            assert_eq!(back.update(&x[300..]).unwrap(), stream.update(&x[300..]).unwrap());
            assert_eq!(back, stream);
        }
        std::fs::write(&path, b"{}").unwrap();
        assert_eq!(load_stream(&path).unwrap_err().code(), 401);
        std::fs::remove_file(&path).unwrap();
    }
}
