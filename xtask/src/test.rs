//! `cargo xtask test`: all that is needed to trust a checkout.

use xtask::Result;
use xtask::sh::{answers, cargo, program, run};

use crate::{abi, python};

/// What the tests start, with Debian's name of the package that brings it.
const TOOLS: [(&str, &[&str], &str); 10] = [
    ("cc", &["--version"], "gcc"),
    ("c++", &["--version"], "g++"),
    ("nm", &["--version"], "binutils"),
    ("valgrind", &["--version"], "valgrind"),
    ("python3", &["--version"], "python3"),
    ("python3", &["-c", "import venv, ensurepip"], "python3-venv"),
    ("bash", &["-c", ":"], "bash"),
    ("dash", &["-c", ":"], "dash"),
    ("groff", &["--version"], "groff-base"),
    ("setsid", &["--version"], "util-linux"),
];

pub(crate) fn test() -> Result<()> {
    check_tools()?;
    // The crates as they are used together, which is the core with all its features; then the core with fewer.
    run(&mut cargo(&["test", "--locked", "--workspace"]))?;
    for features in ["", "alloc", "std", "getrandom"] {
        run(&mut cargo(&["test", "--locked", "-p", "otp-core", "--lib", "--features", features]))?;
        run(&mut cargo(&["test", "--locked", "-p", "otp-core", "--doc", "--features", features]))?;
    }
    for example in ["embed_std", "embed_no_std"] {
        run(&mut cargo(&["run", "--locked", "-q", "-p", "otp-core", "--all-features", "--example", example]))?;
    }
    // A decoder by other hands, from docs/format.md alone.
    run(program("python3").arg("otp-core/tests/decoder.py"))?;
    // The callee's side, as its users get it.
    abi::abi()?;
    python::python()?;
    eprintln!("\nall tests passed");
    Ok(())
}

/// Says in one line what to install, before anything else takes time.
fn check_tools() -> Result<()> {
    let missing: Vec<&str> = TOOLS
        .iter()
        .filter(|(tool, arguments, _)| !answers(program(tool).args(*arguments)))
        .map(|(_, _, package)| *package)
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("the tests need more; run: apt-get install {}", missing.join(" ")))
    }
}
