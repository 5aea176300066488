//! Whether the library lies where FluxGuard.jl looks for it: the same places in the same order as
//! `julia/src/base/library.jl`, except for the Preference `library`, which only Julia reads.

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Problem, set_variable};

/// A place where FluxGuard.jl looks.
#[derive(Debug, PartialEq, Serialize)]
pub struct Library {
    /// `c` or `jlrs`; a library with the jlrs face has the C face, too. `any` where
    /// FLUXGUARD_LIBRARY names it.
    pub face: &'static str,
    path: PathBuf,
    found: bool,
}

impl Library {
    fn at(face: &'static str, path: PathBuf) -> Self {
        Library { face, found: path.is_file(), path }
    }

    /// In one line.
    pub fn describe(&self) -> String {
        format!("{}{}", if self.found { "" } else { "not built: " }, self.path.display())
    }
}

/// The places.
#[derive(Debug, Serialize)]
pub struct Libraries {
    /// The checkout around this program, or around the folder that it was started in.
    pub checkout: Option<PathBuf>,
    /// Where FluxGuard.jl looks.
    pub libraries: Vec<Library>,
}

impl Libraries {
    /// Looks.
    pub fn look(problems: &mut Vec<Problem>) -> Self {
        let checkout = checkout();
        if let Some(path) = set_variable("FLUXGUARD_LIBRARY") {
            let library = Library::at("any", PathBuf::from(path));
            if !library.found {
                let problem =
                    format!("FLUXGUARD_LIBRARY is {}, which is no file", library.path.display());
                problems.push(Problem::new(
                    problem,
                    format!("set it to the path of {}, or unset it", file_name("fluxguard")),
                ));
            }
            return Libraries { checkout, libraries: vec![library] };
        }
        let Some(root) = &checkout else {
            let fix =
                "start doctor in a checkout of FluxGuard, or name the library in FLUXGUARD_LIBRARY";
            problems
                .push(Problem::new("there is no checkout here to look for the library in", fix));
            return Libraries { checkout, libraries: Vec::new() };
        };
        let target =
            set_variable("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let libraries = vec![
            Library::at("c", target.join("release").join(file_name("fluxguard"))),
            Library::at("jlrs", target.join("release").join(file_name("fluxguard_jlrs"))),
        ];
        if !libraries.iter().any(|library| library.found) {
            let fix = format!("run cargo build --release in {}", root.display());
            problems.push(Problem::new("the library is not built", fix));
        }
        Libraries { checkout, libraries }
    }
}

fn file_name(library: &str) -> String {
    format!("{DLL_PREFIX}{library}{DLL_SUFFIX}")
}

fn checkout() -> Option<PathBuf> {
    let is_checkout = |folder: &&Path| {
        folder.join("Cargo.toml").is_file() && folder.join("julia/Project.toml").is_file()
    };
    [env::current_exe(), env::current_dir()]
        .into_iter()
        .flatten()
        .find_map(|start| start.ancestors().find(is_checkout).map(Path::to_path_buf))
}
