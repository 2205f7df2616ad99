//! `cargo xtask mutants [FILE...]`: whether the tests notice when the code does something else.

use crate::Result;
use crate::sh::{answers, cargo, run};

/// Mutates the files that are named, or all of the core and the file store. The settings are in `.cargo/mutants.toml`.
pub(crate) fn mutants(files: &[String]) -> Result<()> {
    if !answers(&mut cargo(&["mutants", "--version"])) {
        return Err("this needs cargo-mutants: cargo install --locked cargo-mutants".into());
    }
    let mut command = cargo(&["mutants", "--output", "target/mutants"]);
    for file in files {
        command.args(["--file", file]);
    }
    if files.is_empty() {
        command.args(["--package", "otp-core", "--package", "otp-store-fs"]);
    }
    run(&mut command)
}
