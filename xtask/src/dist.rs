//! `cargo xtask dist`: one static program without any library beside it.

use std::path::PathBuf;

use xtask::Result;
use xtask::sh::{cargo, program, root, run};

/// Builds it, and gives its path.
pub(crate) fn build() -> Result<PathBuf> {
    let target = match std::env::consts::ARCH {
        "x86_64" => "x86_64-unknown-linux-musl",
        "aarch64" => "aarch64-unknown-linux-musl",
        other => return Err(format!("there is no static build for {other} yet")),
    };
    run(program("rustup").args(["target", "add", target]))?;
    run(&mut cargo(&["build", "--locked", "-p", "otp-cli", "--profile", "dist", "--target", target]))?;
    let path = root().join("target").join(target).join("dist/otp");
    println!("{}", path.display());
    Ok(path)
}
