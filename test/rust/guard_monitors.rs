//! Every monitor of a guard by its name: quiet on a stream that stays, and it fires where one
//! moves.
#![allow(clippy::unwrap_used)]

use fluxguard::alert::Kind;
use fluxguard::drift::online::{OnlineName, Takes};
use fluxguard::drift::two_sample::{Method, Reference, TestName, TestResult};
use fluxguard::guard::{FalseAlarms, Guard, GuardOptions, Length, Per};
use fluxguard::profile::{Order, Profile, ProfileOptions};
use fluxguard::tensor::{Elements, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const FEATURES: usize = 3;
const PANE: usize = 400;

struct Source(ChaCha8Rng);

impl Source {
    fn unit(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Three exponential features, the second one `by` times as large.
    fn rows(&mut self, count: usize, by: f64) -> Vec<f64> {
        (0..FEATURES * count)
            .map(|i| -self.unit().ln() * if i % FEATURES == 1 { by } else { 1.0 })
            .collect()
    }
}

fn tensor(rows: &[f64]) -> Tensor<'_> {
    Tensor::new(Elements::F64(rows), rows.len() / FEATURES).unwrap()
}

fn guard(source: &mut Source, options: GuardOptions) -> Guard {
    let mut profile = Profile::new(ProfileOptions::default()).unwrap();
    profile.fit(&tensor(&source.rows(8000, 1.0))).unwrap();
    let false_alarms = FalseAlarms { rate: 1e-6, per: Per::Window };
    Guard::new(
        &profile,
        GuardOptions { false_alarms, window: Length::Observations(PANE as u64), ..options },
    )
    .unwrap()
}

#[test]
fn each_monitor_is_quiet_on_what_stays_and_fires_on_what_moves() {
    for name in OnlineName::ALL.into_iter().filter(|name| name.takes() == Takes::Values) {
        let mut source = Source(ChaCha8Rng::seed_from_u64(20_261_123));
        let guard = guard(
            &mut source,
            GuardOptions { tests: Vec::new(), monitors: vec![name.into()], ..Default::default() },
        );
        let mut serve = |panes: usize, by: f64| {
            let before = guard.windows(0).last().map_or(0, |window| window.window.index);
            for _ in 0..panes {
                guard.observe(&tensor(&source.rows(PANE, by)), 0, false).unwrap();
                guard.flush().unwrap();
            }
            guard.windows(before)
        };
        let before = serve(150, 1.0);
        assert_eq!(guard.alerts(0), [], "{name}");
        assert!(
            before.iter().all(|window| window.detections.iter().all(|found| !found.drift)),
            "{name}"
        );
        let after = serve(80, 1.5);
        let alerts = guard.alerts(0);
        let alert = alerts.first().unwrap_or_else(|| panic!("{name} did not fire"));
        assert_eq!((alert.kind, alert.test.as_str()), (Kind::Drift, name.as_str()));
        assert!(
            alert.effect >= 0.1 && alert.p_value < 1e-3 && alert.window.index > 150,
            "{alert:?}"
        );
        if name == OnlineName::Martingale {
            assert_eq!(alert.feature.as_deref(), Some("y2"));
        } else {
            assert_eq!((alert.threshold, alert.false_alarm_rate), (1.0, 1.0));
            assert!(alert.message.contains("no rate of false alarms"), "{}", alert.message);
            let found = after.iter().flat_map(|window| &window.detections);
            assert!(
                found
                    .clone()
                    .any(|found| found.drift && found.monitor == name && found.name == "y2")
            );
            assert!(
                found.clone().all(|found| found.statistic.is_finite() && found.p_value <= 1.0),
                "{name}"
            );
        }
        // It survives JSON, as the journal has it.
        let text = serde_json::to_string(alert).unwrap();
        assert_eq!(serde_json::from_str::<fluxguard::alert::Alert>(&text).unwrap(), *alert);
    }
}

#[test]
fn what_a_guard_cannot_run_is_refused_with_a_reason() {
    let mut profile = Profile::new(ProfileOptions::default()).unwrap();
    profile.fit(&tensor(&Source(ChaCha8Rng::seed_from_u64(1)).rows(500, 1.0))).unwrap();
    let refused = |options| Guard::new(&profile, options).unwrap_err().to_string();
    for (name, why) in [
        (OnlineName::Ddm, "takes outcomes"),
        (OnlineName::Eddm, "takes outcomes"),
        (OnlineName::TwoSample, "takes two streams side by side"),
        (OnlineName::Lord, "takes p-values"),
        (OnlineName::Saffron, "takes p-values"),
    ] {
        let error = refused(GuardOptions { monitors: vec![name.into()], ..Default::default() });
        assert!(
            error.starts_with(&format!(
                "monitors: got {name}, expected one of adwin, page-hinkley, "
            )),
            "{error}"
        );
        assert!(error.contains(why), "{error}");
    }
    for (test, words) in [
        (
            TestName::Cvm,
            "expected ks (cvm cannot be run on a window: its limit law is that of values, not of counts)",
        ),
        (
            TestName::Tv,
            "expected hellinger (tv cannot be run on a window: its p-values, by reassignment, are never below",
        ),
        (TestName::Mmd, "mmd cannot be run on a window: it needs all columns of each observation"),
        (
            TestName::Fisher,
            "a window has ks, mannwhitney, welch, chi2, g, psi, js, hellinger, kl, wasserstein",
        ),
    ] {
        let error = refused(GuardOptions { tests: vec![test], ..Default::default() });
        assert!(
            error.starts_with(&format!("tests: got {test}, ")) && error.contains(words),
            "{error}"
        );
    }
    let options = |json: &str| serde_json::from_str::<GuardOptions>(json).unwrap();
    for (json, words) in [
        (
            r#"{"monitors": [{"adwin": {"deltas": 1}}]}"#,
            "monitors: got adwin with deltas: an option that there is not, expected one of delta",
        ),
        (
            r#"{"monitors": [{"adwin": {"delta": 2}}]}"#,
            "monitors: got adwin with delta: 2, expected a probability",
        ),
        (r#"{"monitors": [{"martingale": {"alpha": 0.1}}]}"#, "expected no options"),
        (r#"{"monitors": ["adwin", {"adwin": {"delta": 0.1}}]}"#, "a monitor twice"),
    ] {
        let error = refused(options(json));
        assert!(error.contains(words), "{error}");
    }
    let twice = vec![OnlineName::Adwin.into(), OnlineName::Adwin.into()];
    assert!(
        refused(GuardOptions { monitors: twice, ..Default::default() }).contains("a monitor twice")
    );
    assert!(
        serde_json::from_str::<GuardOptions>("{\"monitors\": [\"hddm-w\", \"martingale\"]}")
            .is_ok()
    );
    let unknown = serde_json::from_str::<GuardOptions>("{\"monitors\": [\"adwinn\"]}")
        .unwrap_err()
        .to_string();
    assert!(unknown.contains("page-hinkley"), "{unknown}");
}

#[test]
fn options_of_a_monitor_count() {
    // Sums of deviations that are tolerated or not: the same stream, a threshold that is never
    // reached and one that soon is.
    let alerts = [1e6, 4.0].map(|threshold| {
        let mut source = Source(ChaCha8Rng::seed_from_u64(4));
        let json = format!("{{\"tests\": [], \"monitors\": [{{\"page-hinkley\": {{\"threshold\": {threshold}}}}}]}}");
        let guard = guard(&mut source, serde_json::from_str(&json).unwrap());
        for by in [1.0, 1.4] {
            guard.observe(&tensor(&source.rows(40 * PANE, by)), 0, false).unwrap();
        }
        guard.close().unwrap();
        let told = guard.describe().options.monitors;
        assert_eq!(serde_json::to_value(&told).unwrap()[0]["page-hinkley"]["threshold"], threshold);
        guard.alerts(0)
    });
    assert_eq!(alerts[0], []);
    assert_eq!(
        (alerts[1][0].test.as_str(), alerts[1][0].feature.as_deref()),
        ("page-hinkley", Some("y2"))
    );
}

#[test]
fn mannwhitney_of_a_windows_counts_finds_a_shift() {
    let mut source = Source(ChaCha8Rng::seed_from_u64(2));
    let tests = vec![TestName::MannWhitney];
    let guard =
        guard(&mut source, GuardOptions { tests, monitors: Vec::new(), ..Default::default() });
    guard.observe(&tensor(&source.rows(20 * PANE, 1.0)), 0, false).unwrap();
    guard.flush().unwrap();
    assert_eq!(guard.alerts(0), []);
    guard.observe(&tensor(&source.rows(PANE, 1.5)), 0, false).unwrap();
    guard.flush().unwrap();
    let alerts = guard.alerts(0);
    assert_eq!(
        (alerts[0].test.as_str(), alerts[0].feature.as_deref()),
        ("mannwhitney", Some("y2"))
    );
}

fn only(tests: Vec<TestName>, rate: f64, pane: u64) -> GuardOptions {
    GuardOptions {
        tests,
        monitors: Vec::new(),
        false_alarms: FalseAlarms { rate, per: Per::Window },
        window: Length::Observations(pane),
        ..Default::default()
    }
}

/// What a guard on one column says of one window, by column name.
fn of_one_window(reference: &[f64], current: &[f64]) -> Vec<(String, TestResult)> {
    let one = |rows| Tensor::new(Elements::F64(rows), rows.len()).unwrap();
    let mut profile =
        Profile::new(ProfileOptions { order: Order::None, ..ProfileOptions::default() }).unwrap();
    profile.fit(&one(reference)).unwrap();
    let options = GuardOptions {
        repeat: true,
        ..only(vec![TestName::Welch], 1e-3, current.len().max(20) as u64)
    };
    let guard = Guard::new(&profile, options).unwrap();
    // In pieces, so that moments are merged.
    for piece in current.chunks(7) {
        guard.observe(&one(piece), 0, false).unwrap();
    }
    guard.close().unwrap();
    guard.windows(0)[0].tests.iter().map(|test| (test.name.clone(), test.test.result)).collect()
}

#[test]
fn welch_of_a_window_is_scipys_of_its_values() {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("../reference/two_sample_more.json")).unwrap();
    let mut compared = 0;
    for case in all["raw"].as_array().unwrap().iter().filter(|case| case.get("welch").is_some()) {
        let values = |key: &str| -> Vec<f64> {
            case[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
        };
        let (reference, current) = (values("reference"), values("current"));
        if reference.len() < 200 || current.len() < 20 || case["name"] == "offset" {
            continue;
        }
        let (name, result) = &of_one_window(&reference, &current)[0];
        for (got, key) in
            [(result.statistic, "welch"), (result.p_value, "welch_p"), (result.effect, "d")]
        {
            let expected = case[key].as_f64().unwrap();
            assert!(
                (got - expected).abs() <= 1e-9 * expected.abs(),
                "{key} of {}: {got} for {expected}",
                case["name"]
            );
        }
        assert_eq!((name.as_str(), result.method), ("y1", Method::Asymptotic));
        compared += 1;
    }
    assert!(compared >= 1, "{compared} cases");
}

#[test]
fn welch_of_a_window_is_that_of_the_values_of_scores_too() {
    let mut source = Source(ChaCha8Rng::seed_from_u64(5));
    let reference = source.rows(3000, 1.0);
    let mut profile = Profile::new(ProfileOptions::default()).unwrap();
    profile.fit(&tensor(&reference)).unwrap();
    let guard =
        Guard::new(&profile, only(vec![TestName::Welch, TestName::Ks], 1e-3, PANE as u64)).unwrap();
    let current = source.rows(PANE, 1.1);
    guard.observe(&tensor(&current), 0, false).unwrap();
    guard.flush().unwrap();
    let window = &guard.windows(0)[0];
    let found = |name: &str| {
        let of = |test: &&fluxguard::guard::ColumnTest| {
            test.name == name && test.test.result.test == TestName::Welch
        };
        window.tests.iter().find(of).unwrap().test.result
    };
    for k in 0..FEATURES {
        let column =
            |rows: &[f64]| rows.iter().skip(k).step_by(FEATURES).copied().collect::<Vec<f64>>();
        let expected = Reference::new(&column(&reference))
            .unwrap()
            .test(TestName::Welch, &column(&current))
            .unwrap();
        let got = found(&format!("y{}", k + 1));
        assert!((got.statistic / expected.statistic - 1.0).abs() < 1e-9, "{got:?} {expected:?}");
        assert!(
            (got.p_value / expected.p_value - 1.0).abs() < 1e-8 && got.reference_size == 3000,
            "{got:?}"
        );
    }
    // Every column has a result, the scores too.
    let of =
        |name: TestName| window.tests.iter().filter(|test| test.test.result.test == name).count();
    assert!(
        of(TestName::Welch) == of(TestName::Ks) && of(TestName::Welch) > FEATURES,
        "{:?}",
        window.tests
    );
    let last = window.tests.iter().rfind(|test| test.test.result.test == TestName::Welch).unwrap();
    assert!(
        !last.name.starts_with('y') && last.test.result.current_size == PANE as u64,
        "{last:?}"
    );
}

#[test]
fn welch_is_calibrated_in_a_guard_and_alarms_where_a_mean_moves() {
    // Three features of each of 400 windows, 8 references of 4,000 rows, which a window of 400
    // varies beside little.
    let mut p: Vec<f64> = Vec::new();
    for seed in 0..8 {
        let mut source = Source(ChaCha8Rng::seed_from_u64(100 + seed));
        let mut profile = Profile::new(ProfileOptions::default()).unwrap();
        profile.fit(&tensor(&source.rows(4000, 1.0))).unwrap();
        let guard = Guard::new(&profile, only(vec![TestName::Welch], 1e-3, PANE as u64)).unwrap();
        guard.observe(&tensor(&source.rows(50 * PANE, 1.0)), 0, false).unwrap();
        guard.flush().unwrap();
        let windows = guard.windows(0);
        p.extend(
            windows
                .iter()
                .flat_map(|w| &w.tests)
                .filter(|t| t.name.starts_with('y'))
                .map(|t| t.test.result.p_value),
        );
        assert!(
            windows.iter().all(|w| w.tests.iter().all(|t| !t.test.drift)),
            "a minimum effect of 0.2 and a level of 0.001"
        );
        guard.observe(&tensor(&source.rows(PANE, 1.5)), 0, false).unwrap();
        guard.flush().unwrap();
        let alerts = guard.alerts(0);
        assert!(
            alerts.iter().any(|a| a.test == "welch" && a.feature.as_deref() == Some("y2")),
            "{alerts:?}"
        );
    }
    assert_eq!(p.len(), 8 * 50 * FEATURES);
    for alpha in [0.01, 0.05, 0.2, 0.5] {
        let share = p.iter().filter(|p| **p <= alpha).count() as f64 / p.len() as f64;
        // Windows of one guard share their reference, a tenth of the variance: 50 of them are worth
        // 50/(1 + 49/11), nine.
        let slack = 3.29 * (alpha * (1.0 - alpha) / (8.0 * 9.0 * FEATURES as f64)).sqrt();
        assert!((share - alpha).abs() <= slack, "{share} at {alpha}, slack {slack}");
    }
}

#[test]
fn windows_without_a_variance_have_no_welch() {
    let reference: Vec<f64> = (0..300).map(|i| f64::from(i % 17)).collect();
    assert!(of_one_window(&reference, &[3.0]).is_empty(), "one value");
    let mut with_nan = vec![f64::NAN; 19];
    with_nan.push(4.0);
    assert!(
        of_one_window(&reference, &with_nan).iter().all(|(name, _)| name != "y1"),
        "one finite value"
    );
    let constant = of_one_window(&reference, &[16.0; 30]);
    assert!(constant[0].1.p_value < 1e-6 && constant[0].1.effect > 1.0, "{constant:?}");
    let huge = of_one_window(&reference, &[1e200; 30]);
    assert!(huge.iter().all(|(_, result)| result.p_value <= 1.0), "{huge:?}");
}
