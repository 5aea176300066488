//! What every detector keeps: p-values that are calibrated, files that score as before, bad input
//! that is an error.
#![allow(clippy::unwrap_used)]

use fluxguard::Error;
use fluxguard::outlier::{Fitted, NAMES, Spec, ood};
use fluxguard::store;
use fluxguard::tensor::{Elements, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Map, Value, json};

/// Sums of twelve uniforms: nearly normal.
fn normals(random: &mut ChaCha8Rng, n: usize) -> Vec<f64> {
    let mut unit = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    (0..n).map(|_| (0..12).map(|_| unit()).sum::<f64>() - 6.0).collect()
}

fn tensor(values: &[f64], features: usize) -> Tensor<'_> {
    Tensor::new(Elements::F64(values), values.len() / features).unwrap()
}

fn spec(name: &str, options: Value) -> Spec {
    Spec::new(name, options.as_object().unwrap().clone()).unwrap()
}

fn fit(name: &str, options: Value, values: &[f64], features: usize) -> Result<Fitted, Error> {
    Fitted::fit(&spec(name, options), &tensor(values, features))
}

/// All but those of classifiers, which have a file of tests of their own.
fn of_any_array() -> impl Iterator<Item = &'static &'static str> {
    NAMES.iter().filter(|name| !ood::NAMES.contains(name))
}

/// How often a usual observation has a p-value of at most `alpha`, each time of a new reference.
fn rate(name: &str, options: &Value, n: usize, alpha: f64, runs: u32) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut below = 0;
    for _ in 0..runs {
        let reference = normals(&mut random, 2 * n);
        let detector = fit(name, options.clone(), &reference, 2).unwrap();
        let p = detector.p_values(&tensor(&normals(&mut random, 2), 2)).unwrap()[0];
        below += u32::from(p <= alpha);
    }
    f64::from(below) / f64::from(runs)
}

#[test]
fn p_values_of_a_holdout_keep_their_promise_whatever_the_detector() {
    // 19 scores: p <= 0.1 is exactly one tenth, for any detector without ties.
    for (name, options) in [
        ("zscore", json!({"calibration": {"holdout": 0.475}})),
        ("mahalanobis", json!({"calibration": {"holdout": 0.475}})),
        ("knn", json!({"calibration": {"holdout": 0.475}, "neighbors": 3})),
        ("lof", json!({"calibration": {"holdout": 0.475}, "neighbors": 5})),
        ("iforest", json!({"calibration": {"holdout": 0.475}, "trees": 10})),
        ("ecod", json!({"calibration": {"holdout": 0.475}})),
    ] {
        let runs = 2000;
        let found = rate(name, &options, 40, 0.1, runs);
        // Binomial, 4.5 standard deviations; a forest has ties, which make p-values larger only.
        let spread = 4.5 * (0.1f64 * 0.9 / f64::from(runs)).sqrt();
        assert!(found < 0.1 + spread, "{name}: {found}");
        assert!(name == "iforest" || found > 0.1 - spread, "{name}: {found}");
    }
}

#[test]
fn p_values_of_folds_are_near_and_below_twice() {
    for (name, options) in
        [("mahalanobis", json!({})), ("knn", json!({"neighbors": 5})), ("ecod", json!({}))]
    {
        let runs = 1500;
        let found = rate(name, &options, 60, 0.1, runs);
        let spread = 4.5 * (0.1f64 * 0.9 / f64::from(runs)).sqrt();
        assert!((found - 0.1).abs() < spread + 0.02, "{name}: {found}");
    }
}

