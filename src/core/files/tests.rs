#![allow(clippy::unwrap_used)]

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::testing::SmallDisk;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn save(path: &Path, content: &[u8]) -> Result<()> {
    let (a, b) = content.split_at(content.len() / 2);
    replace("path", path, &[a, b, b""])
}

#[test]
fn a_new_file_is_private_and_an_old_one_keeps_its_mode() {
    let folder = folder();
    let path = folder.path().join("x.fg");
    save(&path, b"one").unwrap();
    assert_eq!(mode(&path), 0o600);
    for kept in [0o600, 0o400, 0o640, 0o644, 0o664, 0o000] {
        fs::set_permissions(&path, fs::Permissions::from_mode(kept)).unwrap();
        save(&path, b"two").unwrap();
        assert_eq!(mode(&path), kept);
    }
    // A set-uid bit is not for data.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o4700)).unwrap();
    save(&path, b"two").unwrap();
    assert_eq!(mode(&path), 0o700);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(names(folder.path()), ["x.fg"]);
}

#[test]
fn who_holds_the_old_file_keeps_it() {
    use std::io::Read;
    let folder = folder();
    let path = folder.path().join("x.fg");
    save(&path, b"old").unwrap();
    let mut held = File::open(&path).unwrap();
    save(&path, b"new").unwrap();
    let mut content = Vec::new();
    held.read_to_end(&mut content).unwrap();
    assert_eq!(
        (content.as_slice(), fs::read(&path).unwrap().as_slice()),
        (&b"old"[..], &b"new"[..])
    );
}

#[test]
fn what_is_no_file_is_refused_and_stays() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    save(&at("target"), b"target").unwrap();
    symlink(at("target"), at("link")).unwrap();
    symlink(at("nothing"), at("dangling")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    let before = names(folder.path());
    let refused: [(PathBuf, &str); 8] = [
        (at("link"), "symbolic link"),
        (at("dangling"), "symbolic link"),
        (at("folder"), "folder"),
        (at("pipe"), "pipe"),
        (at("socket"), "pipe"),
        ("/dev/null".into(), "device"),
        (at("no/such/x"), "No such file"),
        ("/".into(), "no file"),
    ];
    for (path, reason) in refused {
        let error = save(&path, b"x").unwrap_err();
        assert!(error.code() == 400 && error.to_string().contains(reason), "{error}");
    }
    assert_eq!(save(Path::new(""), b"x").unwrap_err().code(), 400);
    assert_eq!(save(&at("nul\0"), b"x").unwrap_err().code(), 400);
    drop(socket);
    assert_eq!(
        (names(folder.path()), fs::read(at("target")).unwrap().as_slice()),
        (before, &b"target"[..])
    );
    // A folder on the way may be a link.
    symlink(at("folder"), at("way")).unwrap();
    save(&at("way/x"), b"x").unwrap();
    assert_eq!(fs::read(at("folder/x")).unwrap(), b"x");
}

#[test]
fn links_planted_in_the_folder_are_not_written_through() {
    let folder = folder();
    let at = |name: String| folder.path().join(name);
    fs::write(at("victim".into()), b"victim").unwrap();
    for name in [".new", ".part", "~", ".tmp"] {
        symlink(at("victim".into()), at(format!("x.fg.{}{name}", std::process::id()))).unwrap();
    }
    save(&at("x.fg".into()), b"x").unwrap();
    assert_eq!(fs::read(at("victim".into())).unwrap(), b"victim");
    assert!(fs::symlink_metadata(at("x.fg".into())).unwrap().is_file());
}

#[test]
fn savers_of_one_path_never_tear_it() {
    let folder = folder();
    let path = folder.path().join("x.fg");
    let content = |saver: usize| vec![b'a' + saver as u8; 20_000 + 7_000 * saver];
    save(&path, &content(0)).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (path, done) = (&path, &done);
        let savers: Vec<_> = (0..4)
            .map(|k| scope.spawn(move || (0..100).for_each(|_| save(path, &content(k)).unwrap())))
            .collect();
        for _ in 0..2 {
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let found = fs::read(path).unwrap();
                    assert!((0..4).any(|k| found == content(k)), "{} bytes", found.len());
                }
            });
        }
        savers.into_iter().for_each(|saver| saver.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(names(folder.path()), ["x.fg"]);
}

#[test]
fn a_full_disk_leaves_the_old_file_and_nothing_else() {
    let Some(disk) = SmallDisk::mount("a_full_disk_leaves_the_old_file_and_nothing_else") else {
        return;
    };
    let path = disk.path().join("x.fg");
    save(&path, &[7; 20_000]).unwrap();
    let error = save(&path, &[8; 200_000]).unwrap_err();
    assert!(error.code() == 400 && error.to_string().contains("No space"), "{error}");
    assert_eq!(
        (names(disk.path()), fs::read(&path).unwrap()),
        (vec!["x.fg".to_owned()], vec![7; 20_000])
    );
}
