#![allow(clippy::unwrap_used)]

use std::os::unix::fs::{MetadataExt, symlink};
use std::process::{Command, Stdio};

use super::*;
use crate::alert::{Evidence, Span};
use crate::testing::{SmallDisk, alert};

/// One whose line has some `bytes`.
fn long(id: u64, bytes: usize) -> Alert {
    Alert { message: "x".repeat(bytes), ..alert(id) }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn ids(path: &Path) -> (Vec<u64>, usize) {
    let (alerts, damaged) = read_journal(path).unwrap();
    (alerts.iter().map(|alert| alert.id).collect(), damaged)
}

fn tear(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn a_torn_line_costs_only_itself_whoever_tore_it_and_whoever_is_next() {
    let folder = folder();
    let path = folder.path().join("j");
    let mut a = Journal::open(&path).unwrap();
    let mut b = Journal::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    a.append(&alert(1)).unwrap();
    tear(&path, b"{\"id\":2,\"ti");
    b.append(&alert(3)).unwrap();
    a.append(&alert(4)).unwrap();
    tear(&path, b"{\"id\":5,");
    Journal::open(&path).unwrap().append(&alert(6)).unwrap();
    assert_eq!(ids(&path), (vec![1, 3, 4, 6], 2));
}

#[test]
fn numbers_that_json_does_not_have_are_read_as_nan() {
    let folder = folder();
    let path = folder.path().join("j");
    let nan = f64::NAN;
    let evidence = Evidence {
        name: String::new(),
        test: String::new(),
        statistic: nan,
        p_value: nan,
        effect: f64::INFINITY,
    };
    let none = Alert {
        statistic: nan,
        p_value: nan,
        adjusted_p_value: nan,
        effect: f64::NEG_INFINITY,
        threshold: nan,
        false_alarm_rate: nan,
        window: Span { seconds: nan, ..Span::default() },
        features: vec![evidence],
        ..alert(1)
    };
    Journal::open(&path).unwrap().append(&none).unwrap();
    let (alerts, damaged) = read_journal(&path).unwrap();
    assert_eq!((alerts.len(), damaged), (1, 0));
    let [back] = &alerts[..] else { panic!("one alert") };
    assert!(
        [back.statistic, back.effect, back.threshold, back.window.seconds, back.features[0].effect]
            .iter()
            .all(|x| x.is_nan())
    );
    assert_eq!(serde_json::to_string(back).unwrap(), serde_json::to_string(&none).unwrap());
}

#[test]
fn numbers_go_on_after_those_at_the_end() {
    let folder = folder();
    for (k, lines) in [
        vec![],
        vec![long(7, 0)],
        vec![long(3, 0), long(9, 10), long(8, 10)],
        vec![long(40, 1 << 20), long(41, 1 << 20)],
        (1..4000).map(|id| long(id, (id % 700) as usize)).collect(),
        vec![long(u64::MAX - 5, 70_000)],
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(k.to_string());
        let mut journal = Journal::open(&path).unwrap();
        lines.iter().for_each(|alert| journal.append(alert).unwrap());
        let most = lines.iter().rev().take(100).map(|alert| alert.id).max().unwrap_or(0);
        assert_eq!((journal.highest(), Journal::open(&path).unwrap().highest()), (most, most));
        tear(&path, format!("{{\"id\":{}", u64::MAX).as_bytes());
        assert_eq!(Journal::open(&path).unwrap().highest(), most, "a torn line gave out no number");
    }
    // What another wrote meanwhile counts.
    let path = folder.path().join("shared");
    let (mut a, mut b) = (Journal::open(&path).unwrap(), Journal::open(&path).unwrap());
    a.append(&alert(12)).unwrap();
    assert_eq!((a.highest(), b.highest()), (12, 12));
    // A line begins in one block of the file and goes on in the next, wherever that falls.
    for filling in 0..64 {
        let path = folder.path().join(format!("b{filling}"));
        let end = (1 << 16) - 40 + filling;
        fs::write(&path, format!("{{\"id\":1,\"x\":1}}\n{{\"id\":77,{}\n", "x".repeat(end)))
            .unwrap();
        assert_eq!(Journal::open(&path).unwrap().highest(), 77, "{filling}");
    }
}

#[test]
fn the_end_of_a_huge_journal_is_read_and_not_the_whole() {
    let folder = folder();
    let path = folder.path().join("j");
    // 3 GiB that take no room on the disk; read whole, they would take as much memory.
    File::create(&path).unwrap().set_len(3 << 30).unwrap();
    tear(&path, b"\n{\"id\":5,\"guard\":\"g\"}\n{\"id\":6,");
    let mut journal = Journal::open(&path).unwrap();
    assert_eq!(journal.highest(), 6);
    journal.append(&alert(7)).unwrap();
    assert_eq!(journal.highest(), 7);
    let mut file = File::open(&path).unwrap();
    assert!(!end::is_torn(&mut file, fs::metadata(&path).unwrap().len()).unwrap());
}

#[test]
fn a_full_disk_takes_nothing_and_recovers() {
    let Some(disk) = SmallDisk::mount("a_full_disk_takes_nothing_and_recovers") else { return };
    let (path, other) = (disk.path().join("j"), disk.path().join("filling"));
    let (mut a, mut b) = (Journal::open(&path).unwrap(), Journal::open(&path).unwrap());
    a.append(&alert(1)).unwrap();
    fs::write(&other, [0; 30_000]).unwrap();
    let before = fs::metadata(&path).unwrap().len();
    for _ in 0..3 {
        let error = a.append(&long(2, 100_000)).unwrap_err();
        assert!(error.code() == 400 && error.to_string().contains("No space"), "{error}");
        assert_eq!(fs::metadata(&path).unwrap().len(), before);
    }
    fs::remove_file(&other).unwrap();
    b.append(&alert(3)).unwrap();
    a.append(&long(2, 20_000)).unwrap();
    assert_eq!(ids(&path), (vec![1, 3, 2], 0));
}

#[test]
fn rotation_in_either_way() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let mut journal = Journal::open(&at("j")).unwrap();
    let mut other = Journal::open(&at("j")).unwrap();
    journal.append(&alert(1)).unwrap();
    fs::rename(at("j"), at("j.1")).unwrap();
    journal.append(&alert(2)).unwrap();
    other.append(&alert(3)).unwrap();
    assert_eq!((ids(&at("j.1")).0, ids(&at("j")).0), (vec![1], vec![2, 3]));
    fs::remove_file(at("j")).unwrap();
    journal.append(&alert(4)).unwrap();
    other.append(&alert(5)).unwrap();
    assert_eq!(ids(&at("j")).0, [4, 5]);
    // copytruncate
    fs::copy(at("j"), at("j.2")).unwrap();
    File::options().write(true).open(at("j")).unwrap().set_len(0).unwrap();
    journal.append(&alert(6)).unwrap();
    assert_eq!((ids(&at("j.2")), ids(&at("j"))), ((vec![4, 5], 0), (vec![6], 0)));
    // The folder goes, and comes back.
    fs::create_dir(at("f")).unwrap();
    let mut journal = Journal::open(&at("f/j")).unwrap();
    fs::rename(at("f"), at("g")).unwrap();
    assert_eq!(journal.append(&alert(1)).unwrap_err().code(), 400);
    fs::create_dir(at("f")).unwrap();
    journal.append(&alert(2)).unwrap();
    assert_eq!(ids(&at("f/j")).0, [2]);
}

#[test]
fn numbers_go_on_in_a_new_file_from_what_others_wrote_in_the_old_one() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let [mut a, mut b] = [0, 1].map(|_| Journal::open(&at("j")).unwrap());
    for rotated in ["j.1", "j.2", "j.3"] {
        for _ in 0..3 {
            a.append_next(&mut alert(0)).unwrap();
        }
        fs::rename(at("j"), at(rotated)).unwrap();
        for journal in [&mut b, &mut a] {
            journal.append_next(&mut alert(0)).unwrap();
        }
    }
    let all: Vec<u64> =
        ["j.1", "j.2", "j.3", "j"].iter().flat_map(|name| ids(&at(name)).0).collect();
    assert_eq!(all, (1..=15).collect::<Vec<_>>());
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let dangling = folder.path().join("dangling");
    symlink(folder.path().join("none/x"), &dangling).unwrap();
    for path in [
        Path::new("/dev/null"),
        Path::new("/dev/full"),
        &pipe,
        folder.path(),
        Path::new("/no/such/j"),
        Path::new(""),
        &dangling,
    ] {
        assert_eq!(Journal::open(path).unwrap_err().code(), 400, "{}", path.display());
    }
    // Also when it takes the place of a file that was open; and when that is back, it goes on.
    let path = folder.path().join("j");
    let mut journal = Journal::open(&path).unwrap();
    journal.append(&alert(1)).unwrap();
    fs::rename(&path, folder.path().join("j.1")).unwrap();
    fs::rename(&pipe, &path).unwrap();
    assert_eq!(journal.append(&alert(2)).unwrap_err().code(), 400);
    fs::remove_file(&path).unwrap();
    journal.append(&alert(2)).unwrap();
    assert_eq!(ids(&path).0, [2]);
}

