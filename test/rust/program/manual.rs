//! `fluxguard man` and `fluxguard completions`: every command is in them.
#![allow(clippy::unwrap_used)]

use crate::support;

use std::process::Command;

use support::{Folder, Run};

/// The commands that `--help` lists, but for `help`.
fn commands(folder: &Folder) -> Vec<String> {
    let help = folder.run(&["--help"]).out;
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let first = |line: &str| line.split_whitespace().next().unwrap().to_owned();
    // What goes on from the line above is indented further.
    let named = list.lines().filter(|line| !line.starts_with("   "));
    let commands: Vec<String> = named.map(first).filter(|name| name != "help").collect();
    assert!(commands.len() >= 14, "{commands:?}");
    commands
}

/// What people read of a page, where the machine can show it.
#[cfg(unix)]
fn shown(page: &std::path::Path) -> Option<String> {
    let mut groff = Command::new("groff");
    let done = groff.args(["-man", "-Tascii", "-ww", "-P-cbou"]).arg(page).output().ok()?;
    assert!(done.status.success());
    assert_eq!(String::from_utf8_lossy(&done.stderr), "", "{}", page.display());
    String::from_utf8(done.stdout).ok()
}

#[test]
fn the_page_of_the_program_names_every_command() {
    let folder = Folder::new("man");
    let run = folder.run(&["man"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    // A hyphen is escaped in a page.
    let page = run.out.replace("\\-", "-");
    assert!(page.contains(".TH fluxguard 1") && page.contains(env!("CARGO_PKG_VERSION")), "{page}");
    for command in commands(&folder) {
        assert!(page.contains(&format!("fluxguard-{command}(1)")), "{command}");
    }
}

#[test]
fn a_folder_gets_a_page_of_each_command() {
    let folder = Folder::new("man-folder");
    let run = folder.run(&["man", "share/man1"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let pages: Vec<_> = run.out.lines().map(|line| folder.0.join(line)).collect();
    let commands = commands(&folder);
    assert_eq!(pages.len(), commands.len() + 1);
    assert!(pages[0].ends_with("fluxguard.1"));
    for command in &commands {
        let path = folder.0.join(format!("share/man1/fluxguard-{command}.1"));
        let page = std::fs::read_to_string(&path).unwrap();
        assert!(page.contains(&format!(".TH fluxguard-{command} 1")), "{page}");
        assert!(pages.contains(&path), "{}", run.out);
        #[cfg(unix)]
        if let Some(text) = shown(&path) {
            // Lines are broken anywhere.
            let text: String = text.split_whitespace().collect();
            assert!(text.contains(&format!("SYNOPSISfluxguard{command}[-")), "{text}");
            assert!(text.contains("FluxGuardManual"), "{text}");
        }
    }
    // Again, over what is there.
    assert_eq!(folder.run(&["man", "share/man1"]).out, run.out);
    folder.write("file", "");
    let refused = folder.run(&["man", "file"]);
    assert!(refused.refused().contains("FOLDER") && refused.refused().contains("file"));
}

#[test]
fn completions_hold_every_command() {
    let folder = Folder::new("completions");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = folder.run(&["completions", shell]);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{shell}");
        for command in commands(&folder) {
            assert!(run.out.contains(&command), "{shell}: {command}");
        }
        assert!(run.out.contains("fail-on"), "{shell}");
    }
}

#[test]
fn the_completions_of_bash_are_bash() {
    let folder = Folder::new("completions-bash");
    let path = folder.write("script", folder.run(&["completions", "bash"]).out);
    let mut bash = Command::new("bash");
    let Ok(checked) = bash.arg("-n").arg(&path).output() else { return };
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let ask = r#"
        source "$1"
        COMP_WORDS=(fluxguard comp) COMP_CWORD=1
        _fluxguard fluxguard comp fluxguard
        echo "${COMPREPLY[@]}"
    "#;
    let mut bash = Command::new("bash");
    let run = Run::of(bash.args(["-c", ask, "bash"]).arg(&path), "");
    assert_eq!(run.out.trim(), "compare compare-detectors completions", "{}", run.err);
}

#[test]
fn an_unknown_shell_is_an_error_that_names_it_and_those_there_are() {
    let folder = Folder::new("completions-unknown");
    let run = folder.run(&["completions", "tcsh"]);
    let said = run.refused();
    for word in ["tcsh", "SHELL", "bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}
