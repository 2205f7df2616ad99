//! `cargo xtask windows`: the program, the crates below it and the Python package, built for Windows and tested under Wine.

mod python;
mod wine;

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::{program, run};

use self::python::Python;
use self::wine::Wine;

/// What Windows is called as a target, built with the GNU tools.
pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";
/// The packages whose tests run there.
const PACKAGES: [&str; 5] = ["otp-core", "otp-sys", "otp-store-fs", "otp-link", "otp-cli"];

/// The one module of tests that is left out: it enumerates schedules in memory, and Wine needs minutes to switch threads so often.
const LEFT_OUT: &str = "meetings::";

/// Builds everything for Windows, makes a prefix in a temporary folder, and runs the tests in it.
pub(crate) fn windows() -> Result<()> {
    run(program("rustup").args(["target", "add", TARGET]))?;
    let mut wine = Wine::start()?;
    let python = Python::prepare()?;
    // A test of the core starts an interpreter.
    wine.add_to_path(python.folder());
    let packages = PACKAGES.iter().flat_map(|package| ["-p", package]);
    let mut tests = cargo(&["test", "--locked", "--target", TARGET, "--lib", "--bins", "--tests"]);
    run(wine.run_for(tests.args(packages).args(["--", "--skip", LEFT_OUT])))?;
    python.test(&wine)
}
