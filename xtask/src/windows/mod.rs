//! `cargo xtask windows [helper]`: the program, the crates below it and the Python package, built for Windows and tested under Wine;
//! and on demand, the helper for stores on the network.

mod helper;
mod python;
mod wine;

use std::path::PathBuf;
use std::process::Command;
use std::thread;

use xtask::Result;
use xtask::cargo::{cargo, target};
use xtask::sh::{program, root, run};

use self::python::Python;
pub(crate) use self::wine::Wine;

/// What Windows is called as a target, built with the GNU tools.
pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";
/// The packages whose tests run there.
const PACKAGES: [&str; 5] = ["otp-core", "otp-sys", "otp-store-fs", "otp-link", "otp-cli"];

/// Builds a third faster, and still has the lines of a panic.
const QUICKER: (&str, &str) = ("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");

/// The one module of tests that is left out: it enumerates schedules in memory, and Wine needs minutes to switch threads so often.
const LEFT_OUT: &str = "meetings::";

/// Builds for Windows, makes a prefix in a temporary folder, and runs the tests in it: without arguments, all but the helper's.
pub(crate) fn windows(arguments: &[String]) -> Result<()> {
    run(program("rustup").args(["target", "add", TARGET]))?;
    match arguments {
        [] => all(),
        [part] if part == "helper" => helper::test(&Wine::start()?),
        _ => Err("there is one part that can be named: helper".into()),
    }
}

fn all() -> Result<()> {
    // What a prefix takes is mostly waiting.
    let (wine, python) = together(Wine::start, || {
        run(tests().arg("--no-run"))?;
        Python::prepare()
    });
    let (mut wine, python) = (wine?, python?);
    // A test of the core starts an interpreter.
    wine.add_to_path(python.folder());
    // The one is a process at a time, and so are many tests of the other.
    let (package, crates) =
        together(|| python.test(&wine), || run(wine.run_for(tests().args(["--", "--skip", LEFT_OUT]))));
    crates.and(package)
}

/// The command that builds the crates' tests and runs them.
fn tests() -> Command {
    let packages = PACKAGES.iter().flat_map(|package| ["-p", package]);
    let mut tests = cargo(&["test", "--locked", "--target", TARGET, "--lib", "--bins", "--tests"]);
    tests.args(packages).envs([QUICKER]).env("CARGO_TARGET_DIR", folder());
    tests
}

/// Where all of this is built: the `dlltool` of MinGW takes no path with a space in it.
pub(crate) fn folder() -> PathBuf {
    let usual = target();
    if usual.to_string_lossy().contains(' ') { root().join("target/windows") } else { usual.to_owned() }
}

fn together<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), other)
    })
}
