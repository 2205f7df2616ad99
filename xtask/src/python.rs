//! `cargo xtask python`: the Python package, first as cargo builds it, then as its users install it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::Result;
use xtask::cargo::{build, cargo, target};
use xtask::sh::{program, root, run};

use crate::tools::Checks;
use crate::venv::{self, pip_install, program_of};

const PACKAGE: &str = "otp-ffi/python";
/// The file of the extension module, in the package.
pub(crate) const EXTENSION: &str = if cfg!(windows) { "_native.pyd" } else { "_native.abi3.so" };
/// What the tests need besides the package: tools, and keyring, for which the package has a backend.
const TOOLS: [&str; 3] = ["pytest>=8", "mypy>=1.11", "keyring>=25"];

/// Runs every check; fails if a tool is missing.
pub(crate) fn python() -> Result<()> {
    let mut checks = Checks::probe()?;
    check(&mut checks)?;
    checks.summary().map_or(Ok(()), Err)
}

/// Runs the checks whose tools are installed.
pub(crate) fn check(checks: &mut Checks) -> Result<()> {
    let folder = assemble("dev")?;
    run(program("python3").args(["-B", &format!("{PACKAGE}/tests/main_job.py")]).env("PYTHONPATH", folder))?;
    if let Some(venv) = venv::with(checks, "the Python package, installed: pytest, mypy", "python-venv", &TOOLS)? {
        run(&mut install(&venv))?;
        let package = root().join(PACKAGE);
        run(program_of(&venv, "python").args(["-m", "pytest", "-q"]).current_dir(&package))?;
        run(program_of(&venv, "python").args(["-m", "mypy"]).current_dir(&package))?;
    }
    Ok(())
}

/// The command that builds the package and installs it. It has a target folder of its own, since its profile differs.
pub(crate) fn install(venv: &Path) -> Command {
    let mut command = pip_install(venv);
    command.arg("--no-cache-dir").arg(root().join(PACKAGE)).env("CARGO_TARGET_DIR", target().join("python"));
    command
}

/// The command that builds the extension.
pub(crate) fn extension(profile: &str) -> Command {
    let manifest = format!("{PACKAGE}/Cargo.toml");
    cargo(&["build", "--locked", "--profile", profile, "--manifest-path", &manifest])
}

/// Assembles the package without pip: its sources, and the extension that cargo builds. Returns the folder.
pub(crate) fn assemble(profile: &str) -> Result<PathBuf> {
    let extension = build(&mut extension(profile))?.library("_native")?;
    let folder = target().join(format!("python-{profile}"));
    put_together(&extension, &folder)?;
    Ok(folder)
}

/// Puts the package's sources and an extension into a folder to import from.
pub(crate) fn put_together(extension: &Path, folder: &Path) -> Result<()> {
    let package = folder.join("otp_link");
    let sources = root().join(PACKAGE).join("src/otp_link");
    let assemble = || {
        fs::create_dir_all(&package)?;
        for source in fs::read_dir(sources)? {
            let source = source?;
            if source.file_type()?.is_file() {
                fs::copy(source.path(), package.join(source.file_name()))?;
            }
        }
        fs::copy(extension, package.join(EXTENSION)).map(drop)
    };
    assemble().map_err(|error: std::io::Error| format!("{}: {error}", package.display()))
}
