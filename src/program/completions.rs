//! `fluxguard completions`: what a shell completes after `fluxguard`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::outcome::Outcome;
use super::{Answer, Failure, Program};

/// A script with which a shell completes commands, flags and their values
///
/// Bash: source it in ~/.bashrc. Zsh: write it to _fluxguard in a folder of fpath. Fish: to
/// ~/.config/fish/completions/fluxguard.fish. PowerShell and Elvish: run it in the profile.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub fn run(&self) -> Result<Answer, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Program::command(), "fluxguard", &mut script);
        let text = String::from_utf8_lossy(&script).into();
        Ok(Answer { text, outcome: Outcome::Done })
    }
}
