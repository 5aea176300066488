//! Outputs of each kind: what a guard says of them when nothing changes, and when something does.
#![allow(clippy::unwrap_used)]

use fluxguard::guard::{FalseAlarms, Guard, GuardOptions, Length, Per};
use fluxguard::profile::{OutputKind, OwnScore, Profile, ProfileOptions};
use fluxguard::tensor::{Elements, Tensor};
use fluxguard_core::testing::Random;

const N: usize = 2000;

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// `n` outputs of a kind, about as sure as `scale` says; half precision and single hold them, too.
fn outputs(kind: OutputKind, n: usize, scale: f64, seed: u64) -> (Vec<f64>, usize) {
    let mut random = Random(seed);
    let features = match kind {
        OutputKind::Binary | OutputKind::BinaryLogit => 1,
        OutputKind::Multilabel | OutputKind::MultilabelLogits => 5,
        OutputKind::Gaussian => 4,
        OutputKind::Mixture => 6,
        _ => unreachable!("not tested here"),
    };
    let normal: Vec<f64> = random.normals(n * features).iter().map(|x| scale * x).collect();
    let rows = match kind {
        OutputKind::Binary | OutputKind::Multilabel => {
            normal.iter().map(|z| sigmoid(3.0 * z)).collect()
        }
        OutputKind::BinaryLogit | OutputKind::MultilabelLogits => {
            normal.iter().map(|z| 3.0 * z).collect()
        }
        OutputKind::Gaussian => {
            normal.chunks(4).flat_map(|x| [x[0], x[1], x[2].exp(), (0.5f64 * x[3]).exp()]).collect()
        }
        _ => normal
            .chunks(6)
            .flat_map(|x| {
                let w = sigmoid(x[0]);
                [w, 1.0 - w, x[2], x[3] + 4.0, x[4].exp(), x[5].exp()]
            })
            .collect(),
    };
    (rows, features)
}

const KINDS: [OutputKind; 6] = [
    OutputKind::Binary,
    OutputKind::BinaryLogit,
    OutputKind::Multilabel,
    OutputKind::MultilabelLogits,
    OutputKind::Gaussian,
    OutputKind::Mixture,
];

fn guard(kind: OutputKind, window: u64) -> Guard {
    let (rows, features) = outputs(kind, N, 1.0, 1);
    let mut profile = Profile::new(ProfileOptions { output: kind, ..Default::default() }).unwrap();
    profile.fit(&Tensor::new(Elements::F64(&rows), rows.len() / features).unwrap()).unwrap();
    let options = GuardOptions {
        window: Length::Observations(window),
        false_alarms: FalseAlarms { rate: 0.01, per: Per::Window },
        anomaly_rate: Some(0.01),
        ..Default::default()
    };
    Guard::new(&profile, options).unwrap()
}

#[test]
fn what_does_not_change_is_flagged_at_its_rate_and_raises_nothing() {
    for kind in KINDS {
        let guard = guard(kind, 500);
        let (rows, features) = outputs(kind, 5000, 1.0, 2);
        let verdict = guard
            .score(&Tensor::new(Elements::F64(&rows), rows.len() / features).unwrap())
            .unwrap();
        let flagged = verdict.anomalous as f64 / 5000.0;
        assert!((0.004..0.02).contains(&flagged), "{kind:?}: {flagged}");
        assert_eq!(verdict.detectors.len(), OwnScore::default_of(kind).count(), "{kind:?}");
        guard
            .observe(&Tensor::new(Elements::F64(&rows), rows.len() / features).unwrap(), 0, false)
            .unwrap();
        guard.flush().unwrap();
        let alerts = guard.alerts(0);
        assert!(alerts.len() <= 1, "{kind:?}: {alerts:?}");
        assert_eq!(guard.counters().tested, 5000);
    }
}

#[test]
fn what_changes_is_told() {
    for kind in KINDS {
        let guard = guard(kind, 500);
        let (rows, features) = outputs(kind, 1000, 0.6, 3);
        guard.observe(&Tensor::new(Elements::F64(&rows), 1000).unwrap(), 0, false).unwrap();
        guard.flush().unwrap();
        assert!(!guard.alerts(0).is_empty(), "{kind:?} of {features}");
    }
}

#[test]
fn a_binary_output_has_two_classes() {
    for (kind, numbers, cut) in [
        (OutputKind::Binary, [0.9, 0.2, 0.49], 0.5),
        (OutputKind::BinaryLogit, [2.2, -1.4, -0.04], 0.0),
    ] {
        let guard = guard(kind, 500);
        let verdict = guard.score(&Tensor::new(Elements::F64(&numbers), 3).unwrap()).unwrap();
        let classes: Vec<_> = numbers.iter().map(|x| Some(u32::from(*x > cut))).collect();
        assert_eq!(verdict.predicted, Some(classes));
        for (score, x) in verdict.scores[0].iter().zip(numbers) {
            let p = if kind == OutputKind::Binary { x } else { sigmoid(x) };
            assert!((f64::from(*score) - p.min(1.0 - p)).abs() < 1e-6, "{score} of {x}");
        }
        // One class for all.
        let rows = vec![if kind == OutputKind::Binary { 0.97 } else { 3.5 }; 500];
        guard.observe(&Tensor::new(Elements::F64(&rows), 500).unwrap(), 0, false).unwrap();
        guard.flush().unwrap();
        assert!(guard.alerts(0).iter().any(|alert| format!("{:?}", alert.kind).contains("Class")));
    }
}

#[test]
fn a_batch_that_cannot_be_of_the_kind_is_refused_by_name() {
    for (kind, numbers, word) in [
        (OutputKind::Binary, vec![1.7], "probabilities"),
        (OutputKind::Multilabel, vec![0.5, 0.5, -3.0, 0.5, 0.5], "probabilities"),
        (OutputKind::Gaussian, vec![0.0, 0.0, 1.0, -1.0], "variance"),
        (OutputKind::Mixture, vec![0.5, 0.5, 0.0, 0.0, 1.0, -1.0], "variance"),
    ] {
        let guard = guard(kind, 500);
        let tensor = Tensor::new(Elements::F64(&numbers), 1).unwrap();
        let error = guard.observe(&tensor, 0, false).unwrap_err().to_string();
        assert!(error.starts_with("output: ") && error.contains(word), "{kind:?}: {error}");
        assert_eq!(guard.counters().observed, 0);
    }
}
