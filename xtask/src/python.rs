//! `cargo xtask python`: the Python package, as its users get it: built, installed in a fresh environment, tested there.

use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::Result;
use xtask::sh::{answers, program, root, run, target};

/// What the tests need beside the package.
const TOOLS: [&str; 2] = ["pytest>=8", "mypy>=1.11"];

pub(crate) fn python() -> Result<()> {
    let venv = fresh("python-venv")?;
    run(pip(&venv).args(TOOLS))?;
    run(&mut install(&venv))?;
    let package = root().join("otp-ffi/python");
    run(in_venv(&venv, "python").args(["-m", "pytest", "-q"]).current_dir(&package))?;
    run(in_venv(&venv, "python").args(["-m", "mypy"]).current_dir(&package))
}

/// A fresh virtual environment below the target folder.
pub(crate) fn fresh(name: &str) -> Result<PathBuf> {
    if !answers(program("python3").args(["-c", "import venv, ensurepip"])) {
        return Err(
            "there is no python3 that makes virtual environments; on Debian: apt-get install python3-venv".into()
        );
    }
    let venv = target().join(name);
    run(program("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    Ok(venv)
}

/// A program of the environment.
pub(crate) fn in_venv(venv: &Path, name: &str) -> Command {
    program(&venv.join("bin").join(name).display().to_string())
}

/// Installs packages from the index that this machine's pip uses.
pub(crate) fn pip(venv: &Path) -> Command {
    let mut command = in_venv(venv, "python");
    command.args(["-m", "pip", "install", "-q", "--disable-pip-version-check"]);
    command
}

/// Builds the package and installs it. It compiles in a target folder of its own, since it has another profile.
pub(crate) fn install(venv: &Path) -> Command {
    let mut command = pip(venv);
    command.arg("--no-cache-dir").arg(root().join("otp-ffi/python")).env("CARGO_TARGET_DIR", target().join("python"));
    command
}
