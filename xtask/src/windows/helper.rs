//! The helper for stores on the network, and `otp` with it, against a server in the tests themselves.

use std::process::Command;

use xtask::Result;
use xtask::cargo::{build, cargo};
use xtask::sh::run;

use super::wine::{Wine, as_windows};
use super::{QUICKER, TARGET, folder};

/// Runs the helper's own tests, and those of the program, with the helper beside it.
pub(super) fn test(wine: &Wine) -> Result<()> {
    run(wine.run_for(&mut for_windows("test", "otp-remote")))?;
    let otp = build(&mut for_windows("build", "otp-cli"))?.program("otp")?;
    let mut tests = for_windows("test", "otp-remote");
    // One at a time: one of them looks at all running processes.
    tests.args(["--test", "requests", "--test", "windows", "--", "--ignored", "--test-threads=1"]);
    run(wine.run_for(tests.env("OTP_STORES_PROGRAM", as_windows(&otp))))
}

fn for_windows(verb: &str, package: &str) -> Command {
    let mut command = cargo(&[verb, "--locked", "--target", TARGET, "-p", package]);
    command.envs([QUICKER]).env("CARGO_TARGET_DIR", folder());
    command
}
