//! `cargo xtask faults`: disturbs the real program in all the ways that `xtask/faults` knows.

use xtask::Result;
use xtask::cargo::{build, cargo};
use xtask::sh::{program, run};

pub(crate) fn faults(arguments: &[String]) -> Result<()> {
    // The debug build, which has all of its assertions.
    let built = build(&mut cargo(&["build", "--locked", "-q", "-p", "otp-cli", "-p", "otp-faults"]))?;
    run(program(built.program("otp-faults")?).arg(built.program("otp")?).args(arguments))
}
