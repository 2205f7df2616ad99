//! `cargo xtask prove`: perfect secrecy by enumeration, on the real code, at full size.

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::run;

pub(crate) fn prove() -> Result<()> {
    run(&mut cargo(&["run", "--locked", "--release", "-q", "-p", "otp-core", "--all-features", "--example", "prove"]))
}
