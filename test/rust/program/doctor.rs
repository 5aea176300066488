//! `fluxguard doctor`: what it finds of Julia and of the library, in surroundings made for the
//! test.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use crate::support;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use support::{Folder, Run};

/// The folder of Cargo.toml.
fn checkout() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

impl Folder {
    /// A program that answers as Julia of this version does.
    fn julia(&self, name: &str, answer: &str) -> PathBuf {
        let path = self.write(name, format!("#!/bin/sh\necho \"{answer}\"\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Doctor, started in the checkout, with an environment that has a PATH and a target folder in
    /// this folder alone.
    fn doctor(&self, flags: &[&str]) -> Command {
        let mut command = self.program(&[&["doctor"], flags].concat());
        command
            .current_dir(checkout())
            .env_clear()
            .env("PATH", &self.0)
            .env("CARGO_TARGET_DIR", self.0.join("target"));
        command
    }

    fn library(&self, folder: &str, name: &str) -> PathBuf {
        std::fs::create_dir_all(self.0.join(folder)).unwrap();
        let name =
            format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        self.write(&format!("{folder}/{name}"), "")
    }
}

fn json(command: &mut Command) -> Value {
    let run = Run::of(command, "");
    assert_eq!(run.code, 0, "that something is missing is an answer");
    run.json()
}

fn problems(json: &Value) -> Vec<&str> {
    let all = json["problems"].as_array().unwrap();
    assert_eq!(json["ok"], all.is_empty());
    assert!(all.iter().all(|problem| !problem["fix"].as_str().unwrap().is_empty()));
    all.iter().map(|problem| problem["problem"].as_str().unwrap()).collect()
}

#[test]
fn all_is_well_where_julia_and_the_library_are() {
    let folder = Folder::new("doctor-well");
    let julia = folder.julia("julia", "julia version 1.10.2");
    let library = folder.library("target/release", "fluxguard");
    let json = json(&mut folder.doctor(&["--json"]));
    assert_eq!(problems(&json), [""; 0]);
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json["abi"], fluxguard::ffi::c::ABI_VERSION);
    assert_eq!(json["cpu"]["level"], format!("{:?}", fluxguard::simd::level()).to_lowercase());
    let expected = serde_json::json!({"path": julia, "source": "PATH", "version": "1.10.2", "faces": ["c", "jlrs"]});
    assert_eq!(json["julia"], expected);
    let libraries = &json["libraries"];
    assert_eq!(libraries[0], serde_json::json!({"face": "c", "path": library, "found": true}));
    assert_eq!((&libraries[1]["face"], &libraries[1]["found"]), (&"jlrs".into(), &false.into()));
    assert_eq!(json["checkout"], checkout().to_str().unwrap());
}

#[test]
fn the_places_are_those_of_the_julia_package() {
    // The places stand once in Rust and once in Julia; this holds the two together.
    let julia = include_str!("../../../julia/src/base/library.jl");
    for place in
        ["joinpath(target, \"release\", LIBRARY_FILE)", "joinpath(target, \"release\", JLRS_FILE)"]
    {
        assert!(julia.contains(place), "{place}: change src/program/doctor/library.rs, too");
    }
    let folder = Folder::new("doctor-jlrs");
    let library = folder.library("target/release", "fluxguard_jlrs");
    let json = json(&mut folder.doctor(&["--json"]));
    assert_eq!(
        json["libraries"][1],
        serde_json::json!({"face": "jlrs", "path": library, "found": true})
    );
    assert!(!problems(&json).iter().any(|problem| problem.contains("library")));
}

#[test]
fn what_is_missing_is_a_problem_with_a_mend() {
    let folder = Folder::new("doctor-missing");
    let json = json(folder.doctor(&["--json"]).env("FLUXGUARD_BINDING", "jni"));
    assert_eq!(problems(&json)[0], "the library is not built");
    assert!(problems(&json).contains(&"FLUXGUARD_BINDING is \"jni\""));
    // A checkout may have a Julia of its own in .cache/julia.
    assert!(json["julia"].is_null() == problems(&json).contains(&"there is no julia on the PATH"));
}

#[test]
fn the_environments_library_is_the_only_one_looked_for() {
    let folder = Folder::new("doctor-override");
    folder.library("target/release", "fluxguard");
    let other = folder.library("elsewhere", "fluxguard");
    let found = json(folder.doctor(&["--json"]).env("FLUXGUARD_LIBRARY", &other));
    assert_eq!(
        found["libraries"],
        serde_json::json!([{"face": "any", "path": other, "found": true}])
    );
    let lost = json(folder.doctor(&["--json"]).env("FLUXGUARD_LIBRARY", "no/where.so"));
    assert_eq!(problems(&lost)[0], "FLUXGUARD_LIBRARY is no/where.so, which is no file");
    let empty = json(folder.doctor(&["--json"]).env("FLUXGUARD_LIBRARY", ""));
    assert_eq!(
        empty["libraries"].as_array().unwrap().len(),
        2,
        "as in Julia, an empty variable is not set"
    );
}

#[test]
fn the_julia_that_is_named_goes_before_the_path() {
    let folder = Folder::new("doctor-named");
    folder.library("target/release", "fluxguard");
    folder.julia("julia", "julia version 1.11.0");
    let old = folder.julia("old", "julia version 1.5.3");
    let asked = |name: &str| json(folder.doctor(&["--json"]).env("JULIA", name));
    let by_path = asked(old.to_str().unwrap());
    assert_eq!(
        (&by_path["julia"]["version"], &by_path["julia"]["faces"]),
        (&"1.5.3".into(), &serde_json::json!(["c"]))
    );
    assert_eq!((&by_path["julia"]["source"], problems(&by_path)), (&"JULIA".into(), vec![]));
    assert_eq!(asked("old")["julia"], by_path["julia"], "a name is looked up on the PATH");
    let older = folder.julia("older", "julia version 1.0.5");
    assert!(
        problems(&asked("older"))[0].ends_with("older is Julia 1.0.5, too old for FluxGuard.jl"),
        "{older:?}"
    );
    let none = asked("nowhere/julia");
    assert_eq!((&none["julia"]["version"], problems(&none).len()), (&Value::Null, 1));
    folder.julia("other", "Python 3.12");
    assert!(problems(&asked("other"))[0].ends_with("other --version does not answer as a Julia"));
}

#[test]
fn the_table_says_the_same() {
    let folder = Folder::new("doctor-table");
    let julia = folder.julia("julia", "julia version 1.10.2");
    let run = Run::of(&mut folder.doctor(&[]), "");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let row = |what: &str| run.out.lines().find(|line| line.starts_with(what)).unwrap().to_owned();
    assert!(row("version").contains(env!("CARGO_PKG_VERSION")));
    assert!(row("julia").ends_with(&format!(
        "1.10.2 (faces c, jlrs (with JlrsCore)), {}, by PATH",
        julia.display()
    )));
    assert!(row("library c").contains("not built: "));
    assert!(row("the library is not built").contains("cargo build --release"));
    assert!(!run.out.contains('\x1b'));
}