#[test]
fn a_saved_detector_scores_to_the_bit_and_is_no_larger_than_it_needs() {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let (reference, probe) = (normals(&mut random, 4 * 500), normals(&mut random, 4 * 20));
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    for name in of_any_array() {
        let path = folder.join(format!("detector-{name}.fg"));
        let detector = fit(name, json!({"calibration": "none"}), &reference, 4).unwrap();
        store::save(&detector, &path).unwrap();
        let loaded = store::load::<Fitted>(&path).unwrap();
        let (probe, bits) =
            (tensor(&probe, 4), |x: Vec<f64>| x.into_iter().map(f64::to_bits).collect::<Vec<_>>());
        assert_eq!(
            bits(loaded.score(&probe).unwrap()),
            bits(detector.score(&probe).unwrap()),
            "{name}"
        );
        assert_eq!(
            bits(loaded.explain(&probe).unwrap()),
            bits(detector.explain(&probe).unwrap()),
            "{name}"
        );
        assert_eq!(loaded.describe(), detector.describe());
        // What each method must keep, in numbers of 8 bytes: the reference, its order, centers, a
        // triangle ...
        let needs = match *name {
            "knn" | "kde" | "ocsvm" => 4 * 500 + 500,
            "ecod" | "copod" => 4 * 500 + 12,
            "lof" => 4 * 500 + 2 * 500,
            // 100 trees of at most 255 cuts and 256 leaves.
            "iforest" => 100 * 255 * 2,
            "eif" => 100 * (255 * 4 + 511 * 2),
            // Up to eight members with their calibration, of which four keep points, and one sorted
            // columns.
            "ensemble" => 5 * (4 * 500 + 500) + 2 * 500 + 8 * 500 + 500,
            "hbos" => 4 * 22,
            _ => 60,
        };
        let bytes = store::size_of_detector(&detector).unwrap();
        assert!(bytes < 8 * needs + 900, "{name}: {bytes} bytes");
        let whole = std::fs::read(&path).unwrap();
        for at in [5, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x20;
            std::fs::write(&path, &damaged).unwrap();
            let code = store::load::<Fitted>(&path).map(|_| ()).unwrap_err().code();
            assert!(code == 401 || code == 402, "{name}: {code}");
        }
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn single_precision_is_saved_in_single_precision() {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let reference: Vec<f32> = normals(&mut random, 2000).into_iter().map(|x| x as f32).collect();
    let reference = Tensor::new(Elements::F32(&reference), 500).unwrap();
    let detector = Fitted::fit(&spec("knn", json!({"calibration": "none"})), &reference).unwrap();
    assert!(store::size_of_detector(&detector).unwrap() < 4 * 2000 + 600);
}

#[test]
fn degenerate_references_are_errors_or_detectors_and_never_a_panic() {
    let one = [1.0, 2.0];
    let same = [3.0; 60];
    let scarce = [1.0, 2.0, 3.0, 5.0, 8.0, 13.0];
    for name in of_any_array() {
        for (values, features) in [
            (&one[..], 2),
            (&one[..1], 1),
            (&same[..], 2),
            (&same[..], 1),
            (&scarce[..], 2),
            (&scarce[..], 3),
        ] {
            for calibration in ["none", "cross", "holdout"] {
                match fit(name, json!({"calibration": calibration}), values, features) {
                    Ok(detector) => {
                        let probe: Vec<f64> = (0..features).map(|k| k as f64).collect();
                        let scores = detector.score(&tensor(&probe, features)).unwrap();
                        assert!(!scores[0].is_nan(), "{name}: {scores:?}");
                    }
                    Err(error) => {
                        assert!([100, 201, 203].contains(&error.code()), "{name}: {error}")
                    }
                }
            }
        }
        for (bad, count) in [(f64::NAN, 1), (f64::INFINITY, 1)] {
            let mut values = normals(&mut ChaCha8Rng::seed_from_u64(1), 200);
            values[77] = bad;
            let error = fit(name, json!({}), &values, 2).map(|_| ()).unwrap_err();
            let expected = Error::NonFiniteBaseline {
                argument: "reference",
                count,
                feature: 1,
                observation: 38,
            };
            assert_eq!(error, expected, "{name}");
        }
    }
}

#[test]
fn spoiled_observations_have_no_score_and_do_not_touch_others() {
    let reference = normals(&mut ChaCha8Rng::seed_from_u64(2), 300);
    let probe = [0.1, 0.2, f64::NAN, 0.0, 0.3, f64::NEG_INFINITY, 5.0, 5.0];
    for name in of_any_array() {
        let detector = fit(name, json!({}), &reference, 2).unwrap();
        let scores = detector.score(&tensor(&probe, 2)).unwrap();
        assert_eq!(
            scores.iter().map(|s| s.is_nan()).collect::<Vec<_>>(),
            [false, true, true, false],
            "{name}"
        );
        let p = detector.p_values(&tensor(&probe, 2)).unwrap();
        assert!(p[1].is_nan() && p[2].is_nan() && p[0] > 0.05 && p[3] < 0.05, "{name}: {p:?}");
        assert_eq!(
            scores[3].to_bits(),
            detector.score(&tensor(&probe[6..], 2)).unwrap()[0].to_bits()
        );
        let parts = detector.explain(&tensor(&probe, 2)).unwrap();
        assert!(
            parts[2].is_nan() && parts[3].is_nan() && parts[0].is_finite() && parts[7].is_finite(),
            "{name}"
        );
        assert_eq!(detector.score(&tensor(&probe[..3], 3)).map_err(|e| e.code()), Err(103));
    }
}

#[test]
fn numbers_at_the_end_of_the_range_are_scored_and_never_pass_for_usual() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let reference = normals(&mut random, 2 * 200);
    // These say nothing of how far out: a value beyond all others is beyond all others.
    let saturates = ["iforest", "eif", "hbos", "ecod", "copod", "ocsvm"];
    for name in of_any_array() {
        let detector = fit(name, json!({}), &reference, 2).unwrap();
        let far = [1e308, 0.1, -1e308, 1e308, 0.2, -f64::MAX, 1e154, 1e154, 1e20, 1e20];
        let scores = detector.score(&tensor(&far, 2)).unwrap();
        let p = detector.p_values(&tensor(&far, 2)).unwrap();
        let parts = detector.explain(&tensor(&far, 2)).unwrap();
        assert!(scores.iter().chain(&parts).all(|x| x.is_finite()), "{name} {scores:?} {parts:?}");
        let most = if saturates.contains(name) { 0.2 } else { 1.0 / 201.0 };
        assert!(p.iter().all(|p| *p <= most), "{name} {p:?}");

        // A reference as wide as can be is learned, and a wider one refused.
        let wide: Vec<f64> = reference.iter().map(|x| x * 1e74 / 6.0).collect();
        if let Ok(detector) = fit(name, json!({}), &wide, 2) {
            let scores = detector.score(&tensor(&wide[..40], 2)).unwrap();
            assert!(scores.iter().all(|x| x.is_finite()), "{name} {scores:?}");
        }
        let wide: Vec<f64> = reference.iter().map(|x| x * 1e76).collect();
        let error = fit(name, json!({}), &wide, 2).map(|_| ()).unwrap_err();
        assert!(
            error.to_string().starts_with("reference: got ") && error.code() == 100,
            "{name} {error}"
        );

        // One that hardly varies at all gives an error or scores.
        let narrow: Vec<f64> = reference.iter().map(|x| x * 1e-310).collect();
        if let Ok(detector) = fit(name, json!({}), &narrow, 2) {
            let scores = detector.score(&tensor(&reference, 2)).unwrap();
            assert!(scores.iter().all(|x| x.is_finite()), "{name} {scores:?}");
        }
    }
}

#[test]
fn parts_add_up_where_they_say_so() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let (reference, probe) = (normals(&mut random, 3 * 200), normals(&mut random, 3 * 10));
    for name in ["hbos", "ecod", "copod", "mahalanobis", "pca", "knn", "kmeans"] {
        let detector = fit(name, json!({}), &reference, 3).unwrap();
        let (scores, parts) = (
            detector.score(&tensor(&probe, 3)).unwrap(),
            detector.explain(&tensor(&probe, 3)).unwrap(),
        );
        for (score, parts) in scores.iter().zip(parts.chunks(3)) {
            let sum: f64 = parts.iter().sum();
            assert!((sum - score).abs() <= 1e-9 * score.abs().max(1e-3), "{name}: {sum} {score}");
        }
    }
}

