//! Python virtual environments, below the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::Result;
use xtask::cargo::target;
use xtask::sh::{program, run};

use crate::tools::Checks;

/// Makes a new environment.
pub(crate) fn fresh(name: &str) -> Result<PathBuf> {
    let venv = target().join(name);
    run(program("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    Ok(venv)
}

/// Makes an environment unless it exists, for tools with pinned versions.
#[cfg(unix)]
pub(crate) fn kept(name: &str) -> Result<PathBuf> {
    let venv = target().join(name);
    run(program("python3").args(["-m", "venv"]).arg(&venv))?;
    Ok(venv)
}

/// Makes an environment with packages. If this machine can't, counts the check and returns `None`.
pub(crate) fn with(checks: &mut Checks, check: &str, name: &str, packages: &[&str]) -> Result<Option<PathBuf>> {
    if !checks.can_run(check, &["venv"]) {
        return Ok(None);
    }
    let venv = fresh(name)?;
    if let Err(error) = run(pip_install(&venv).args(packages)) {
        eprintln!("\n--> not run without PyPI: {check}: {error}");
        checks.not_run(check, "PyPI");
        return Ok(None);
    }
    Ok(Some(venv))
}

/// One of an environment's programs.
pub(crate) fn program_of(venv: &Path, name: &str) -> Command {
    program(venv.join("bin").join(name))
}

/// Installs packages from the index that this machine's pip uses.
pub(crate) fn pip_install(venv: &Path) -> Command {
    let mut command = program_of(venv, "python");
    command.args(["-m", "pip", "install", "-q", "--disable-pip-version-check"]);
    command
}
