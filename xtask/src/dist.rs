//! `cargo xtask dist`: one static program without any library beside it.

use std::path::PathBuf;

use xtask::Result;
use xtask::cargo::{self, cargo};
use xtask::sh::{program, run};

/// Builds it, and gives its path.
pub(crate) fn build() -> Result<PathBuf> {
    let target = match std::env::consts::ARCH {
        "x86_64" => "x86_64-unknown-linux-musl",
        "aarch64" => "aarch64-unknown-linux-musl",
        other => return Err(format!("there is no static build for {other} yet")),
    };
    run(program("rustup").args(["target", "add", target]))?;
    let command = &["build", "--locked", "-p", "otp-cli", "--profile", "dist", "--target", target];
    let path = cargo::build(&mut cargo(command))?.program("otp")?;
    println!("{}", path.display());
    Ok(path)
}
