//! The program `fluxguard`: its commands, and what all of them share: a table for people, `--json`
//! for programs, exit codes.
//!
//! A new command is a file beside `compare.rs` (its arguments and `run`), a line in `mod` and one
//! in [`Command`].

#![forbid(unsafe_code)]

mod adjust;
mod classes;
mod compare;
mod compare_detectors;
mod completions;
mod detect;
mod doctor;
mod failure;
mod finite;
mod hints;
mod inverted;
mod late_labels;
mod man;
mod notes;
mod outcome;
mod performance;
mod privacy;
mod roles;
mod sample;
mod sketch;
mod stream;
mod text_table;
mod threshold;
mod times;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, error};

use failure::Failure;
use notes::Notes;
use outcome::Outcome;

/// The safety layer of a Flux.jl model: drift, anomalies and differential privacy.
#[derive(Debug, Parser)]
#[command(name = "fluxguard", version, after_help = outcome::EXIT_CODES)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compare(compare::Compare),
    Adjust(adjust::Adjust),
    Detect(detect::Detect),
    CompareDetectors(compare_detectors::CompareDetectors),
    Threshold(Box<threshold::Threshold>),
    Doctor(doctor::Doctor),
    Stream(Box<stream::Stream>),
    Performance(Box<performance::Performance>),
    LateLabels(Box<late_labels::Late>),
    Sketch(sketch::Sketch),
    Epsilon(privacy::Epsilon),
    NoiseMultiplier(privacy::NoiseMultiplier),
    Man(man::Manual),
    Completions(completions::Completions),
}

impl Command {
    fn run(&self) -> Result<Answer, Failure> {
        match self {
            Command::Compare(compare) => compare.run(),
            Command::Adjust(adjust) => adjust.run(),
            Command::Detect(detect) => detect.run(),
            Command::CompareDetectors(compare) => compare.run(),
            Command::Threshold(threshold) => threshold.run(),
            Command::Doctor(doctor) => doctor.run(),
            Command::Stream(stream) => stream.run(),
            Command::Performance(performance) => performance.run(),
            Command::LateLabels(late) => late.run(),
            Command::Sketch(sketch) => sketch.run(),
            Command::Epsilon(epsilon) => epsilon.run(),
            Command::NoiseMultiplier(multiplier) => multiplier.run(),
            Command::Man(manual) => manual.run(),
            Command::Completions(completions) => completions.run(),
        }
    }
}

/// What a command has to say.
struct Answer {
    /// For standard output.
    text: String,
    outcome: Outcome,
}

impl Answer {
    /// As JSON, or as `table` has it.
    fn new(
        json: bool,
        value: &impl serde::Serialize,
        table: impl FnOnce() -> String,
        outcome: Outcome,
    ) -> Self {
        Answer::with(json, value, table, outcome, &Notes::default())
    }

    /// The same with warnings and hints.
    fn with(
        json: bool,
        value: &impl serde::Serialize,
        table: impl FnOnce() -> String,
        outcome: Outcome,
        notes: &Notes,
    ) -> Self {
        let as_json = || {
            serde_json::to_string_pretty(&notes.beside(value))
                .map(|text| text + "\n")
                .unwrap_or_default()
        };
        Answer { text: if json { as_json() } else { notes.around(&table()) }, outcome }
    }
}

fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Runs the command that `arguments` name, the program's own name first.
fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = match Program::try_parse_from(arguments) {
        Ok(program) => program.command,
        Err(refusal) => return refuse(&refusal),
    };
    match command.run().and_then(|answer| print(&answer)) {
        Ok(outcome) => outcome.exit_code(),
        Err(failure) => {
            // Nobody is left to tell where standard error cannot be written.
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            outcome::BAD_INPUT.into()
        }
    }
}

/// Help, the version, or what is wrong with the arguments; an unknown command also gets the list of
/// those there are.
fn refuse(refusal: &clap::Error) -> ExitCode {
    // Nobody is left to be told where this fails.
    let _ = refusal.print();
    if refusal.kind() == error::ErrorKind::InvalidSubcommand {
        let mut list = String::from("\nCommands:\n");
        for command in Program::command().get_subcommands() {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(list, "  {:<16} {about}", command.get_name());
        }
        let _ = write!(std::io::stderr(), "{list}");
    }
    if refusal.use_stderr() { outcome::BAD_INPUT.into() } else { ExitCode::SUCCESS }
}

/// A reader that has gone away (`| head`) has read all that it wanted.
fn print(answer: &Answer) -> Result<Outcome, Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(answer.text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Failure::Output(e)),
        _ => Ok(answer.outcome),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_all_commands_are_consistent() {
        Program::command().debug_assert();
    }
}
