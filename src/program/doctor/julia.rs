//! Which Julia there is: found as `scripts/find-julia` finds it, except that nothing is fetched.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Problem, set_variable};

/// The first Julia that the jlrs face runs in, and the first that the C ABI is called from.
const JLRS: (u32, u32) = (1, 10);
const OLDEST: (u32, u32) = (1, 5);

/// How long `julia --version` may take: 0.2 s is usual, a launcher that looks for updates takes
/// longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A Julia on this machine.
#[derive(Debug, PartialEq, Serialize)]
pub struct Julia {
    path: PathBuf,
    /// Where it was found: `JULIA` (the environment variable), `PATH` or `cache` (the checkout's
    /// `.cache/julia`).
    source: &'static str,
    /// As it says itself; none where it does not answer as a Julia.
    version: Option<String>,
    /// The faces that can be used from it; jlrs with JlrsCore in its environment only.
    faces: Vec<&'static str>,
}

impl Julia {
    /// The Julia that this project's scripts would use.
    pub fn look(checkout: Option<&Path>, problems: &mut Vec<Problem>) -> Option<Julia> {
        if let Some(named) = set_variable("JULIA") {
            let julia = Julia::at(on_path(&named).unwrap_or(named.into()), "JULIA");
            problems.extend(julia.problem());
            return Some(julia);
        }
        let on_path = on_path("julia").map(|path| Julia::at(path, "PATH"));
        if on_path.as_ref().is_some_and(|julia| julia.faces.contains(&"jlrs")) {
            return on_path;
        }
        let cached = checkout
            .map(|root| root.join(".cache/julia/bin").join(program("julia")))
            .filter(|p| p.is_file());
        let cached =
            cached.map(|path| Julia::at(path, "cache")).filter(|julia| julia.version.is_some());
        let julia = cached.or(on_path);
        match &julia {
            Some(julia) => problems.extend(julia.problem()),
            None => problems.push(Problem::new(
                "there is no julia on the PATH",
                "install Julia 1.10 or later, or set JULIA to the path of one",
            )),
        }
        julia
    }

    fn at(path: PathBuf, source: &'static str) -> Julia {
        let version = ask_version(&path);
        let faces = match version.as_deref().and_then(major_minor) {
            Some(version) if version >= JLRS => vec!["c", "jlrs"],
            Some(version) if version >= OLDEST => vec!["c"],
            _ => Vec::new(),
        };
        Julia { path, source, version, faces }
    }

    fn problem(&self) -> Option<Problem> {
        let path = self.path.display();
        let fix = "install Julia 1.10 or later, or set JULIA to the path of one";
        match &self.version {
            None => Some(Problem::new(format!("{path} --version does not answer as a Julia"), fix)),
            Some(version) if self.faces.is_empty() => Some(Problem::new(
                format!("{path} is Julia {version}, too old for FluxGuard.jl"),
                fix,
            )),
            Some(_) => None,
        }
    }

    /// In one line.
    pub fn describe(&self) -> String {
        let version = self.version.as_deref().unwrap_or("of no known version");
        let faces = match self.faces[..] {
            [] => "unusable",
            ["c"] => "face c; jlrs needs 1.10",
            _ => "faces c, jlrs (with JlrsCore)",
        };
        format!("{version} ({faces}), {}, by {}", self.path.display(), self.source)
    }
}

fn program(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

/// The file that the shell would run for `name`.
fn on_path(name: &str) -> Option<PathBuf> {
    if Path::new(name).components().count() > 1 {
        return Some(name.into());
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .flat_map(|folder| [folder.join(name), folder.join(program(name))])
        .find(|p| p.is_file())
}

/// What `path --version` says after "julia version"; none where it says something else or takes too
/// long.
fn ask_version(path: &Path) -> Option<String> {
    let mut command = Command::new(path);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let start = Instant::now();
    while matches!(child.try_wait(), Ok(None)) {
        if start.elapsed() > PATIENCE {
            // It may have ended by itself just now.
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        sleep(Duration::from_millis(5));
    }
    let said = child.wait_with_output().ok()?.stdout;
    let said = String::from_utf8_lossy(&said);
    said.lines()
        .find_map(|line| line.strip_prefix("julia version "))
        .map(|version| version.trim().to_owned())
}

fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    Some((parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(major_minor("1.10.2"), Some((1, 10)));
        assert_eq!(major_minor("1.12.0-rc1"), Some((1, 12)));
        assert_eq!(major_minor("nightly"), None);
        assert!((1, 9) < JLRS && OLDEST < (1, 9));
    }
}
