//! Guards that are closed, flushed and shut down while others observe: whatever was accepted is
//! tested, and whoever waits is answered. Beside `engine_explored`, which goes through all orders
//! of small scenes, these are large ones at random.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fluxguard::guard::{Guard, GuardOptions, Length, shutdown};
use fluxguard::outlier::{Fitted, Spec};
use fluxguard::profile::{Profile, ProfileOptions};
use fluxguard::stats::normal;
use fluxguard::stats::random::SplitMix64;
use fluxguard::tensor::{Elements, Tensor};

const FEATURES: usize = 3;

fn rows(random: &mut SplitMix64, observations: usize) -> Vec<f64> {
    (0..FEATURES * observations)
        .map(|_| normal::quantile(random.uniform()).expect("inside"))
        .collect()
}

fn tensor(rows: &[f64]) -> Tensor<'_> {
    Tensor::new(Elements::F64(rows), rows.len() / FEATURES).expect("shape")
}

fn profile() -> Profile {
    let mut profile = Profile::new(ProfileOptions::default()).expect("options");
    profile.fit(&tensor(&rows(&mut SplitMix64::new(1), 400))).expect("finite");
    profile
}

fn options(window: u64) -> GuardOptions {
    GuardOptions { window: Length::Observations(window), ..Default::default() }
}

/// Shutting down ends the worker of the whole process, so these run one after the other.
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Observes until it is refused; how many observations were accepted.
fn observe_until_refused(guard: &Guard, caller: u64, accepted: &AtomicU64) {
    let mut random = SplitMix64::new(caller);
    let batches: Vec<Vec<f64>> = (1..6).map(|n| rows(&mut random, 7 * n)).collect();
    for batch in batches.iter().cycle() {
        match guard.observe(&tensor(batch), caller, false) {
            Ok(_) => accepted.fetch_add((batch.len() / FEATURES) as u64, Ordering::SeqCst),
            Err(error) => return assert_eq!(error.code(), 300),
        };
    }
}

#[test]
fn four_who_observe_with_a_detector_and_one_who_closes() {
    let _alone = ALONE.lock();
    let profile = profile();
    let spec =
        Spec::new("knn", serde_json::Map::from_iter([("calibration".into(), "holdout".into())]));
    let detector: Arc<Fitted> =
        Arc::new(profile.fit_detector(&spec.expect("known")).expect("fits"));
    for round in 0..60 {
        let guard = Guard::with_detectors(&profile, options(50), std::slice::from_ref(&detector))
            .expect("options");
        let accepted = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for caller in 0..4 {
                let (guard, accepted) = (&guard, &accepted);
                scope.spawn(move || observe_until_refused(guard, caller, accepted));
            }
            while guard.counters().observed < 40 * (round % 5) {
                std::thread::yield_now();
            }
            guard.close().expect("worker");
            // On return, not some time later.
            let counters = guard.counters();
            assert_eq!(counters.tested, counters.observed, "round {round}");
        });
        assert_eq!(guard.counters().tested, accepted.load(Ordering::SeqCst), "round {round}");
    }
}

#[test]
fn whoever_flushes_while_another_shuts_down_is_answered() {
    let _alone = ALONE.lock();
    let profile = profile();
    for round in 0..40 {
        let guards: Vec<Guard> =
            (0..3).map(|_| Guard::new(&profile, options(50)).expect("options")).collect();
        std::thread::scope(|scope| {
            for (caller, guard) in guards.iter().enumerate() {
                scope
                    .spawn(move || observe_until_refused(guard, caller as u64, &AtomicU64::new(0)));
                scope.spawn(move || {
                    for _ in 0..20 {
                        let ticket = guard.start_flush(false).expect("worker");
                        let answered = guard.wait(ticket, Duration::from_secs(100));
                        assert_eq!(answered, Ok(true), "round {round}: a flush was not answered");
                    }
                });
            }
            scope.spawn(shutdown);
        });
        for guard in &guards {
            guard.close().expect("was shut down");
            let counters = guard.counters();
            assert_eq!(counters.tested, counters.observed, "round {round}");
        }
    }
    // A guard made afterwards has a worker.
    let guard = Guard::new(&profile, options(50)).expect("options");
    guard.observe(&tensor(&rows(&mut SplitMix64::new(2), 60)), 0, false).expect("open");
    guard.flush().expect("worker");
    assert_eq!(guard.counters().tested, 60);
}

