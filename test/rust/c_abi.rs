//! The C ABI from other languages: `include/fluxguard.h` is what the library is, and the examples
//! in C and Python run.

use std::path::PathBuf;
use std::process::{Command, Output};

use fluxguard::ffi::c;

/// The library that is tested: cargo leaves it beside the tests.
fn library() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let folder = test.parent().expect("a folder");
    let names = ["libfluxguard.so", "libfluxguard.dylib", "fluxguard.dll"];
    names
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.exists())
        .expect("the library was built with the tests")
}

/// What a command printed; `None`, and a line that says so, if the machine does not have it.
fn run(command: &mut Command) -> Option<Output> {
    match command.output() {
        Ok(output) => Some(output),
        Err(error) => {
            println!("skipped: {:?}: {error}", command.get_program());
            None
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_header_says_what_the_library_is() {
    let header = include_str!("../../include/fluxguard.h");
    let number = |name: &str| -> i32 {
        let line = header.lines().find_map(|line| line.strip_prefix(&format!("#define {name} ")));
        line.and_then(|text| text.trim().parse().ok())
            .unwrap_or_else(|| panic!("{name} is not defined"))
    };
    for (name, expected) in [
        ("FG_ABI_VERSION", c::ABI_VERSION),
        ("FG_FLOAT16", c::FLOAT16),
        ("FG_FLOAT32", c::FLOAT32),
        ("FG_FLOAT64", c::FLOAT64),
        ("FG_UINT8", c::UINT8),
        ("FG_UINT32", c::UINT32),
        ("FG_UINT64", c::UINT64),
        ("FG_INT64", c::INT64),
        ("FG_COPIED", c::COPIED),
        ("FG_WRITABLE", c::WRITABLE),
    ] {
        assert_eq!(number(name), expected, "{name}");
    }
    let source = include_str!("../../src/border/c.rs");
    let exported = source
        .split("extern \"C\" fn ")
        .skip(1)
        .map(|rest| rest.split('(').next().expect("a name"));
    for name in exported {
        assert!(header.contains(&format!("{name}(")), "{name} is not in the header");
    }
}

#[test]
fn the_example_in_c_is_compiled_and_raises_an_alert() {
    let folder = library().parent().expect("a folder").to_path_buf();
    let program = std::env::temp_dir().join(format!("fluxguard-c-{}", std::process::id()));
    let layout = format!(
        "#include <assert.h>\n#include \"fluxguard.h\"\n_Static_assert(sizeof(FgArray) == {}, \"\");\n\
         _Static_assert(sizeof(FgRequest) == {}, \"\");\n_Static_assert(sizeof(FgAnswer) == {}, \"\");\n",
        size_of::<c::FgArray>(),
        size_of::<c::FgRequest>(),
        size_of::<c::FgAnswer>()
    );
    let sizes = program.with_extension("sizes.c");
    std::fs::write(&sizes, layout).expect("written");
    let mut compile = Command::new("cc");
    compile
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-Iinclude", "examples/c/guard.c"])
        .arg(&sizes);
    compile
        .arg("-L")
        .arg(&folder)
        .args(["-lfluxguard", "-o"])
        .arg(&program)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let Some(compiled) = run(&mut compile) else { return };
    assert!(compiled.status.success(), "{}", text(&compiled.stderr));
    let ran = Command::new(&program)
        .env("LD_LIBRARY_PATH", &folder)
        .env("DYLD_LIBRARY_PATH", &folder)
        .output();
    let ran = ran.expect("just compiled");
    let _ = (std::fs::remove_file(&program), std::fs::remove_file(&sizes));
    let out = text(&ran.stdout);
    assert!(ran.status.success(), "{out}{}", text(&ran.stderr));
    assert!(out.contains("\"observed\":2000") && out.contains("\"tested\":2000"), "{out}");
    assert!(out.contains("\"kind\":\"drift\""), "{out}");
}

#[test]
fn the_example_in_python_finds_drift() {
    let mut python = Command::new("python3");
    python.arg("examples/python/drift.py").arg(library()).current_dir(env!("CARGO_MANIFEST_DIR"));
    let Some(ran) = run(&mut python) else { return };
    let out = text(&ran.stdout);
    assert!(ran.status.success(), "{out}{}", text(&ran.stderr));
    assert!(
        out.starts_with("drift: True")
            && out.contains("threshold: ")
            && out.contains("refused: detector:"),
        "{out}"
    );
}
