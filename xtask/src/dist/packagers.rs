//! The tools that build releases, pinned: from `PyPI` into a virtual environment, or with `cargo install`.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::run;

use crate::venv;

/// Compiles C for other systems, and links for old versions of Linux.
const ZIG: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.1"];
/// Build and check wheels.
const PYTHON: [&str; 3] = ["maturin==1.16.0", "auditwheel==6.8.2", "twine==7.0.0"];
/// The tools from `cargo install`: the cargo subcommand, the package, its version.
const CARGO: [(&str, &str, &str); 4] = [
    ("deb", "cargo-deb", "3.8.0"),
    ("generate-rpm", "cargo-generate-rpm", "0.21.1"),
    ("cinstall", "cargo-c", "0.10.24"),
    ("cyclonedx", "cargo-cyclonedx", "0.5.9"),
];

/// Makes cargo build for a Linux without any libraries: the compiler's own linker and C library link the program, and
/// zig compiles its C code.
pub(super) fn link_statically(command: &mut Command, architecture: &str) -> Result<()> {
    let venv = environment("dist-zig", &ZIG)?;
    let variable = format!("{architecture}_unknown_linux_musl");
    // Zig adds checks to unoptimised builds that would need a library of their own.
    let compiler = format!("cc -- -target {architecture}-linux-musl -fno-sanitize=all");
    for (name, arguments) in [("CC", compiler.as_str()), ("AR", "ar --")] {
        let tool = venv.join("bin").join(format!("{architecture}-{name}"));
        fs::write(&tool, format!("#!/bin/sh\nexec cargo-zigbuild zig {arguments} \"$@\"\n"))
            .and_then(|()| fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)))
            .map_err(|error| format!("{}: {error}", tool.display()))?;
        command.env(format!("{name}_{variable}"), tool);
    }
    command.env(format!("CARGO_TARGET_{}_LINKER", variable.to_uppercase()), "rust-lld");
    command.env("PATH", path_with(&venv)?);
    Ok(())
}

/// An environment with the Python packaging tools, and the `PATH` to use them.
pub(super) fn python() -> Result<(PathBuf, OsString)> {
    let venv = environment("dist-python", &[&ZIG[..], &PYTHON].concat())?;
    let path = path_with(&venv)?;
    Ok((venv, path))
}

/// Fails if a cargo tool is missing or has another version, and says how to install it.
pub(super) fn require(tool: &str) -> Result<()> {
    let found = CARGO.iter().find(|(command, ..)| *command == tool);
    let (_, package, version) = found.ok_or_else(|| format!("no version of cargo {tool} is pinned"))?;
    let answer = cargo(&[tool, "--version"]).output().map_err(|error| format!("cargo {tool}: {error}"))?;
    let said = String::from_utf8_lossy(&answer.stdout).into_owned();
    if said.split([' ', '+', '\n']).any(|word| word == *version) {
        return Ok(());
    }
    Err(format!("this needs {package} {version}: cargo install --locked {package}@{version}"))
}

/// An environment that is kept: with pinned versions, installing again changes nothing.
fn environment(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let venv = venv::kept(name)?;
    run(venv::pip_install(&venv).args(packages))?;
    Ok(venv)
}

/// The `PATH`, with an environment's programs first.
pub(super) fn path_with(venv: &Path) -> Result<OsString> {
    let before = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(venv.join("bin")).chain(std::env::split_paths(&before));
    std::env::join_paths(folders).map_err(|error| format!("PATH: {error}"))
}

#[cfg(test)]
mod tests {
    use xtask::sh::root;

    use super::*;

    #[test]
    fn ci_and_the_hosts_workflow_pin_the_same_versions() {
        let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
        let (ci, workflow) = (read(".ci/run"), read(".github/workflows/release.yml"));
        for (_, package, version) in CARGO {
            assert!(workflow.contains(&format!("{package}@{version}")), "{package}");
        }
        let (deb, _, version) = CARGO[0];
        assert!(ci.contains(&format!(" {deb}@{version}")));
        assert!(workflow.contains(PYTHON[0]));
    }
}