/// What a process of the next test does: it is this test, started again.
#[test]
fn a_writer_among_others() {
    let Ok(path) = std::env::var("FLUXGUARD_TEST_JOURNAL") else { return };
    let mut journal = Journal::open(Path::new(&path)).unwrap();
    let own = u64::from(std::process::id()) << 32;
    let lines: u64 = std::env::var("FLUXGUARD_TEST_LINES").unwrap().parse().unwrap();
    (0..lines).for_each(|k| {
        // On a busy machine another may hold the lock for longer than is waited.
        while let Err(error) = journal.append(&long(own + k, (k * 37 % 9000) as usize)) {
            assert!(error.to_string().contains("lock"), "{error}");
        }
        println!("written {k}");
    });
}

/// As above, but each alert takes its number where it is written.
#[test]
fn a_numbering_writer_among_others() {
    let Ok(path) = std::env::var("FLUXGUARD_TEST_JOURNAL") else { return };
    let mut journal = Journal::open(Path::new(&path)).unwrap();
    let lines: u64 = std::env::var("FLUXGUARD_TEST_LINES").unwrap().parse().unwrap();
    (0..lines).for_each(|k| {
        let mut alert = long(journal.highest() + 1, (k * 37 % 9000) as usize);
        while let Err(error) = journal.append_next(&mut alert) {
            assert!(error.to_string().contains("lock"), "{error}");
        }
    });
}