#[test]
fn singular_covariances_and_wrong_options_name_the_mend() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let two = normals(&mut random, 2 * 100);
    let three: Vec<f64> =
        two.chunks(2).flat_map(|row| [row[0], row[1], row[0] - 2.0 * row[1]]).collect();
    for covariance in ["classic", "robust"] {
        let error = fit("mahalanobis", json!({"covariance": covariance}), &three, 3)
            .map(|_| ())
            .unwrap_err();
        assert!(error.code() == 100 && error.to_string().contains("shrunk"), "{error}");
    }
    assert!(fit("mahalanobis", json!({"covariance": "shrunk"}), &three, 3).is_ok());
    for (name, options, argument) in [
        ("knn", json!({"neighbors": 101}), "neighbors"),
        ("knn", json!({"neighbors": 0}), "neighbors"),
        ("lof", json!({"neighbors": 100}), "neighbors"),
        ("lof", json!({"metric": "inner-product"}), "metric"),
        ("kmeans", json!({"clusters": 101}), "clusters"),
        ("gmm", json!({"components": 0}), "components"),
        ("ocsvm", json!({"nu": 0.0}), "nu"),
        ("kde", json!({"bandwidth": -1.0}), "bandwidth"),
        ("hbos", json!({"bins": 1}), "bins"),
        ("pca", json!({"components": 2}), "components"),
        ("iforest", json!({"trees": 0}), "trees"),
        ("iforest", json!({"sample_size": 1}), "sample_size"),
        ("eif", json!({"extension_level": 2}), "extension_level"),
        ("ensemble", json!({"members": []}), "members"),
        ("ensemble", json!({"members": [{"detector": "ensemble"}]}), "members"),
    ] {
        let error = fit(name, options.clone(), &two, 2).map(|_| ()).unwrap_err();
        assert!(
            error.code() == 100 && error.to_string().starts_with(argument),
            "{name} {options}: {error}"
        );
    }
    for options in
        [json!({"calibration": "some"}), json!({"standardize": 1}), json!({"neighbour": 1})]
    {
        assert_eq!(
            Spec::new("knn", options.as_object().unwrap().clone()).map_err(|e| e.code()),
            Err(100)
        );
    }
    assert_eq!(Spec::new("nothing", Map::new()).map_err(|e| e.code()), Err(100));
    let too_many =
        fit("ocsvm", json!({"calibration": "none"}), &vec![0.5; 4_000_000], 1).map(|_| ());
    if cfg!(target_os = "linux") {
        assert!(too_many.unwrap_err().to_string().contains("GiB"), "a kernel of 2^44 pairs");
    }
}

