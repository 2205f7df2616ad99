//! The Python package: wheels that include the helper, the source package, and checks of both.

mod trial;
mod wheel;

use std::path::PathBuf;

use xtask::Result;
use xtask::sh::{answers, program, run};

use super::programs::{AARCH64, X86_64, build as programs};
use super::release::Release;
use super::{packagers, windows};

/// The manifest of the extension module.
const MANIFEST: &str = "otp-ffi/python/Cargo.toml";
/// The oldest Linux that the wheels support, in Python's notation: glibc 2.17.
const LINUX: &str = "manylinux2014";
/// The interpreters to try, if they are installed here.
const INTERPRETERS: [&str; 6] = ["python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14"];

/// Makes wheels and source package, checks them, and tries them out in empty environments.
pub(super) fn make(release: &Release) -> Result<()> {
    let (venv, path) = packagers::python()?;
    let maker = wheel::Maker { release, venv: &venv, path: &path };
    let native = maker.linux("x86_64-unknown-linux-gnu", &programs(release, &X86_64)?.helper)?;
    let foreign = maker.linux("aarch64-unknown-linux-gnu", &programs(release, &AARCH64)?.helper)?;
    let for_windows = maker.windows(&windows::build(release)?.helper)?;
    let source = maker.source()?;
    let packages = [&native, &foreign, &for_windows, &source];

    for (wheel, machine) in [(&native, "x86_64"), (&foreign, "aarch64")] {
        maker.audit(wheel, &format!("manylinux_2_17_{machine}"))?;
    }
    run(program(venv.join("bin/twine")).args(["check", "--strict"]).args(packages))?;
    trial::refuses_free_threads()?;
    if std::env::consts::ARCH == "x86_64" {
        for interpreter in interpreters() {
            trial::install(interpreter, &native)?;
        }
        trial::types(&native)?;
    }
    trial::install("python3", &source)
}

/// Those that are installed on this machine and start.
fn interpreters() -> Vec<&'static str> {
    let starts = |name: &&str| answers(program(name).arg("--version"));
    let found: Vec<&str> = INTERPRETERS.into_iter().filter(starts).collect();
    eprintln!("\n--> interpreters: {}", found.join(", "));
    found
}

/// A file that was made.
type File = PathBuf;
