#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use super::*;
use crate::alert::read_journal;
use crate::testing::{SmallDisk, alert};

fn of(path: &Path) -> Published {
    Published::new(&GuardOptions { journal: Some(path.to_path_buf()), ..GuardOptions::default() })
        .unwrap()
}

fn long(bytes: usize) -> Vec<Alert> {
    vec![Alert { message: "x".repeat(bytes), ..alert(0) }]
}

/// What is in the journal, in its order, is what is in memory, and nothing is damaged.
fn expect_all(published: &Published, path: &Path) {
    let (alerts, damaged) = read_journal(path).unwrap();
    let ids = |alerts: &[Alert]| alerts.iter().map(|alert| alert.id).collect::<Vec<_>>();
    assert_eq!((ids(&alerts), damaged), (ids(&published.alerts(0)), 0));
}

fn kinds(published: &Published) -> Vec<(Kind, Severity)> {
    published.alerts(0).iter().map(|alert| (alert.kind, alert.severity)).collect()
}

const DRIFT: (Kind, Severity) = (Kind::Drift, Severity::Warning);
const FAILS: (Kind, Severity) = (Kind::Journal, Severity::Warning);
const WORKS: (Kind, Severity) = (Kind::Journal, Severity::Info);

#[test]
fn a_full_disk_is_told_once_and_what_waited_is_written_in_order() {
    let Some(disk) =
        SmallDisk::mount("a_full_disk_is_told_once_and_what_waited_is_written_in_order")
    else {
        return;
    };
    let (path, filling) = (disk.path().join("j"), disk.path().join("filling"));
    let mut published = of(&path);
    assert_eq!(published.publish(long(10), None), 1);
    fs::write(&filling, [0; 40_000]).unwrap();
    assert_eq!(published.publish(long(30_000), None), 2);
    assert_eq!((published.publish(long(10), None), published.catch_up(true)), (1, 0));
    assert_eq!(kinds(&published), [DRIFT, DRIFT, FAILS, DRIFT]);
    assert!(published.alerts(2)[0].message.contains("No space") && published.waits());
    assert_eq!(read_journal(&path).unwrap().0.len(), 1);
    fs::remove_file(&filling).unwrap();
    assert_eq!(
        (published.catch_up(true), published.catch_up(true), published.waits()),
        (1, 0, false)
    );
    assert_eq!(kinds(&published), [DRIFT, DRIFT, FAILS, DRIFT, WORKS]);
    assert_eq!(published.publish(long(10), None), 1);
    expect_all(&published, &path);
    // Another time is reported again.
    fs::write(&filling, [0; 25_000]).unwrap();
    assert_eq!(published.publish(long(30_000), None), 2);
    assert_eq!((published.conclude(), published.conclude()), (1, 0));
    let last = published.alerts(0).pop().unwrap();
    assert!(
        last.severity == Severity::Critical && last.message.contains("2 of its alerts are not"),
        "{}",
        last.message
    );
}

#[test]
fn a_path_that_comes_back_has_all() {
    let folder = tempfile::tempdir().unwrap();
    let (there, away) = (folder.path().join("there"), folder.path().join("away"));
    fs::create_dir(&there).unwrap();
    let path = there.join("j");
    let mut published = of(&path);
    published.publish(vec![alert(0)], None);
    fs::rename(&there, &away).unwrap();
    assert_eq!(published.publish(vec![alert(0), alert(0)], None), 3);
    fs::rename(&away, &there).unwrap();
    assert_eq!(published.publish(vec![alert(0)], None) + published.catch_up(true), 2);
    expect_all(&published, &path);
    assert_eq!(published.alerts(0).len(), 6);
}

