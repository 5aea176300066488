//! Fitted detectors, of observations and of sequences, and neighbour stores in files.

use std::path::Path;

use serde::Serialize;

use super::sectioned::Map;
use super::{cbor, envelope, sectioned};
use crate::error::{Error, Result};
use crate::outlier::Fitted;
use crate::outlier::neighbours::NeighbourStore;
use crate::sequence::SequenceDetector;

/// Format version of a saved detector of sequences.
const VERSION: u32 = 1;

/// Bytes of a detector in a file, without the header.
///
/// # Errors
/// [`Error::InvalidArgument`] where it has no file form.
pub fn size_of_detector(detector: &impl Serialize) -> Result<u64> {
    sectioned::size(detector)
}

/// Saves a detector; what was at `path` stays until the new file is whole and on the disk.
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_detector(detector: &Fitted, path: &Path) -> Result<()> {
    sectioned::save(detector, path, "detector")
}

/// Loads what [`save_detector`] saved: it scores to the bit as before.
///
/// # Errors
/// [`Error::PathUnusable`], [`Error::FileDamaged`], [`Error::FileVersion`], [`Error::FileKind`].
pub fn load_detector(path: &Path) -> Result<Fitted> {
    sectioned::load(path, "detector")
}

/// [`load_detector`] with the points of its exact neighbour search (`knn`, `lof`, `deep-knn`, `kde`, `ocsvm`, `ensemble`) left in the
/// file, which is mapped: they take no memory of this process's own, and processes share what the system keeps of the file. The whole
/// file is read once and checked, as always; scores are the same to the bit.
///
/// The file must stay as it is while the detector lives: replaced ([`save_detector`] does) it may be, not shortened or written to.
/// See [`crate::ffi::map::read_only`].
///
/// # Errors
/// As [`load_detector`]; [`Error::PathUnusable`] where it cannot be mapped.
pub fn load_detector_mapped(path: &Path, map: Map) -> Result<Fitted> {
    let (detector, file) = sectioned::load_mapped::<Fitted>(path, "detector", map)?;
    Ok(detector.in_file(file))
}

/// Saves a detector of sequences, as [`save_detector`].
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_sequence_detector(detector: &SequenceDetector, path: &Path) -> Result<()> {
    let mut payload = Vec::new();
    ciborium::into_writer(detector, &mut payload)
        .map_err(|e| Error::invalid("detector", e, "a detector that can be written as CBOR"))?;
    envelope::write(path, "sequence", VERSION, &payload)
}

/// Loads what [`save_sequence_detector`] saved.
///
/// # Errors
/// As [`load_detector`].
pub fn load_sequence_detector(path: &Path) -> Result<SequenceDetector> {
    cbor(path, &envelope::read(path, "sequence", VERSION)?)
}

/// Saves a neighbour store, as [`save_detector`].
///
/// # Errors
/// [`Error::PathUnusable`].
pub fn save_neighbours(store: &NeighbourStore, path: &Path) -> Result<()> {
    sectioned::save(store, path, "neighbours")
}

/// Loads what [`save_neighbours`] saved.
///
/// # Errors
/// As [`load_detector`].
pub fn load_neighbours(path: &Path) -> Result<NeighbourStore> {
    sectioned::load(path, "neighbours")
}

