//! Fitted detectors inside a guard: scored in the call, flagged at the asked rate, tested for
//! drift.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use fluxguard::guard::{Guard, GuardOptions, Length, ScoreOn};
use fluxguard::outlier::{Fitted, Spec};
use fluxguard::profile::{OutputKind, Profile, ProfileOptions};
use fluxguard::tensor::{Elements, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::json;

const P: usize = 3;

/// Nearly normal, on a plane but for a little: the third feature is the sum of the others.
fn rows(random: &mut ChaCha8Rng, n: usize, off: f64) -> Vec<f64> {
    let mut unit = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let mut normal = || (0..12).map(|_| unit()).sum::<f64>() - 6.0;
    (0..n)
        .flat_map(|_| {
            let (a, b) = (normal(), normal());
            // Of the same variance with and without correlation.
            let sum = if off == 0.0 { a + b + 0.1 * normal() } else { 2f64.sqrt() * normal() };
            [a, b, sum]
        })
        .collect()
}

fn tensor(rows: &[f64]) -> Tensor<'_> {
    Tensor::new(Elements::F64(rows), rows.len() / P).unwrap()
}

fn profile(reference: &[f64], output: OutputKind) -> Profile {
    let mut profile = Profile::new(ProfileOptions { output, ..Default::default() }).unwrap();
    profile.fit(&tensor(reference)).unwrap();
    profile
}

fn fit(name: &str, reference: &[f64], calibration: &str) -> Arc<Fitted> {
    let options = json!({"calibration": calibration}).as_object().unwrap().clone();
    Arc::new(Fitted::fit(&Spec::new(name, options).unwrap(), &tensor(reference)).unwrap())
}

fn guard(reference: &[f64], detectors: &[Arc<Fitted>], rate: f64) -> Guard {
    let options = GuardOptions {
        anomaly_rate: Some(rate),
        window: Length::Observations(200),
        ..Default::default()
    };
    Guard::with_detectors(&profile(reference, OutputKind::Values), options, detectors).unwrap()
}

#[test]
fn scores_p_values_and_flags_are_the_detectors() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let reference = rows(&mut random, 2000, 0.0);
    let detectors = [fit("mahalanobis", &reference, "holdout"), fit("knn", &reference, "holdout")];
    let guard = guard(&reference, &detectors, 0.03);
    let mut batch = rows(&mut random, 50, 0.0);
    batch[..3].copy_from_slice(&[1.0, 1.0, -1.0]); // each value usual, far off the plane
    batch[6] = f64::NAN;
    let anomalous = guard.observe(&tensor(&batch), 7, false).unwrap();
    let verdict = guard.verdict(7).unwrap();
    assert_eq!(verdict.detectors, ["distance", "mahalanobis", "knn"]);
    assert_eq!(verdict.anomalous, anomalous);
    assert!(verdict.indices.contains(&0) && verdict.indices.contains(&2), "{:?}", verdict.indices);
    for (at, detector) in [(1, &detectors[0]), (2, &detectors[1])] {
        let (want, p) =
            (detector.score(&tensor(&batch)).unwrap(), detector.p_values(&tensor(&batch)).unwrap());
        for j in 0..50 {
            let got = verdict.scores[at][j];
            assert!(got == want[j] as f32 || (got.is_nan() && j == 2));
            let got = verdict.p_values[detector.name()][j];
            // A rank more or less where single precision makes a tie.
            assert!((got - p[j]).abs() < 0.003 || (got.is_nan() && j == 2), "{got} {}", p[j]);
        }
        assert!(verdict.p_values[detector.name()][0] < 0.01);
    }
    assert_eq!(guard.score(&tensor(&batch)).unwrap().indices, verdict.indices);
    assert_eq!(guard.describe().fitted, ["mahalanobis", "knn"]);
    assert_eq!(guard.describe().thresholds.len(), 3);
}

#[test]
fn together_they_flag_no_more_than_asked() {
    let (mut flagged, mut total) = (0, 0);
    for seed in 0..20 {
        let mut random = ChaCha8Rng::seed_from_u64(100 + seed);
        let reference = rows(&mut random, 800, 0.0);
        let guard = guard(&reference, &[fit("mahalanobis", &reference, "holdout")], 0.05);
        flagged += guard.observe(&tensor(&rows(&mut random, 1000, 0.0)), 1, false).unwrap();
        total += 1000;
    }
    // Expected at most 0.05. Over references the rate of one has a standard deviation of at most
    // 0.012 (beta, 5 of 200), so the mean of 20 has 0.003: four of them.
    let rate = flagged as f64 / f64::from(total);
    assert!(rate > 0.01 && rate < 0.05 + 0.012, "{rate}");
}

