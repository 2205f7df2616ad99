//! `cargo xtask abi`: the C program that calls every function, as C++ too, and under two tools that watch its memory.

use std::path::Path;

use xtask::Result;
use xtask::sh::{answers, cargo, program, run, target};

const HEADER: &str = "otp-ffi/include/otp.h";
const PROGRAM: &str = "otp-ffi/tests/abi.c";
const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-D_POSIX_C_SOURCE=200809L"];

pub(crate) fn abi() -> Result<()> {
    for (name, package) in [("cc", "gcc"), ("c++", "g++"), ("valgrind", "valgrind"), ("nm", "binutils")] {
        if !answers(program(name).arg("--version")) {
            return Err(format!("there is no {name}; on Debian: apt-get install {package}"));
        }
    }
    run(&mut cargo(&["build", "--locked", "-p", "otp-ffi"]))?;
    let library = target().join("debug");
    for (compiler, language) in [("cc", ["-x", "c", "-std=c11"]), ("c++", ["-x", "c++", "-std=c++17"])] {
        run(program(compiler).args(language).args(STRICT).args(["-fsyntax-only", HEADER]))?;
    }

    let folder = target().join("abi");
    for (name, compiler, flags, wrapper) in [
        ("c11", "cc", &["-x", "c", "-std=c11", "-O2"][..], &[][..]),
        ("c++17", "c++", &["-x", "c++", "-std=c++17"], &[]),
        (
            "sanitized",
            "cc",
            &["-x", "c", "-std=c11", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover"],
            &[],
        ),
        (
            "valgrind",
            "cc",
            &["-x", "c", "-std=c11", "-g"],
            &[
                "valgrind",
                "--quiet",
                "--leak-check=full",
                "--errors-for-leak-kinds=definite,indirect,possible",
                "--error-exitcode=9",
            ],
        ),
    ] {
        let built = folder.join(name);
        let work = folder.join(format!("{name}.work"));
        empty(&work)?;
        run(program(compiler)
            .args(flags)
            .args(STRICT)
            .args(["-Iotp-ffi/include", PROGRAM, "-o"])
            .arg(&built)
            .arg("-L")
            .arg(&library)
            .args(["-lotp_ffi", "-lpthread"]))?;
        let mut command = match wrapper {
            [] => program(&built.display().to_string()),
            [tool, arguments @ ..] => {
                let mut command = program(tool);
                command.args(arguments).arg(&built);
                command
            }
        };
        for variable in ["OTP_KEY", "OTP_KEY_FILE", "OTP_STORE", "CREDENTIALS_DIRECTORY"] {
            command.env_remove(variable);
        }
        run(command.arg(&work).env("LD_LIBRARY_PATH", &library))?;
    }
    Ok(())
}

/// An empty folder.
fn empty(path: &Path) -> Result<()> {
    let _ = std::fs::remove_dir_all(path);
    std::fs::create_dir_all(path).map_err(|error| format!("{}: {error}", path.display()))
}