#[test]
fn numbers_rise_over_restarts_and_guards_that_share_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    let mut last = 0;
    for _ in 0..3 {
        let (mut a, mut b) = (of(&path), of(&path));
        for published in [0, 1, 1, 1, 0] {
            if published == 0 { &mut a } else { &mut b }.publish(vec![alert(0)], None);
        }
        let mut ids: Vec<u64> =
            [a, b].iter().flat_map(|published| published.alerts(0)).map(|alert| alert.id).collect();
        ids.sort_unstable();
        assert_eq!(ids, (last + 1..=last + 5).collect::<Vec<_>>());
        last += 5;
    }
    assert_eq!(read_journal(&path).unwrap().0.len(), 15);
    // Without a journal each guard counts from 1.
    let mut alone = Published::new(&GuardOptions::default()).unwrap();
    alone.publish(vec![alert(0), alert(0)], None);
    assert_eq!(alone.alerts(1)[0].id, 2);
}

/// The numbers in memory of guards that share a journal, together, are those in the file: from 1,
/// each once.
fn expect_shared(guards: &[Published], path: &Path) {
    let mut ids: Vec<u64> =
        guards.iter().flat_map(|guard| guard.alerts(0)).map(|alert| alert.id).collect();
    ids.sort_unstable();
    let (alerts, damaged) = read_journal(path).unwrap();
    assert_eq!(
        (alerts.iter().map(|alert| alert.id).collect::<Vec<_>>(), damaged),
        (ids.clone(), 0)
    );
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
}

#[test]
fn guards_that_write_at_once_give_no_number_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    let guards = std::thread::scope(|scope| {
        let one = || {
            let mut guard = of(&path);
            (0..40).for_each(|k| {
                guard.publish(long(k * 100), None);
            });
            // On a busy machine another may hold the lock for longer than is waited.
            while guard.waits() {
                guard.catch_up(true);
            }
            guard
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    expect_shared(&guards, &path);
}

#[test]
fn alerts_that_waited_take_the_numbers_that_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let (there, away) = (folder.path().join("there"), folder.path().join("away"));
    fs::create_dir(&there).unwrap();
    let path = there.join("j");
    let mut guards = [of(&path), of(&path), of(&path)];
    guards.iter_mut().for_each(|guard| {
        guard.publish(vec![alert(0)], None);
    });
    fs::rename(&there, &away).unwrap();
    guards.iter_mut().for_each(|guard| {
        guard.publish(vec![alert(0), alert(0)], None);
    });
    fs::rename(&away, &there).unwrap();
    guards.iter_mut().rev().for_each(|guard| {
        guard.catch_up(true);
    });
    guards[1].publish(vec![alert(0)], None);
    expect_shared(&guards, &path);
    guards
        .iter()
        .for_each(|guard| assert!(guard.alerts(0).windows(2).all(|pair| pair[0].id < pair[1].id)));
}

#[test]
fn what_is_too_much_to_keep_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (there, away) = (folder.path().join("there"), folder.path().join("away"));
    fs::create_dir(&there).unwrap();
    let path = there.join("j");
    let mut published = of(&path);
    fs::rename(&there, &away).unwrap();
    published.publish(vec![alert(0); ALERTS + 9], None);
    fs::rename(&away, &there).unwrap();
    // But for the last, whose syncs would take long.
    published.written = published.last_id - 5;
    published.catch_up(true);
    let last = published.alerts(0).pop().unwrap();
    assert!(
        last.severity == Severity::Critical && last.message.contains("but for 10,"),
        "{}",
        last.message
    );
    assert_eq!(read_journal(&path).unwrap().0.len(), 6);
}

