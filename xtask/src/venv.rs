//! Virtual environments of Python, below the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::Result;
use xtask::cargo::target;
use xtask::sh::{program, run};

/// Makes an environment anew.
pub(crate) fn fresh(name: &str) -> Result<PathBuf> {
    let venv = target().join(name);
    run(program("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    Ok(venv)
}

/// A program of an environment.
pub(crate) fn program_of(venv: &Path, name: &str) -> Command {
    program(venv.join("bin").join(name))
}

/// Installs packages from the index that this machine's pip uses.
pub(crate) fn pip_install(venv: &Path) -> Command {
    let mut command = program_of(venv, "python");
    command.args(["-m", "pip", "install", "-q", "--disable-pip-version-check"]);
    command
}