#[test]
fn one_that_is_not_fitted_is_fitted_on_the_profiles_sample() {
    let spec = |name: &str, options| Spec::from_json(name, options).unwrap();
    let (mut flagged, mut total) = (0, 0);
    for seed in 0..20 {
        let mut random = ChaCha8Rng::seed_from_u64(200 + seed);
        let reference = rows(&mut random, 1600, 0.0);
        // Half of the reference is in the sample.
        let mut profile =
            Profile::new(ProfileOptions { capacity: 800, ..Default::default() }).unwrap();
        profile.fit(&tensor(&reference)).unwrap();
        let detector = profile.fit_detector(&spec("knn", "{\"neighbors\": 5}")).unwrap();
        assert_eq!((detector.describe().observations, detector.calibrated().len()), (800, 200));
        let options = GuardOptions { anomaly_rate: Some(0.05), ..Default::default() };
        let guard = Guard::with_detectors(&profile, options, &[Arc::new(detector)]).unwrap();
        flagged += guard.observe(&tensor(&rows(&mut random, 1000, 0.0)), 1, false).unwrap();
        total += 1000;
    }
    // As above.
    let rate = flagged as f64 / f64::from(total);
    assert!(rate > 0.01 && rate < 0.05 + 0.012, "{rate}");
    let reference = rows(&mut ChaCha8Rng::seed_from_u64(9), 400, 0.0);
    let whole = profile(&reference, OutputKind::Values);
    let detector =
        whole.fit_detector(&spec("mahalanobis", "{\"calibration\": {\"holdout\": 0.5}}")).unwrap();
    assert_eq!(detector.calibrated().len(), 200);
    let same = fit("mahalanobis", &reference, "holdout");
    let batch = &reference[..30];
    let again = whole.fit_detector(&spec("mahalanobis", "")).unwrap();
    assert_eq!(again.p_values(&tensor(batch)), same.p_values(&tensor(batch)));
    let code = |spec: &Spec| whole.fit_detector(spec).map(|_| ()).map_err(|e| e.code());
    assert_eq!(code(&spec("knn", "{\"calibration\": \"none\"}")), Err(204));
    assert_eq!(code(&spec("knn", "{\"neighbors\": 1000}")), Err(100));
    let empty = Profile::new(ProfileOptions::default()).unwrap();
    assert_eq!(empty.fit_detector(&spec("knn", "")).map(|_| ()).map_err(|e| e.code()), Err(203));
}

#[test]
fn drift_that_only_a_detector_sees_is_an_alert_and_no_drift_is_none() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let reference = rows(&mut random, 3000, 0.0);
    let detector = [fit("mahalanobis", &reference, "holdout")];
    for (off, found) in [(0.0, false), (1.0, true)] {
        let guard = guard(&reference, &detector, 0.02);
        for _ in 0..10 {
            guard.observe(&tensor(&rows(&mut random, 100, off)), 1, false).unwrap();
        }
        guard.close().unwrap();
        let alerts = guard.alerts(0);
        assert_eq!(!alerts.is_empty(), found, "{alerts:?}");
        let told =
            |name: &str| alerts.iter().any(|alert| alert.features.iter().any(|e| e.name == name));
        assert_eq!(told("mahalanobis"), found, "{alerts:?}");
        let counters = guard.counters();
        assert_eq!((counters.observed, counters.tested), (1000, 1000));
    }
}

#[test]
fn the_worker_finds_what_the_call_finds() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let reference = rows(&mut random, 3000, 0.0);
    let detector = [fit("mahalanobis", &reference, "holdout")];
    for off in [0.0, 1.0] {
        let mut batches: Vec<Vec<f64>> = (0..20).map(|_| rows(&mut random, 57, off)).collect();
        batches[3][7] = f64::NAN;
        let found = [ScoreOn::Call, ScoreOn::Worker].map(|score_on| {
            let (anomaly_rate, window) = (Some(0.02), Length::Observations(200));
            let charts = vec![fluxguard::drift::charts::ChartName::Ewma];
            let options =
                GuardOptions { anomaly_rate, window, score_on, charts, ..Default::default() };
            let guard =
                Guard::with_detectors(&profile(&reference, OutputKind::Values), options, &detector)
                    .unwrap();
            for batch in &batches {
                guard.observe(&tensor(batch), 1, false).unwrap();
                let shown = guard.verdict(1).unwrap();
                assert_eq!(shown.detectors.len(), if score_on == ScoreOn::Call { 2 } else { 1 });
            }
            guard.close().unwrap();
            let alerts: Vec<_> = guard
                .alerts(0)
                .into_iter()
                .map(|a| (a.kind, a.test, a.statistic, a.p_value))
                .collect();
            let windows: Vec<_> = guard
                .windows(0)
                .into_iter()
                .map(|w| serde_json::to_string(&w.tests).unwrap())
                .collect();
            (guard.counters().anomalous, alerts, windows)
        });
        assert_eq!(found[0], found[1]);
        assert!(found[0].0 > 0 && found[0].2.len() == 6);
    }
}

#[test]
fn what_cannot_be_attached_is_an_error() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let reference = rows(&mut random, 300, 0.0);
    let attach = |detector: Arc<Fitted>, options: GuardOptions| {
        Guard::with_detectors(&profile(&reference, OutputKind::Values), options, &[detector])
            .map(|_| ())
    };
    for calibration in ["cross", "none"] {
        let error =
            attach(fit("knn", &reference, calibration), GuardOptions::default()).unwrap_err();
        assert!(error.code() == 204 && error.to_string().contains("holdout"), "{error}");
    }
    let one: Vec<f64> = reference.iter().step_by(3).copied().collect();
    let options = json!({"calibration": "holdout"}).as_object().unwrap().clone();
    let narrow = Fitted::fit(
        &Spec::new("zscore", options).unwrap(),
        &Tensor::new(Elements::F64(&one), 300).unwrap(),
    );
    assert_eq!(attach(Arc::new(narrow.unwrap()), GuardOptions::default()).unwrap_err().code(), 103);
    let rare = GuardOptions { anomaly_rate: Some(0.008), ..Default::default() };
    assert_eq!(attach(fit("knn", &reference, "holdout"), rare).unwrap_err().code(), 203);
    // Twice the same name, and one that the guard has by itself.
    let logits = profile(&reference, OutputKind::Logits);
    let fitted = [
        fit("energy", &reference, "holdout"),
        fit("knn", &reference, "holdout"),
        fit("knn", &reference, "holdout"),
    ];
    let guard = Guard::with_detectors(&logits, GuardOptions::default(), &fitted).unwrap();
    assert_eq!(guard.describe().fitted, ["energy-2", "knn", "knn-2"]);
}
