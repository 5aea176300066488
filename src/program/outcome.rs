//! The exit codes.

use std::process::ExitCode;

use clap::ValueEnum;

/// For the end of `--help`.
pub const EXIT_CODES: &str =
    "Exit codes: 0 done; 1 done, and what --fail-on names was found; 2 bad arguments or input";

/// The exit code of a command that could not be done.
pub const BAD_INPUT: u8 = 2;

/// What makes a command that was done exit with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Drift, or anomalies, that were found
    Drift,
}

/// How a command that was done ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Done, and what the caller wants to fail on was found.
    Found,
}

impl Outcome {
    /// `found` counts where the caller wants to fail on it.
    pub fn new(found: bool, fail_on: Option<FailOn>) -> Self {
        match fail_on {
            Some(FailOn::Drift) if found => Outcome::Found,
            _ => Outcome::Done,
        }
    }

    /// The process's exit code.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Outcome::Done => ExitCode::SUCCESS,
            Outcome::Found => ExitCode::from(1),
        }
    }
}
