//! The program `fluxguard`. Its commands are in `program/`, a file each.
#![forbid(unsafe_code)]

mod program;

fn main() -> std::process::ExitCode {
    program::run(std::env::args_os())
}
