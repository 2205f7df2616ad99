//! `cargo xtask faults`: disturbs the real program in every way that `xtask/faults` knows.

use xtask::Result;
use xtask::sh::{cargo, program, run, target};

pub(crate) fn faults(arguments: &[String]) -> Result<()> {
    // The debug build, which has all of its assertions.
    run(&mut cargo(&["build", "--locked", "-q", "-p", "otp-cli", "-p", "otp-faults"]))?;
    run(program(&target().join("debug/otp-faults").display().to_string())
        .arg(target().join("debug/otp"))
        .args(arguments))
}