/// A process that runs the test of this name.
fn start(test: &str, path: &Path, lines: u64) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args([&format!("alert::journal::tests::{test}"), "--exact", "--nocapture"])
        .env("FLUXGUARD_TEST_JOURNAL", path)
        .env("FLUXGUARD_TEST_LINES", lines.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn processes_give_no_number_twice_and_leave_none_out() {
    let folder = folder();
    let path = folder.path().join("j");
    let mut writers: Vec<_> =
        (0..4).map(|_| start("a_numbering_writer_among_others", &path, 60)).collect();
    for writer in &mut writers {
        io::copy(&mut writer.stdout.take().unwrap(), &mut io::sink()).unwrap();
        assert!(writer.wait().unwrap().success());
    }
    assert_eq!(ids(&path), ((1..=240).collect(), 0));
}

#[test]
fn six_processes_and_kill_9() {
    use std::io::{BufRead, BufReader};
    let folder = folder();
    let path = folder.path().join("j");
    let start = |lines: u64| start("a_writer_among_others", &path, lines);
    let mut writers: Vec<_> = (0..4).map(|_| start(60)).collect();
    let mut killed = Vec::new();
    for _ in 0..2 {
        let mut child = start(u64::MAX);
        let lines =
            BufReader::new(child.stdout.take().unwrap()).lines().map_while(|line| line.ok());
        let mut reported = lines
            .filter_map(|line| line.strip_prefix("written ").and_then(|k| k.parse::<u64>().ok()));
        let mut acknowledged = reported.by_ref().find(|k| *k >= 20).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = reported.last().unwrap_or(acknowledged);
        killed.push((u64::from(child.id()), acknowledged));
    }
    for writer in &mut writers {
        // Read to the end, so that it never waits for room.
        io::copy(&mut writer.stdout.take().unwrap(), &mut io::sink()).unwrap();
        assert!(writer.wait().unwrap().success());
    }
    let (ids, damaged) = ids(&path);
    assert!(damaged <= killed.len(), "a line for each that was killed, at most");
    let of = |process: u64| -> Vec<u64> {
        ids.iter().filter(|id| **id >> 32 == process).map(|id| id & 0xFFFF_FFFF).collect()
    };
    for writer in &writers {
        assert_eq!(of(u64::from(writer.id())), (0..60).collect::<Vec<_>>());
    }
    for (process, acknowledged) in killed {
        let found = of(process);
        assert!(
            found.len() as u64 > acknowledged
                && found == (0..found.len() as u64).collect::<Vec<_>>()
        );
    }
}
