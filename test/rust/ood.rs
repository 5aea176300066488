//! What every out-of-distribution detector keeps: p-values that are calibrated, files that score as
//! before, bad input that is an error.
#![allow(clippy::unwrap_used)]

use fluxguard::Error;
use fluxguard::outlier::ood::{Head, NAMES};
use fluxguard::outlier::{Fitted, Spec};
use fluxguard::store;
use fluxguard::tensor::{Elements, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Value, json};

const CLASSES: usize = 3;
const FEATURES: usize = 4;

/// A classifier of three clouds, and what it was fitted on.
struct Classifier {
    head: Head,
    random: ChaCha8Rng,
}

impl Classifier {
    fn new(seed: u64) -> Self {
        let weights = (0..CLASSES)
            .flat_map(|c| (0..FEATURES).map(move |k| if c == k { 1.0 } else { 0.0 }))
            .collect();
        Classifier {
            head: Head::new(weights, vec![0.0, 0.1, -0.1]).unwrap(),
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Nearly normal about 4 along its class, never negative.
    fn draw(&mut self, n: usize) -> (Vec<f64>, Vec<u32>) {
        let mut unit = || (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let mut normal = || (0..12).map(|_| unit()).sum::<f64>() - 6.0;
        let labels: Vec<u32> = (0..n).map(|i| (i % CLASSES) as u32).collect();
        let center = |label: u32, k: usize| if label as usize == k { 6.0 } else { 2.0 };
        let features = labels
            .iter()
            .flat_map(|label| (0..FEATURES).map(|k| (*label, k)).collect::<Vec<_>>())
            .map(|(label, k)| (center(label, k) + 0.7 * normal()).max(0.0))
            .collect();
        (features, labels)
    }

    fn fit(
        &self,
        name: &str,
        options: Value,
        features: &[f64],
        labels: &[u32],
    ) -> Result<Fitted, Error> {
        let spec = Spec::new(name, options.as_object().unwrap().clone()).unwrap();
        Fitted::fit_classifier(&spec, &tensor(features), Some(labels), Some(&self.head))
    }
}

fn tensor(features: &[f64]) -> Tensor<'_> {
    Tensor::new(Elements::F64(features), features.len() / FEATURES).unwrap()
}

/// Options under which a small reference will do.
fn small(name: &str) -> Value {
    match name {
        "deep-knn" => json!({"neighbors": 3}),
        "ash" => json!({"percentile": 50.0}),
        _ => json!({}),
    }
}

fn with(mut options: Value, name: &str, value: Value) -> Value {
    options.as_object_mut().unwrap().insert(name.into(), value);
    options
}

#[test]
fn p_values_keep_their_promise() {
    for name in NAMES {
        let (runs, mut below, mut classifier) =
            (if *name == "ood" { 300 } else { 600 }, 0, Classifier::new(5));
        for run in 0..runs {
            let (features, labels) = classifier.draw(78);
            // 39 scores: p <= 0.1 in exactly one tenth of the runs, without ties.
            let options = with(small(name), "calibration", json!({"holdout": 0.5}));
            let fitted = classifier.fit(name, options, &features, &labels).unwrap();
            let (new, _) = classifier.draw(CLASSES);
            let row = (run % CLASSES) * FEATURES;
            below +=
                u32::from(fitted.p_values(&tensor(&new[row..row + FEATURES])).unwrap()[0] <= 0.1);
        }
        let (rate, runs) = (f64::from(below) / runs as f64, runs as f64);
        // Binomial, 4.5 standard deviations: a false failure in some 10,000 runs of the suite.
        let spread = 4.5 * (0.1f64 * 0.9 / runs).sqrt();
        assert!((rate - 0.1).abs() < spread, "{name}: {rate}");
    }
}

#[test]
fn what_is_far_or_undecided_is_found_by_the_ensemble() {
    let mut classifier = Classifier::new(6);
    let (features, labels) = classifier.draw(600);
    let fitted = classifier.fit("ood", json!({}), &features, &labels).unwrap();
    let undecided = [4.0, 4.0, 2.0, 2.0];
    let (far, noise) = ([40.0, 2.0, 2.0, 30.0], [0.0, 9.0, 0.0, 9.0]);
    for row in [undecided, far, noise] {
        let p = fitted.p_values(&tensor(&row)).unwrap()[0];
        assert!(p <= 0.02, "{row:?}: {p}");
    }
    for combine in ["minimum", "maximum"] {
        let other = classifier.fit("ood", json!({"combine": combine}), &features, &labels).unwrap();
        assert!(other.p_values(&tensor(&far)).unwrap()[0] <= 0.02, "{combine}");
    }
    // What a logit's score takes for certain.
    let msp = classifier.fit("msp", json!({}), &features, &labels).unwrap();
    assert!(msp.p_values(&tensor(&far)).unwrap()[0] > 0.9);
}

#[test]
fn a_saved_detector_scores_to_the_bit() {
    let mut classifier = Classifier::new(7);
    let ((features, labels), (probe, _)) = (classifier.draw(120), classifier.draw(9));
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let bits = |x: Vec<f64>| x.into_iter().map(f64::to_bits).collect::<Vec<_>>();
    for name in NAMES {
        let fitted = classifier.fit(name, small(name), &features, &labels).unwrap();
        let path = folder.join(format!("ood-{name}.fg"));
        store::save(&fitted, &path).unwrap();
        let loaded = store::load::<Fitted>(&path).unwrap();
        let probe = tensor(&probe);
        assert_eq!(
            bits(loaded.p_values(&probe).unwrap()),
            bits(fitted.p_values(&probe).unwrap()),
            "{name}"
        );
        assert_eq!(
            bits(loaded.explain(&probe).unwrap()),
            bits(fitted.explain(&probe).unwrap()),
            "{name}"
        );
        assert_eq!(loaded.describe(), fitted.describe());
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn bad_input_is_an_error_or_a_nan() {
    let mut classifier = Classifier::new(8);
    let (features, labels) = classifier.draw(90);
    let code = |result: Result<Fitted, Error>| result.map(|_| 0).unwrap_or_else(|e| e.code());
    for name in NAMES {
        let fit = |features: &[f64], labels: &[u32]| {
            code(classifier.fit(name, small(name), features, labels))
        };
        assert_eq!(fit(&features, &labels), 0, "{name}");
        assert_eq!(fit(&features, &labels[1..]), 100, "{name}: labels");
        assert_eq!(fit(&features, &[9; 90]), 100, "{name}: class 9 of 3");
        let mut spoiled = features.clone();
        spoiled[5] = f64::NAN;
        assert_eq!(fit(&spoiled, &labels), 200, "{name}: NaN");
        let learns = matches!(*name, "class-mahalanobis" | "relative-mahalanobis" | "she" | "ood");
        let missing: Vec<u32> = labels.iter().map(|label| label % 2).collect();
        let lacks = fit(&features, &missing);
        assert!(
            if learns { lacks == 100 || lacks == 203 } else { lacks == 0 },
            "{name}: {lacks}, a class without members"
        );
        // All equal, or one observation: an error, or scores.
        for few in [
            &vec![3.0; features.len()],
            &features[..FEATURES].to_vec(),
            &features[..3 * FEATURES].to_vec(),
        ] {
            let labels = &labels[..few.len() / FEATURES];
            for calibration in ["none", "cross", "holdout"] {
                if let Ok(fitted) = classifier.fit(
                    name,
                    with(small(name), "calibration", json!(calibration)),
                    few,
                    labels,
                ) {
                    assert!(
                        !fitted.score(&tensor(&[1.0; FEATURES])).unwrap()[0].is_nan(),
                        "{name}"
                    );
                }
            }
        }
        let fitted = classifier.fit(name, small(name), &features, &labels).unwrap();
        let wide = [1.0; FEATURES + 1];
        let error =
            fitted.score(&Tensor::new(Elements::F64(&wide), 1).unwrap()).map_err(|e| e.code());
        assert_eq!(error, Err(103), "{name}");
        for bad in [f64::NAN, f64::INFINITY] {
            let scores = fitted.score(&tensor(&[1.0, 1.0, 1.0, 1.0, 1.0, bad, 1.0, 1.0])).unwrap();
            assert!(!scores[0].is_nan() && scores[1].is_nan(), "{name}");
        }
        // Far beyond: no NaN, no panic.
        let far = fitted.score(&tensor(&[1e300, 0.0, 0.0, 1e300])).unwrap()[0];
        assert!(!far.is_nan(), "{name}: {far}");
    }
}

#[test]
fn what_is_missing_or_too_much_is_named() {
    let classifier = Classifier::new(9);
    let (features, labels) = Classifier::new(9).draw(60);
    let plain = |name: &str, labels: Option<&[u32]>, head: Option<&Head>| {
        let spec = Spec::from_json(name, "").unwrap();
        Fitted::fit_classifier(&spec, &tensor(&features), labels, head)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    for name in ["vim", "she", "react", "ash"] {
        assert!(plain(name, Some(&labels), None).contains("weights: got none"), "{name}");
    }
    for name in ["she", "class-mahalanobis", "relative-mahalanobis"] {
        assert!(plain(name, None, Some(&classifier.head)).contains("labels: got none"), "{name}");
    }
    assert!(plain("knn", Some(&labels), None).contains("for knn"));
    let other = Head::new(vec![1.0; 6], vec![0.0; 2]).unwrap();
    assert!(plain("msp", None, Some(&other)).contains("weights"));
    let singular: Vec<f64> =
        features.chunks(FEATURES).flat_map(|x| [x[0], x[1], x[0] + x[1], 0.0]).collect();
    let fit = |options| classifier.fit("class-mahalanobis", options, &singular, &labels);
    assert!(fit(json!({"calibration": "none"})).unwrap_err().to_string().contains("singular"));
    assert!(fit(json!({"covariance": "shrunk"})).is_ok());
    let standardized = classifier.fit("msp", json!({"standardize": true}), &features, &labels);
    assert!(standardized.unwrap_err().to_string().contains("standardize"));
    let one = Fitted::fit(
        &Spec::from_json("msp", "").unwrap(),
        &Tensor::new(Elements::F64(&[1.0; 9]), 9).unwrap(),
    );
    assert!(one.unwrap_err().to_string().contains("1 class"));
    let negative =
        classifier.fit("ash", json!({}), &features.iter().map(|x| -x).collect::<Vec<_>>(), &labels);
    assert!(negative.unwrap_err().to_string().contains("not negative"));
    for (weights, bias) in
        [(vec![1.0; 5], vec![0.0; 2]), (vec![], vec![]), (vec![f64::NAN; 2], vec![0.0; 2])]
    {
        assert_eq!(Head::new(weights, bias).unwrap_err().code(), 100);
    }
}