/// A guard of two features that drift, with evil names.
fn drifting(options: GuardOptions, batches: u64, between: impl Fn(u64)) -> crate::Guard {
    use crate::profile::{OutputKind, Profile, ProfileOptions};
    use crate::tensor::{Elements, Tensor};
    use crate::testing::Random;
    use crate::{FalseAlarms, Guard, Length, Per};
    let names = Some(vec!["a\nb".to_owned(), "\u{1b}[2Jc".to_owned()]);
    let mut profile =
        Profile::new(ProfileOptions { output: OutputKind::Values, names, ..Default::default() })
            .unwrap();
    let mut random = Random(1);
    let rows = random.normals(2000);
    profile.fit(&Tensor::new(Elements::F64(&rows), 1000).unwrap()).unwrap();
    let options = GuardOptions {
        window: Length::Observations(100),
        false_alarms: FalseAlarms { rate: 0.01, per: Per::Window },
        repeat: true,
        ..options
    };
    let guard = Guard::new(&profile, options).unwrap();
    for batch in 0..batches {
        between(batch);
        let rows: Vec<f64> = random.normals(200).iter().map(|x| x + 3.0).collect();
        guard.observe(&Tensor::new(Elements::F64(&rows), 100).unwrap(), 0, false).unwrap();
        guard.flush().unwrap();
    }
    guard
}

#[test]
fn a_guard_goes_on_without_its_journal_and_has_all_in_it_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (there, away) = (folder.path().join("there"), folder.path().join("away"));
    fs::create_dir(&there).unwrap();
    let path = there.join("j");
    let options = || GuardOptions { journal: Some(path.clone()), ..Default::default() };
    let guard = drifting(options(), 6, |batch| match batch {
        1 => fs::rename(&there, &away).unwrap(),
        4 => fs::rename(&away, &there).unwrap(),
        _ => {}
    });
    let about_journal =
        || guard.alerts(0).iter().filter(|alert| alert.kind == Kind::Journal).count();
    assert_eq!(about_journal(), 2);
    guard.close().unwrap();
    let (alerts, damaged) = read_journal(&path).unwrap();
    let ids = |alerts: &[Alert]| alerts.iter().map(|alert| alert.id).collect::<Vec<_>>();
    assert_eq!((ids(&alerts), damaged), (ids(&guard.alerts(0)), 0));
    assert_eq!((guard.counters().observed, guard.counters().tested), (600, 600));
    assert_eq!(guard.counters().alerts, alerts.len() as u64);
    // One that ends without it says so, and closes.
    let guard = drifting(options(), 2, |batch| {
        if batch == 1 {
            fs::rename(&there, &away).unwrap()
        }
    });
    guard.close().unwrap();
    guard.close().unwrap();
    let last: Vec<_> =
        guard.alerts(0).into_iter().filter(|alert| alert.kind == Kind::Journal).collect();
    assert!(
        last.len() == 2
            && last[1].severity == Severity::Critical
            && last[1].message.contains("not in its journal")
    );
}

#[test]
fn names_steer_no_terminal_and_fake_no_line() {
    let guard = drifting(GuardOptions::default(), 1, |_| {});
    let alerts = guard.alerts(0);
    assert!(alerts.iter().any(|alert| alert.features.iter().any(|column| column.name == "a\nb")));
    assert!(
        alerts
            .iter()
            .any(|alert| alert.message.contains("a\\nb") || alert.message.contains("\\u{1b}[2Jc"))
    );
    assert!(!alerts.iter().any(|alert| alert.message.chars().any(char::is_control)));
}

#[test]
fn an_output_that_nobody_could_watch_is_an_alert_on_a_closed_guard_too() {
    let guard = drifting(GuardOptions::default(), 0, |_| {});
    let woken = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = woken.clone();
    guard
        .on_wake(Some(Box::new(move || {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        })))
        .unwrap();
    guard.unwatched("no array\nof floats").unwrap();
    guard.close().unwrap();
    guard.unwatched("it is closed").unwrap();
    let alerts = guard.alerts(0);
    let reported: Vec<_> = alerts.iter().map(|a| (a.id, a.kind, a.message.as_str())).collect();
    assert_eq!(
        reported,
        [(1, Kind::Unwatched, "no array\\nof floats"), (2, Kind::Unwatched, "it is closed")]
    );
    assert_eq!((guard.counters().alerts, woken.load(std::sync::atomic::Ordering::SeqCst)), (2, 2));
}
