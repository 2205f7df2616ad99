//! `cargo xtask abi`: a C program that calls every function, also built as C++, and run under two memory checkers.

use std::path::Path;

use otp_test_tools::folder;
use xtask::Result;
use xtask::cargo::{build, cargo, target};
use xtask::sh::{program, run};

use crate::tools::Checks;

const HEADER: &str = "otp-ffi/include/otp.h";
const PROGRAM: [&str; 3] = ["otp-ffi/tests/abi.c", "otp-ffi/tests/check.c", "otp-ffi/tests/ring.c"];
const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-D_POSIX_C_SOURCE=200809L"];
const C: [&str; 3] = ["-x", "c", "-std=c11"];
const CPP: [&str; 3] = ["-x", "c++", "-std=c++17"];

/// One way to build and run the program.
struct Way {
    name: &'static str,
    compiler: &'static str,
    language: [&'static str; 3],
    flags: &'static [&'static str],
    /// The program that runs it, with arguments.
    runner: &'static [&'static str],
    /// What it needs besides a C compiler.
    tools: &'static [&'static str],
}

const WAYS: [Way; 4] = [
    Way { name: "c11", compiler: "cc", language: C, flags: &["-O2"], runner: &[], tools: &[] },
    Way { name: "c++17", compiler: "c++", language: CPP, flags: &[], runner: &[], tools: &["c++"] },
    Way {
        name: "sanitized",
        compiler: "cc",
        language: C,
        flags: &["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover"],
        runner: &[],
        tools: &["sanitizers"],
    },
    Way {
        name: "valgrind",
        compiler: "cc",
        language: C,
        flags: &["-g"],
        runner: &[
            "valgrind",
            "--quiet",
            "--leak-check=full",
            "--errors-for-leak-kinds=definite,indirect,possible",
            "--error-exitcode=9",
        ],
        tools: &["valgrind"],
    },
];

/// Runs every check; fails if a tool is missing.
pub(crate) fn abi() -> Result<()> {
    let mut checks = Checks::probe()?;
    check(&mut checks)?;
    checks.summary().map_or(Ok(()), Err)
}

/// Runs the checks whose tools are installed.
pub(crate) fn check(checks: &mut Checks) -> Result<()> {
    let library = build(&mut cargo(&["build", "--locked", "-p", "otp-ffi"]))?.library("otp_ffi")?;
    let library = library.parent().ok_or("the library is in no folder")?;
    for (compiler, language, tools) in [("cc", C, &[][..]), ("c++", CPP, &["c++"])] {
        if checks.can_run(&format!("the C header, compiled by {compiler}"), tools) {
            run(program(compiler).args(language).args(STRICT).args(["-fsyntax-only", HEADER]))?;
        }
    }
    let programs = target().join("abi");
    std::fs::create_dir_all(&programs).map_err(|error| format!("{}: {error}", programs.display()))?;
    for way in WAYS {
        if checks.can_run(&format!("every C function: {}", way.name), way.tools) {
            try_way(&way, library, &programs.join(way.name))?;
        }
    }
    Ok(())
}

fn try_way(way: &Way, library: &Path, built: &Path) -> Result<()> {
    run(program(way.compiler)
        .args(way.language)
        .args(way.flags)
        .args(STRICT)
        .arg("-Iotp-ffi/include")
        .args(PROGRAM)
        .arg("-o")
        .arg(built)
        .arg("-L")
        .arg(library)
        .args(["-lotp_ffi", "-lpthread"]))?;
    let work = folder();
    let mut command = match way.runner {
        [] => program(built),
        [tool, arguments @ ..] => {
            let mut command = program(tool);
            command.args(arguments).arg(built);
            command
        }
    };
    for variable in ["OTP_KEY", "OTP_KEY_FILE", "OTP_STORE", "OTP_RING", "CREDENTIALS_DIRECTORY"] {
        command.env_remove(variable);
    }
    let paths = if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };
    run(command.arg(work.path()).env(paths, library))
}
