//! `fluxguard doctor`: what this build is, and whether Julia and FluxGuard.jl will find each other.

mod julia;
mod library;

use clap::Args;
use serde::Serialize;

use super::outcome::Outcome;
use super::text_table::{Align, render};
use super::{Answer, Failure};
use fluxguard::simd;
use julia::Julia;
use library::Libraries;

/// What this build is, what the machine offers, and where Julia and the library are
#[derive(Debug, Args)]
pub struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// All that was found.
#[derive(Debug, Serialize)]
struct Diagnosis {
    /// Whether there are no problems.
    ok: bool,
    version: &'static str,
    /// Of the border between the library and its callers.
    abi: i32,
    build: Build,
    cpu: Cpu,
    julia: Option<Julia>,
    /// The face that `FLUXGUARD_BINDING` demands.
    binding: Option<String>,
    #[serde(flatten)]
    libraries: Libraries,
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
struct Build {
    target: String,
    profile: &'static str,
}

#[derive(Debug, Serialize)]
struct Cpu {
    /// The instructions that the vector kernels use.
    level: &'static str,
    /// That can run at once.
    threads: Option<usize>,
}

/// What keeps FluxGuard from working, and what to do about it.
#[derive(Debug, PartialEq, Serialize)]
struct Problem {
    problem: String,
    fix: String,
}

impl Problem {
    fn new(problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Problem { problem: problem.into(), fix: fix.into() }
    }
}

impl Doctor {
    /// Looks around. That something is missing is an answer and no failure.
    pub fn run(&self) -> Result<Answer, Failure> {
        let diagnosis = Diagnosis::new();
        Ok(Answer::new(self.json, &diagnosis, || diagnosis.table(), Outcome::Done))
    }
}

impl Diagnosis {
    fn new() -> Self {
        let mut problems = Vec::new();
        let libraries = Libraries::look(&mut problems);
        let julia = Julia::look(libraries.checkout.as_deref(), &mut problems);
        let binding = set_variable("FLUXGUARD_BINDING");
        if let Some(other) = binding.as_deref().filter(|face| !["c", "jlrs"].contains(face)) {
            problems.push(Problem::new(
                format!("FLUXGUARD_BINDING is {other:?}"),
                "set it to c or jlrs, or unset it",
            ));
        }
        Diagnosis {
            ok: problems.is_empty(),
            version: env!("CARGO_PKG_VERSION"),
            abi: fluxguard::ffi::c::ABI_VERSION,
            build: Build {
                target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
                profile: if cfg!(debug_assertions) { "debug" } else { "release" },
            },
            cpu: Cpu {
                level: level(),
                threads: std::thread::available_parallelism().ok().map(Into::into),
            },
            julia,
            binding,
            libraries,
            problems,
        }
    }

    fn table(&self) -> String {
        let mut rows = Vec::new();
        let mut row = |what: &str, found: String| rows.push(vec![what.to_owned(), found]);
        row("version", format!("{} (abi {})", self.version, self.abi));
        row("build", format!("{}, {}", self.build.target, self.build.profile));
        let threads = self.cpu.threads.map_or(String::new(), |k| format!(", {k} threads"));
        row("cpu", format!("{}{threads}", self.cpu.level));
        row("julia", self.julia.as_ref().map_or("not found".into(), Julia::describe));
        row("binding", self.binding.clone().unwrap_or("chosen by FluxGuard.jl".into()));
        row(
            "checkout",
            self.libraries
                .checkout
                .as_ref()
                .map_or("not found".into(), |p| p.display().to_string()),
        );
        for library in &self.libraries.libraries {
            row(&format!("library {}", library.face), library.describe());
        }
        let mut text = render(&[("what", Align::Left), ("found", Align::Left)], &rows);
        if !self.problems.is_empty() {
            let rows: Vec<_> =
                self.problems.iter().map(|p| vec![p.problem.clone(), p.fix.clone()]).collect();
            text += "\n";
            text += &render(&[("problem", Align::Left), ("what to do", Align::Left)], &rows);
        }
        text
    }
}

fn level() -> &'static str {
    match simd::level() {
        simd::Level::Avx512 => "avx512",
        simd::Level::Avx2 => "avx2",
        simd::Level::Baseline => "baseline",
    }
}

/// An environment variable; an empty one is not set, as in FluxGuard.jl.
fn set_variable(name: &str) -> Option<String> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(|value| value.to_string_lossy().into_owned())
}