#[test]
fn a_wake_up_may_ask_but_not_wait() {
    let _alone = ALONE.lock();
    let guard = Arc::new(Guard::new(&profile(), options(50)).expect("options"));
    let (tell, told) = std::sync::mpsc::channel();
    let asked = Arc::downgrade(&guard);
    let wake = move || {
        let Some(guard) = asked.upgrade() else { return };
        let codes = [guard.flush(), guard.close(), guard.on_wake(None)]
            .map(|done| done.map_err(|error| error.code()));
        let _ = tell.send((codes, guard.start_flush(true).is_ok()));
    };
    guard.on_wake(Some(Box::new(wake))).expect("not from the worker");
    let far: Vec<f64> = rows(&mut SplitMix64::new(3), 200).iter().map(|x| x + 9.0).collect();
    guard.observe(&tensor(&far), 0, false).expect("open");
    assert_eq!(told.recv_timeout(Duration::from_secs(100)), Ok(([Err(100); 3], true)));
    guard.close().expect("worker");
    assert_eq!(guard.counters().tested, 200);
}

#[test]
fn windows_have_a_longest_time() {
    let profile = profile();
    for (seconds, accepted) in [
        (0.1, true),
        (1e9, true),
        (1.1e9, false),
        (1e20, false),
        (f64::MAX, false),
        (f64::NAN, false),
    ] {
        let window = Length::Seconds(seconds);
        let guard =
            Guard::new(&profile, GuardOptions { window, slide: None, ..Default::default() });
        assert_eq!(
            guard.as_ref().map(|_| ()).map_err(|error| error.code()),
            if accepted { Ok(()) } else { Err(100) }
        );
        let slide = GuardOptions {
            window: Length::Seconds(10.0),
            slide: Some(window),
            ..Default::default()
        };
        assert_eq!(Guard::new(&profile, slide).is_ok(), seconds == 0.1, "{seconds}");
        if let Ok(guard) = guard {
            guard.observe(&tensor(&rows(&mut SplitMix64::new(4), 30)), 0, false).expect("open");
            guard.close().expect("worker");
            assert_eq!(guard.counters().tested, 30);
        }
    }
}

#[test]
fn a_journal_that_cannot_be_written_holds_up_no_end() {
    let _alone = ALONE.lock();
    let folder = std::env::temp_dir().join(format!("fluxguard-endings-{}", std::process::id()));
    let journal = folder.join("alerts.jsonl");
    for closed in [true, false] {
        std::fs::create_dir_all(&folder).expect("a folder");
        let options = GuardOptions { journal: Some(journal.clone()), repeat: true, ..options(50) };
        let guard = Guard::new(&profile(), options).expect("options");
        let mut random = SplitMix64::new(5);
        let mut drift = || {
            let moved: Vec<f64> = rows(&mut random, 500).iter().map(|x| x + 9.0).collect();
            guard.observe(&tensor(&moved), 1, false).expect("open");
            guard.flush().expect("open");
        };
        drift();
        let written = std::fs::read_to_string(&journal).expect("written").lines().count();
        assert!(written > 0);
        std::fs::remove_file(&journal).expect("it is there");
        std::fs::create_dir(&journal).expect("a folder in its place");
        drift();
        let alerts = guard.alerts(0).len();
        assert!(alerts > written);
        if closed {
            guard.close().expect("once");
        }
        // It ends, though alerts wait; what cannot be written was told.
        shutdown();
        assert!(
            guard.alerts(0).iter().any(|alert| alert.message.contains("are not in its journal"))
        );
        std::fs::remove_dir_all(&folder).expect("it is there");
    }
}
