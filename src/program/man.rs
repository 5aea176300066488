//! `fluxguard man`: the manual pages, of what `--help` says.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use super::outcome::Outcome;
use super::{Answer, Failure, Program};
use fluxguard::Error;

/// The manual: the program's page for standard output, or a page for each command in a folder
///
/// In a folder man1 of a folder on MANPATH, `man fluxguard` and `man fluxguard-compare` find them.
#[derive(Debug, Args)]
pub struct Manual {
    /// Folder to write the pages to: fluxguard.1, fluxguard-compare.1 and so on. It is made where
    /// it is not there, and pages of these names in it are replaced
    folder: Option<PathBuf>,
}

impl Manual {
    /// Prints a page, or writes all and says which.
    pub fn run(&self) -> Result<Answer, Failure> {
        let mut program = Program::command().disable_help_subcommand(true);
        program.build();
        let text = match &self.folder {
            None => String::from_utf8_lossy(&page(program).map_err(Failure::Output)?.1).into(),
            Some(folder) => write_all(folder, program)?,
        };
        Ok(Answer { text, outcome: Outcome::Done })
    }
}

/// Writes the pages of the program and its commands; their paths, a line each.
fn write_all(folder: &Path, program: Command) -> Result<String, Failure> {
    let unusable = |path: &Path, e: &io::Error| {
        let (path, reason) = (path.display().to_string(), e.to_string());
        Error::PathUnusable { argument: "FOLDER", path, purpose: "written", reason }
    };
    fs::create_dir_all(folder).map_err(|e| unusable(folder, &e))?;
    let mut written = String::new();
    let commands: Vec<Command> = program.get_subcommands().cloned().collect();
    for command in std::iter::once(program).chain(commands) {
        let (name, page) = page(command).map_err(|e| unusable(folder, &e))?;
        let path = folder.join(name);
        // Not `files::replace`, whose files are their owner's alone: a manual is for all to read.
        fs::write(&path, page).map_err(|e| unusable(&path, &e))?;
        written += &format!("{}\n", path.display());
    }
    Ok(written)
}

/// The name of a command's page, and the page.
fn page(command: Command) -> io::Result<(String, Vec<u8>)> {
    let source = concat!("FluxGuard ", env!("CARGO_PKG_VERSION"));
    // Of an empty date nothing would be written, and the next argument be taken for one.
    let man = Man::new(command).date(" ").source(source).manual("FluxGuard Manual");
    let mut page = Vec::new();
    man.render(&mut page)?;
    Ok((man.get_filename(), page))
}
