//! `cargo xtask memory`: no secret stays in the memory of the programs, seen from outside; and `stack`, what the core takes.

use crate::Result;
use crate::sh::{cargo, program, root, run};

pub(crate) fn memory() -> Result<()> {
    only_linux()?;
    run(&mut cargo(&["build", "--locked", "--release", "-p", "otp-cli", "-p", "otp-proof", "--bins"]))?;
    let built = root().join("target/release");
    run(program(&built.join("memory").to_string_lossy()).arg(built.join("otp")))?;
    run(&mut cargo(&["test", "--locked", "-p", "otp-proof"]))
}

pub(crate) fn stack() -> Result<()> {
    only_linux()?;
    run(&mut cargo(&["run", "--locked", "--release", "-q", "-p", "otp-proof", "--bin", "stack"]))
}

fn only_linux() -> Result<()> {
    if cfg!(target_os = "linux") { Ok(()) } else { Err("this needs Linux".into()) }
}