#[test]
fn names_of_features_are_an_option_of_all_and_go_into_the_file() {
    let reference = normals(&mut ChaCha8Rng::seed_from_u64(3), 2 * 200);
    let reference = tensor(&reference, 2);
    let path = std::env::temp_dir().join(format!("fluxguard-named-{}.fg", std::process::id()));
    for name in ["zscore", "knn", "ensemble"] {
        for options in [
            json!({"names": ["a", "b"]}),
            json!({"names": ["a", "b"], "calibration": "none", "standardize": true}),
        ] {
            let found = Fitted::fit(&spec(name, options), &reference).unwrap();
            assert_eq!(
                (found.names(), found.describe().names),
                (&["a".to_owned(), "b".to_owned()][..], vec!["a".to_owned(), "b".into()])
            );
            store::save(&found, &path).unwrap();
            assert_eq!(store::load::<Fitted>(&path).unwrap().names(), found.names());
        }
        for bad in [json!(["a"]), json!(["a", "a"]), json!(["a", "b", "c"])] {
            let error = Fitted::fit(&spec(name, json!({"names": bad})), &reference)
                .unwrap_err()
                .to_string();
            assert!(error.contains("names"), "{error}");
        }
        let options = json!({"names": "a"}).as_object().cloned().unwrap();
        assert!(Spec::new(name, options).unwrap_err().to_string().contains("names"));
    }
    std::fs::remove_file(&path).unwrap();
}
