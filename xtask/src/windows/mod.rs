//! `cargo xtask windows [helper]`: the program, the crates below it and the Python package, built for Windows and
//! tested under Wine; and, on demand, the helper for stores on the network.

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

/// The compiler's name for Windows with the GNU tools.
pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";
/// The packages whose tests run there.
const PACKAGES: [&str; 5] = ["otp-core", "otp-sys", "otp-store-fs", "otp-link", "otp-cli"];

/// Builds a third faster, and panics still show lines.
const QUICKER: (&str, &str) = ("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");

/// The one test module left out: it enumerates schedules, and so many thread switches take minutes under Wine.
const LEFT_OUT: &str = "meetings::";

/// Builds for Windows, makes a prefix in a temporary folder, and runs tests in it; by default, all but the helper's.
pub(crate) fn windows(arguments: &[String]) -> Result<()> {
    run(program("rustup").args(["target", "add", TARGET]))?;
    match arguments {
        [] => all(),
        [part] if part == "helper" => helper::test(&Wine::start()?),
        _ => Err("there is one part that can be named: helper".into()),
    }
}

fn all() -> Result<()> {
    // Making a prefix is mostly waiting.
    let (wine, python) = together(Wine::start, || {
        run(tests().arg("--no-run"))?;
        Python::prepare()
    });
    let (mut wine, python) = (wine?, python?);
    // One of the core's tests starts an interpreter.
    wine.add_to_path(python.folder());
    // The Python package's tests run one process at a time, and so do many of the crates'.
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

/// Where all of this is built: MinGW's `dlltool` can't handle a space in a path.
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
