#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use fluxguard::drift::online::{OnlineDetector, OnlineName};
use fluxguard::drift::reference::Reference;
use fluxguard::outlier::neighbors::{Method, Metric, NeighborStore, StoreOptions};
use fluxguard::outlier::{Fitted, Spec};
use fluxguard::performance::{Estimator, LateLabels, LateOptions};
use fluxguard::profile::{Profile, ProfileOptions};
use fluxguard::store::map::read_only;
use fluxguard::store::{Stored, load, load_mapped, save, save_bytes, size_of_detector};
use fluxguard::tensor::{Elements, Tensor};
use fluxguard_core::testing::Random;
use std::path::Path;

fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("fluxguard-{name}-{}.fg", std::process::id()))
}

fn tensor(values: &[f64], features: usize) -> Tensor<'_> {
    Tensor::new(Elements::F64(values), values.len() / features).unwrap()
}

/// Values of single or of double precision.
fn normals(seed: u64, n: usize, single: bool) -> Vec<f64> {
    Random(seed)
        .normals(n)
        .into_iter()
        .map(|x| if single { f64::from(x as f32) } else { x })
        .collect()
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
        let options =
            StoreOptions { metric, index, max_points: Some(1500), ..StoreOptions::default() };
        let mut store = NeighborStore::new(3, options).unwrap();
        let (points, rows) = (normals(1, 3 * 2000, single), normals(2, 3 * 90, single));
        store.add(&tensor(&points, 3), &[false; 2000], 0.0).unwrap();
        save(&store, &path).unwrap();
        let mut mapped = load_mapped::<NeighborStore>(&path, read_only).unwrap();
        let mut read = load::<NeighborStore>(&path).unwrap();
        assert!(mapped.is_mapped() && !read.is_mapped() && mapped.options() == store.options());
        // The file is replaced meanwhile, and the mapped one keeps what it had.
        save(&NeighborStore::new(1, StoreOptions::default()).unwrap(), &path).unwrap();
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
        assert_eq!(
            mapped.search(&tensor(&rows, 3), 7).unwrap(),
            store.search(&tensor(&rows, 3), 7).unwrap()
        );
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn mapped_detectors_score_the_same() {
    let path = scratch("mapped-detector");
    let (reference, rows) = (normals(3, 4 * 600, false), normals(4, 4 * 70, true));
    for name in ["knn", "lof", "kde", "deep-knn", "ensemble", "mahalanobis"] {
        let fitted =
            Fitted::fit(&Spec::from_json(name, "").unwrap(), &tensor(&reference, 4)).unwrap();
        save(&fitted, &path).unwrap();
        let mapped = load_mapped::<Fitted>(&path, read_only).unwrap();
        let read = load::<Fitted>(&path).unwrap();
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
    let mut store = NeighborStore::new(2, StoreOptions::default()).unwrap();
    store.add(&tensor(&normals(5, 2 * 5000, false), 2), &[false; 5000], 0.0).unwrap();
    save(&store, &path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let code =
        |path: &Path| load_mapped::<NeighborStore>(path, read_only).map(|_| ()).unwrap_err().code();
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
    assert_eq!(load_mapped::<Fitted>(&path, read_only).map(|_| ()).unwrap_err().code(), 403);
    std::fs::write(&path, &whole).unwrap();
    let mapped = load_mapped::<NeighborStore>(&path, read_only).unwrap();
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
    let mut store = NeighborStore::new(2, StoreOptions::default()).unwrap();
    let points = normals(6, 2 * 50, false);
    store.add(&tensor(&points, 2), &[false; 50], 0.0).unwrap();
    let mut payload = Vec::new();
    ciborium::into_writer(&store, &mut payload).unwrap();
    save_bytes(&path, "neighbors", 1, &payload).unwrap();
    for again in [load::<NeighborStore>(&path), load_mapped::<NeighborStore>(&path, read_only)] {
        let found = again.unwrap().search(&tensor(&points, 2), 3).unwrap();
        assert_eq!(found, store.search(&tensor(&points, 2), 3).unwrap());
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_saved_reference_comes_back_to_the_bit_and_damage_is_refused() {
    let path = std::env::temp_dir().join(format!("fluxguard-reference-{}.fg", std::process::id()));
    let rows = Random(3).normals(300);
    let reference = Reference::new(&Tensor::new(Elements::F64(&rows), 100).unwrap()).unwrap();
    save(&reference, &path).unwrap();
    let back = load::<Reference>(&path).unwrap();
    assert_eq!((back.rows(), back.features(), back.observations()), (&rows[..], 3, 100));
    let mut payload = Vec::new();
    ciborium::into_writer(&(7usize, &rows), &mut payload).unwrap();
    save_bytes(&path, "reference", Reference::VERSION, &payload).unwrap();
    assert_eq!(load::<Reference>(&path).unwrap_err().code(), 401);
    std::fs::write(&path, b"{}").unwrap();
    assert_eq!(load::<Reference>(&path).unwrap_err().code(), 401);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(load::<Reference>(&path).unwrap_err().code(), 400);
}

#[test]
fn a_loaded_detector_goes_on() {
    let path = std::env::temp_dir().join(format!("fluxguard-stream-{}.fg", std::process::id()));
    let mut random = Random(3);
    let x: Vec<f64> = (0..800).map(|i| random.normal() + if i < 400 { 0.0 } else { 2.0 }).collect();
    for name in
        [OnlineName::Adwin, OnlineName::Kswin, OnlineName::Martingale, OnlineName::PageHinkley]
    {
        let mut stream = OnlineDetector::new(name, serde_json::Value::Null).unwrap();
        stream.update(&x[..300]).unwrap();
        save(&stream, &path).unwrap();
        let mut back = load::<OnlineDetector>(&path).unwrap();
        assert_eq!(back.update(&x[300..]).unwrap(), stream.update(&x[300..]).unwrap());
        assert_eq!(back, stream);
    }
    std::fs::write(&path, b"{}").unwrap();
    assert_eq!(load::<OnlineDetector>(&path).unwrap_err().code(), 401);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn it_comes_back_and_damage_is_refused() {
    let path = std::env::temp_dir().join(format!("fluxguard-late-{}.fg", std::process::id()));
    let mut late = LateLabels::new(LateOptions::default()).unwrap();
    late.record(&[1, 2, 3], &[0.0; 3], None).unwrap();
    late.label(&[2], &[1.0], None).unwrap();
    save(&late, &path).unwrap();
    let mut back = load::<LateLabels>(&path).unwrap();
    assert_eq!(back, late);
    assert_eq!(back.label(&[1], &[0.0], None).unwrap(), late.label(&[1], &[0.0], None).unwrap());
    assert_eq!(load::<Estimator>(&path).unwrap_err().code(), 403);
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(load::<LateLabels>(&path).unwrap_err().code(), 401);
    std::fs::remove_file(&path).unwrap();
}

fn profile() -> Profile {
    let mut profile = Profile::new(ProfileOptions::default()).expect("options");
    let rows: Vec<f64> = (0..300).map(|i| f64::from(i) / 7.0).collect();
    profile.fit(&Tensor::new(Elements::F64(&rows), 100).expect("shape")).expect("finite");
    profile
}

#[test]
fn what_is_saved_comes_back_to_the_bit_and_damage_is_refused() {
    let path = std::env::temp_dir().join(format!("fluxguard-profile-{}.fg", std::process::id()));
    save(&profile(), &path).expect("writable");
    assert_eq!(load::<Profile>(&path).expect("readable"), profile());
    let whole = std::fs::read(&path).expect("readable");
    for at in [0, 20, whole.len() / 2, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&path, &damaged).expect("writable");
        let code = load::<Profile>(&path).expect_err("damaged").code();
        assert!(code == 401 || code == 402, "byte {at}: {code}");
    }
    for length in [0, 1, 30, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).expect("writable");
        assert_eq!(load::<Profile>(&path).expect_err("cut short").code(), 401);
    }
    std::fs::remove_file(&path).expect("there");
    assert_eq!(load::<Profile>(&path).expect_err("gone").code(), 400);
    assert_eq!(
        save(&profile(), Path::new("/nonexistent/x.fg")).expect_err("no folder").code(),
        400
    );
}

#[test]
fn another_version_is_told_from_damage() {
    let path = std::env::temp_dir().join(format!("fluxguard-version-{}.fg", std::process::id()));
    save_bytes(&path, "profile", 99, b"whatever").expect("writable");
    assert_eq!(load::<Profile>(&path).expect_err("newer").code(), 402);
    save_bytes(&path, "detector", Profile::VERSION, b"whatever").expect("writable");
    assert_eq!(load::<Profile>(&path).expect_err("another kind").code(), 403);
    std::fs::remove_file(&path).expect("there");
}