/// [`load_neighbours`] with the points left in the file, which is mapped: see [`load_detector_mapped`].
///
/// # Errors
/// As there.
pub fn load_neighbours_mapped(path: &Path, map: Map) -> Result<NeighbourStore> {
    sectioned::load_mapped(path, "neighbours", map).map(|(store, _)| store)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::ffi::map::read_only;
    use crate::outlier::Spec;
    use crate::outlier::neighbours::{Method, Metric, StoreOptions};
    use crate::tensor::{Elements, Tensor};
    use crate::testing::Random;

    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("fluxguard-{name}-{}.fg", std::process::id()))
    }

    fn tensor(values: &[f64], features: usize) -> Tensor<'_> {
        Tensor::new(Elements::F64(values), values.len() / features).unwrap()
    }

    /// Values of single or of double precision.
    fn normals(seed: u64, n: usize, single: bool) -> Vec<f64> {
        Random(seed).normals(n).into_iter().map(|x| if single { f64::from(x as f32) } else { x }).collect()
    }

    #[test]
    fn a_mapped_store_finds_the_same_and_goes_on() {
        let path = scratch("mapped-store");
        for (metric, index, single) in [
            (Metric::Euclidean, Method::Exact, true),
            (Metric::Euclidean, Method::Exact, false),
            (Metric::Cosine, Method::Exact, true),
            (Metric::InnerProduct, Method::Hnsw, true),
        ] {
            let options = StoreOptions { metric, index, max_points: Some(1500), ..StoreOptions::default() };
            let mut store = NeighbourStore::new(3, options).unwrap();
            let (points, rows) = (normals(1, 3 * 2000, single), normals(2, 3 * 90, single));
            store.add(&tensor(&points, 3), &[false; 2000], 0.0).unwrap();
            save_neighbours(&store, &path).unwrap();
            let mut mapped = load_neighbours_mapped(&path, read_only).unwrap();
            let mut read = load_neighbours(&path).unwrap();
            assert!(mapped.is_mapped() && !read.is_mapped() && mapped.options() == store.options());
            // The file is replaced meanwhile, and the mapped one keeps what it had.
            save_neighbours(&NeighbourStore::new(1, StoreOptions::default()).unwrap(), &path).unwrap();
            for rows in [&rows[..], &rows[..3]] {
                let found = store.search(&tensor(rows, 3), 7).unwrap();
                assert_eq!(mapped.search(&tensor(rows, 3), 7).unwrap(), found, "{metric:?}");
                assert_eq!(read.search(&tensor(rows, 3), 7).unwrap(), found, "{metric:?}");
            }
            assert_eq!(mapped.points().unwrap(), store.points().unwrap());
            for (i, batch) in rows.chunks(90).enumerate() {
                for store in [&mut store, &mut mapped, &mut read] {
                    store.add(&tensor(batch, 3), &[false; 30], i as f64).unwrap();
                }
            }
            assert!(!mapped.is_mapped());
            assert_eq!(mapped.search(&tensor(&rows, 3), 7).unwrap(), store.search(&tensor(&rows, 3), 7).unwrap());
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn mapped_detectors_score_the_same() {
        let path = scratch("mapped-detector");
        let (reference, rows) = (normals(3, 4 * 600, false), normals(4, 4 * 70, true));
        for name in ["knn", "lof", "kde", "deep-knn", "ensemble", "mahalanobis"] {
            let fitted = Fitted::fit(&Spec::from_json(name, "").unwrap(), &tensor(&reference, 4)).unwrap();
            save_detector(&fitted, &path).unwrap();
            let mapped = load_detector_mapped(&path, read_only).unwrap();
            let read = load_detector(&path).unwrap();
            for rows in [&rows[..], &rows[..4]] {
                let scores = fitted.score(&tensor(rows, 4)).unwrap();
                assert_eq!(mapped.score(&tensor(rows, 4)).unwrap(), scores, "{name}");
                assert_eq!(read.score(&tensor(rows, 4)).unwrap(), scores, "{name}");
            }
            assert_eq!(mapped.explain(&tensor(&rows, 4)), fitted.explain(&tensor(&rows, 4)));
            assert_eq!(size_of_detector(&mapped), size_of_detector(&fitted));
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn damage_is_refused_and_what_is_cut_short_later_is_an_error() {
        let path = scratch("mapped-damage");
        let mut store = NeighbourStore::new(2, StoreOptions::default()).unwrap();
        store.add(&tensor(&normals(5, 2 * 5000, false), 2), &[false; 5000], 0.0).unwrap();
        save_neighbours(&store, &path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let code = |path: &Path| load_neighbours_mapped(path, read_only).map(|_| ()).unwrap_err().code();
        for at in [5, 130, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            std::fs::write(&path, &damaged).unwrap();
            assert!([401, 402].contains(&code(&path)), "byte {at}");
        }
        for length in [0, 30, 200, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(code(&path), 401, "{length} bytes");
        }
        assert_eq!(load_detector_mapped(&path, read_only).map(|_| ()).unwrap_err().code(), 403);
        std::fs::write(&path, &whole).unwrap();
        let mapped = load_neighbours_mapped(&path, read_only).unwrap();
        let row = [0.5, 0.5];
        assert!(mapped.search(&tensor(&row, 2), 1).is_ok());
        // By whom it does not know: the next search says so instead of reading what is gone.
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(4096).unwrap();
        assert_eq!(mapped.search(&tensor(&row, 2), 1).unwrap_err().code(), 401);
        assert_eq!(mapped.points().unwrap_err().code(), 401);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(code(&path), 400);
    }

    #[test]
    fn files_of_the_first_version_are_read() {
        let path = scratch("first-version");
        let mut store = NeighbourStore::new(2, StoreOptions::default()).unwrap();
        let points = normals(6, 2 * 50, false);
        store.add(&tensor(&points, 2), &[false; 50], 0.0).unwrap();
        let mut payload = Vec::new();
        ciborium::into_writer(&store, &mut payload).unwrap();
        envelope::write(&path, "neighbours", 1, &payload).unwrap();
        for again in [load_neighbours(&path), load_neighbours_mapped(&path, read_only)] {
            let found = again.unwrap().search(&tensor(&points, 2), 3).unwrap();
            assert_eq!(found, store.search(&tensor(&points, 2), 3).unwrap());
        }
        std::fs::remove_file(&path).unwrap();
    }
}
