//! The engine from the outside: conservation, calibration, detection, faults.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};

use proptest::prelude::*;

use super::*;
use crate::alert::Kind;
use crate::drift::charts::ChartName;
use crate::profile::{ConstantFeatures, OutputKind, OwnScore, ProfileOptions};
use crate::tensor::Elements;
use crate::testing::Random;

fn tensor(rows: &[f64], n: usize) -> Tensor<'_> {
    Tensor::new(Elements::F64(rows), n).expect("shape")
}

fn profile(rows: &[f64], p: usize, output: OutputKind) -> Profile {
    let mut profile =
        Profile::new(ProfileOptions { output, ..Default::default() }).expect("options");
    profile.fit(&tensor(rows, rows.len() / p)).expect("finite");
    profile
}

fn options(window: u64, rate: f64) -> GuardOptions {
    let window = Length::Observations(window);
    GuardOptions {
        window,
        false_alarms: FalseAlarms { rate, per: Per::Window },
        ..Default::default()
    }
}

fn normal_guard(p: usize, options: GuardOptions) -> Guard {
    Guard::new(&profile(&Random(1).normals(2000 * p), p, OutputKind::Values), options)
        .expect("options")
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> i32 {
    result.expect_err("must be refused").code()
}

#[test]
fn windows_are_exactly_as_long_as_asked_however_batches_fall() {
    let guard = normal_guard(3, options(100, 0.01));
    let mut random = Random(2);
    for n in [1, 7, 250, 31, 64, 1, 100, 46] {
        guard.observe(&tensor(&random.normals(3 * n), n), 0, false).expect("open");
    }
    guard.flush().expect("worker");
    let spans: Vec<_> = guard.windows(0).iter().map(|w| (w.window.first, w.window.last)).collect();
    assert_eq!(spans, [(0, 99), (100, 199), (200, 299), (300, 399), (400, 499)]);
    let counters = guard.counters();
    assert_eq!((counters.observed, counters.tested, counters.windows), (500, 500, 5));
}

#[test]
fn sliding_windows_overlap_and_the_rest_is_tested_on_close() {
    let guard = normal_guard(
        1,
        GuardOptions { slide: Some(Length::Observations(50)), ..options(100, 0.01) },
    );
    guard.observe(&tensor(&Random(3).normals(270), 270), 0, false).expect("open");
    guard.close().expect("worker");
    let spans: Vec<_> = guard.windows(0).iter().map(|w| (w.window.first, w.window.last)).collect();
    assert_eq!(spans, [(0, 99), (50, 149), (100, 199), (150, 249), (200, 269)]);
    assert_eq!(guard.counters().tested, 270);
    assert_eq!(code(guard.observe(&tensor(&[0.0], 1), 0, false)), 300);
    guard.close().expect("closing again does nothing");
}

#[test]
fn windows_of_time_close_by_themselves() {
    let guard = normal_guard(1, GuardOptions { window: Length::Seconds(0.2), ..options(20, 0.01) });
    guard.observe(&tensor(&Random(3).normals(40), 40), 0, false).expect("open");
    let start = std::time::Instant::now();
    while guard.counters().tested < 40 && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(guard.counters().tested, 40);
}

#[test]
fn nothing_is_lost_whatever_the_interleaving() {
    for round in 0..6 {
        let guard = Arc::new(normal_guard(2, options(97, 1e-9)));
        let barrier = Arc::new(Barrier::new(4));
        let handed_in = Arc::new(AtomicU64::new(0));
        let threads: Vec<_> = (0..4u64)
            .map(|t| {
                let (guard, barrier, handed_in) =
                    (guard.clone(), barrier.clone(), handed_in.clone());
                std::thread::spawn(move || {
                    let mut random = Random(100 * round + t);
                    barrier.wait();
                    for i in 0..400 {
                        let n = 1 + (random.uniform() * 60.0) as usize;
                        let rows = random.normals(2 * n);
                        match guard.observe(&tensor(&rows, n), t, false) {
                            Ok(_) => handed_in.fetch_add(n as u64, Ordering::SeqCst),
                            Err(error) => {
                                assert_eq!(error.code(), 300);
                                break;
                            }
                        };
                        match i {
                            100 | 200 => guard.flush().expect("worker"),
                            390 if t == 0 => guard.close().expect("worker"),
                            _ => {}
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().expect("no panic"));
        guard.close().expect("worker");
        let counters = guard.counters();
        assert_eq!(
            (counters.observed, counters.tested),
            (handed_in.load(Ordering::SeqCst), counters.observed)
        );
    }
}

#[test]
fn a_worker_that_is_behind_loses_nothing() {
    // A wake-up that blocks stops the worker, so the channel fills and callers must summarize for
    // themselves.
    let guard = normal_guard(4, GuardOptions { repeat: true, ..options(100, 0.5) });
    let (hold, held) = std::sync::mpsc::sync_channel::<()>(0);
    guard.on_wake(Some(Box::new(move || _ = held.recv()))).expect("not from the worker");
    let shifted: Vec<f64> = Random(5).normals(4 * 1000).iter().map(|x| x + 5.0).collect();
    for _ in 0..500 {
        guard.observe(&tensor(&shifted, 1000), 0, false).expect("open");
    }
    assert!(guard.counters().merged > 0);
    drop(hold);
    guard.close().expect("worker");
    let counters = guard.counters();
    assert_eq!((counters.observed, counters.tested), (500_000, 500_000));
}

/// Alarms over 2,000 windows, `windows` for each of fresh references, and the bounds of a binomial
/// with that rate at 99.9 %.
fn alarms(
    rate: f64,
    make: impl Fn(u64) -> (Guard, usize),
    windows: usize,
    n: usize,
) -> (u64, f64, f64) {
    let mut alarms = 0;
    for seed in 0..(2000 / windows) as u64 {
        let (guard, p) = make(seed);
        let mut random = Random(1_000_000 + seed);
        for _ in 0..windows {
            guard.observe(&tensor(&random.normals(p * n), n), 0, false).expect("open");
        }
        guard.flush().expect("worker");
        alarms += guard.windows(0).iter().filter(|w| w.alarm).count() as u64;
    }
    let spread = 3.29 * (2000.0 * rate * (1.0 - rate)).sqrt();
    (alarms, 2000.0 * rate - spread, 2000.0 * rate + spread)
}

#[test]
fn under_the_null_drift_alarms_come_as_often_as_asked() {
    // One family of checks alone has the whole level: half of it is what the drift tests of a guard
    // on values get.
    let (rate, n) = (0.1, 60);
    let make = |seed: u64| {
        let rows = Random(seed).normals(3 * 600);
        let min_effect = Some([(TestName::Ks, 0.0)].into());
        // Anomalies are checked with the other half; at this anomaly rate none is ever found in a
        // window of 60.
        let monitors = Vec::new();
        let options =
            GuardOptions { min_effect, anomaly_rate: None, monitors, ..options(n as u64, rate) };
        (Guard::new(&profile(&rows, 3, OutputKind::Values), options).expect("options"), 3)
    };
    let drift = |guard: &Guard| {
        guard.windows(0).iter().filter(|w| w.tests.iter().any(|t| t.test.drift)).count()
    };
    let mut found = 0;
    for seed in 0..40 {
        let (guard, p) = make(seed);
        let mut random = Random(1_000_000 + seed);
        for _ in 0..50 {
            guard.observe(&tensor(&random.normals(p * n), n), 0, false).expect("open");
        }
        guard.flush().expect("worker");
        found += drift(&guard);
    }
    // The drift tests' half of the rate, and its binomial interval at 99 %.
    let (mean, spread) = (2000.0 * rate / 2.0, 2.576 * (2000.0f64 * 0.05 * 0.95).sqrt());
    assert!(
        (found as f64) < mean + spread && (found as f64) > mean - spread,
        "{found} of {mean} +- {spread}"
    );
}

#[test]
fn under_the_null_a_whole_guard_stays_within_what_was_asked() {
    let rate = 0.1;
    let make = |seed: u64| {
        let options = GuardOptions {
            tests: TestName::of_windows().collect(),
            charts: vec![ChartName::Shewhart, ChartName::Ewma, ChartName::Cusum],
            min_effect: Some(TestName::of_windows().map(|t| (t, 0.0)).collect()),
            anomaly_rate: Some(0.02),
            ..options(100, rate)
        };
        (
            Guard::new(&profile(&Random(seed).normals(4 * 1000), 4, OutputKind::Logits), options)
                .expect("options"),
            4,
        )
    };
    let (alarms, _, most) = alarms(rate, make, 50, 100);
    assert!(alarms > 0 && (alarms as f64) < most, "{alarms} of at most {most}");
}

#[test]
fn drift_that_no_window_shows_adds_up_over_windows() {
    let min_effect = Some([(TestName::Ks, 0.05)].into());
    let guard =
        normal_guard(3, GuardOptions { min_effect: min_effect.clone(), ..options(100, 1e-6) });
    let mut random = Random(8);
    let mut serve = |guard: &Guard, windows: usize, shift: f64| {
        for _ in 0..windows {
            let rows: Vec<f64> =
                (0..300).map(|i| random.normal() + if i % 3 == 1 { shift } else { 0.0 }).collect();
            guard.observe(&tensor(&rows, 100), 0, false).expect("open");
            // Other tests hold the worker up; windows that were merged meanwhile would show more.
            guard.flush().expect("worker");
        }
        guard.alerts(0)
    };
    assert_eq!(serve(&guard, 40, 0.0), []);
    let alerts = serve(&guard, 40, 0.25);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    let (alert, feature) = (&alerts[0], &alerts[0].features[0]);
    assert_eq!(
        (alert.kind, alert.test.as_str(), feature.name.as_str()),
        (Kind::Drift, "martingale", "y2")
    );
    assert!(alert.p_value < 1e-4 && alert.effect > 0.05 && alert.window.index > 41, "{alert:?}");
    // Without the monitor the same stream passes.
    let windows_alone =
        normal_guard(3, GuardOptions { min_effect, monitors: Vec::new(), ..options(100, 1e-6) });
    assert_eq!(serve(&windows_alone, 40, 0.25), []);
}

#[test]
fn drift_that_went_and_came_again_is_told_again() {
    for (shift, clean) in [(3.0, 1), (1.0, 2), (0.4, 4)] {
        let guard = normal_guard(1, GuardOptions { charts: Vec::new(), ..options(200, 1e-4) });
        let mut random = Random(21);
        let mut serve = |windows: usize, shift: f64| {
            let before = guard.alerts(0).last().map_or(0, |a| a.id);
            for _ in 0..windows {
                let rows: Vec<f64> = (0..200).map(|_| random.normal() + shift).collect();
                guard.observe(&tensor(&rows, 200), 0, false).expect("open");
                guard.flush().expect("worker");
            }
            guard.alerts(before).iter().filter(|alert| alert.kind == Kind::Drift).count()
        };
        let reported = [
            serve(6, 0.0),
            serve(8, shift),
            serve(clean, 0.0),
            serve(8, shift),
            serve(6, 0.0),
            serve(8, shift),
        ];
        assert_eq!(reported, [0, 1, 0, 1, 0, 1], "moved by {shift}");
        // And one that stays is one episode, however long.
        assert_eq!(serve(200, shift), 0, "moved by {shift}");
    }
}

#[test]
fn each_kind_of_trouble_is_found_once_an_episode() {
    let mut random = Random(11);
    let classes = |random: &mut Random, n: usize, only: usize| -> Vec<f64> {
        (0..n * 4)
            .map(|i| random.normal() + if (i / 4) % only == i % 4 { 6.0 } else { 0.0 })
            .collect()
    };
    let reference = classes(&mut random, 3000, 3);
    let options =
        GuardOptions { charts: vec![ChartName::Ewma, ChartName::Cusum], ..options(200, 1e-4) };
    let guard = Guard::new(&profile(&reference, 4, OutputKind::Logits), options).expect("options");
    let serve = |rows: &[f64]| {
        let before = guard.alerts(0).last().map_or(0, |a| a.id);
        guard.observe(&tensor(rows, rows.len() / 4), 0, false).expect("open");
        guard.flush().expect("worker");
        guard.alerts(before).iter().map(|a| a.kind).collect::<Vec<_>>()
    };
    assert_eq!(serve(&classes(&mut random, 800, 3)), []);
    let collapsed = classes(&mut random, 400, 2);
    let kinds = serve(&collapsed);
    assert!(
        kinds.contains(&Kind::Drift)
            && kinds.contains(&Kind::ClassDrift)
            && kinds.contains(&Kind::VanishedClass)
    );
    assert_eq!(serve(&collapsed), [], "an episode that goes on is no news");
    assert!(guard.counters().suppressed > 0);
    assert_eq!(serve(&classes(&mut random, 400, 3)), []);
    let unseen = classes(&mut random, 200, 4);
    assert!(serve(&unseen).contains(&Kind::UnseenClass));
    let unsure = random.normals(4 * 200);
    let kinds = serve(&unsure);
    assert!(kinds.contains(&Kind::Anomaly) && kinds.contains(&Kind::Chart), "{kinds:?}");
    let mut broken = classes(&mut random, 200, 3);
    broken[4 * 17 + 2] = f64::NAN;
    assert!(serve(&broken).contains(&Kind::NonFinite));
}

#[test]
fn a_verdict_says_which_and_why() {
    let reference: Vec<f64> = Random(4).normals(2 * 2000);
    let options = GuardOptions {
        detectors: Some(OwnScore::of(OutputKind::Values).collect()),
        anomaly_rate: Some(0.01),
        ..options(100, 0.01)
    };
    let guard = Guard::new(&profile(&reference, 2, OutputKind::Values), options).expect("options");
    let batch = [0.0, 0.1, 9.0, 0.0, f64::INFINITY, 0.0, -0.2, 0.3];
    assert_eq!(guard.observe(&tensor(&batch, 4), 7, false).expect("open"), 2);
    let verdict = guard.verdict(7).expect("just observed");
    assert_eq!((verdict.observations, verdict.non_finite, &verdict.indices), (4, 1, &vec![1, 2]));
    assert!(verdict.scores.iter().all(|s| s.len() == 4 && s[2].is_nan() && s[1] > s[0]));
    assert_eq!(verdict.predicted, None);
    let scored = guard.score(&tensor(&batch, 4)).expect("open");
    assert_eq!(scored.indices, verdict.indices);
    assert_eq!((guard.counters().observed, guard.counters().anomalous), (4, 2));
    assert_eq!(code(guard.verdict(8)), 100);
    for other in 100..110 {
        guard.observe(&tensor(&[0.0, 0.0], 1), other, false).expect("open");
    }
    assert_eq!(guard.verdict(7).expect("others have their own places").indices, verdict.indices);
    assert_eq!(code(guard.observe(&tensor(&[0.0], 1), 7, false)), 103);
    let single: Vec<f32> = batch.iter().map(|x| *x as f32).collect();
    let half: Vec<half::f16> = batch.iter().map(|x| half::f16::from_f64(*x)).collect();
    for elements in [Elements::F32(&single), Elements::F16(&half)] {
        let other = guard.score(&Tensor::new(elements, 4).expect("shape")).expect("open");
        assert_eq!(other.indices, verdict.indices);
    }
}

#[test]
fn options_that_cannot_work_are_refused_by_name() {
    let reference = profile(&Random(1).normals(4000), 2, OutputKind::Values);
    let refused = |options| code(Guard::new(&reference, options));
    let base = || options(100, 0.01);
    assert_eq!(refused(options(10, 0.01)), 202);
    assert_eq!(refused(GuardOptions { tests: vec![TestName::Psi], ..options(30, 0.01) }), 202);
    assert_eq!(refused(GuardOptions { slide: Some(Length::Observations(33)), ..base() }), 100);
    assert_eq!(refused(GuardOptions { slide: Some(Length::Seconds(1.0)), ..base() }), 100);
    assert_eq!(refused(GuardOptions { window: Length::Seconds(f64::NAN), ..base() }), 100);
    assert_eq!(refused(options(100, -1.0)), 100);
    assert_eq!(refused(GuardOptions { anomaly_rate: Some(2.0), ..base() }), 100);
    assert_eq!(refused(GuardOptions { anomaly_rate: Some(1e-6), ..base() }), 203);
    assert_eq!(refused(GuardOptions { tests: vec![TestName::Ks, TestName::Ks], ..base() }), 100);
    for test in TestName::names().filter(|test| TestName::of_windows().all(|other| other != *test))
    {
        assert_eq!(refused(GuardOptions { tests: vec![test], ..base() }), 100);
    }
    assert_eq!(
        refused(GuardOptions { min_effect: Some([(TestName::Ks, -0.1)].into()), ..base() }),
        100
    );
    assert_eq!(refused(GuardOptions { detectors: Some(vec![OwnScore::Energy]), ..base() }), 100);
    assert_eq!(
        refused(GuardOptions { journal: Some("/nonexistent/alerts.jsonl".into()), ..base() }),
        400
    );
    let mut constant = Profile::new(ProfileOptions {
        constant_features: ConstantFeatures::Error,
        ..Default::default()
    })
    .expect("options");
    constant.fit(&tensor(&[1.0; 40], 40)).expect("finite");
    assert_eq!(code(Guard::new(&constant, base())), 201);
}

#[test]
fn a_description_survives_json_and_options_may_be_left_out() {
    let guard = normal_guard(
        2,
        serde_json::from_str("{\"window\": {\"observations\": 50}}").expect("options"),
    );
    let text = serde_json::to_string(&guard.describe()).expect("serializes");
    assert_eq!(serde_json::from_str::<GuardDescription>(&text).expect("parses"), guard.describe());
    assert!(serde_json::from_str::<GuardOptions>("{\"windw\": 3}").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn panes_obey_the_merge_law(seed in any::<u64>(), n in 1usize..60,
        cut in any::<prop::sample::Index>()) {
        let reference = profile(&Random(9).normals(3 * 500), 3, OutputKind::Logits);
        let options = BaselineOptions { wasserstein: true, welch: true, ..Default::default() };
        let baseline = Baseline::new(&reference, &options).expect("fits");
        let rows = Random(seed).normals(3 * n);
        let (mut scores, mut anomalous) = (Scores::default(), Vec::new());
        baseline.scorer.score(&tensor(&rows, n), &mut scores);
        verdict::flag(&baseline, &scores, &mut anomalous);
        let reduce = |range: std::ops::Range<usize>| {
            let mut pane = Pane::new(&baseline, true);
            pane.update(&baseline, (&tensor(&rows, n), range), (&scores, &anomalous),
                std::time::Instant::now());
            pane
        };
        let cut = cut.index(n);
        let (mut merged, whole) = (reduce(0..cut), reduce(0..n));
        merged.merge(&reduce(cut..n));
        prop_assert_eq!(merged.observations, whole.observations);
        prop_assert_eq!((&merged.classes, &merged.series), (&whole.classes, &whole.series));
        prop_assert_eq!((merged.anomalous, merged.non_finite), (whole.anomalous, whole.non_finite));
        prop_assert_eq!((&merged.features, &merged.scores), (&whole.features, &whole.scores));
        for column in 0..baseline.column_count() {
            let (a, b) = (merged.mean(&baseline, column), whole.mean(&baseline, column));
            prop_assert!(a.zip(b).is_some_and(|(a, b)| (a - b).abs() < 1e-9), "{:?} {:?}", a, b);
            let (a, b) = (merged.sample_moments(&baseline, column),
                whole.sample_moments(&baseline, column));
            let near = |a: f64, b: f64| (a - b).abs() < 1e-9 || (a.is_nan() && b.is_nan());
            let same = a.zip(b).is_some_and(|(a, b)| a.size == b.size && near(a.mean, b.mean)
                && near(a.variance, b.variance));
            prop_assert!(same, "{:?} {:?}", a, b);
        }
    }
}
