//! `cargo xtask peers`: in-process figures beside other AEADs and databases, from a crate outside the workspace.

use std::process::Command;

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::run;

pub(crate) fn peers(arguments: &[String]) -> Result<()> {
    run(command().args(arguments))
}

/// The command that builds and runs it.
pub(crate) fn command() -> Command {
    cargo(&["run", "--locked", "--release", "--manifest-path", "xtask/peers/Cargo.toml", "--"])
}
