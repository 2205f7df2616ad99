//! `cargo xtask prove`: perfect secrecy by enumeration, on the real code, at full size.

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::run;

pub(crate) fn prove() -> Result<()> {
    let test = ["test", "--locked", "--release", "-q", "-p", "otp-core", "--all-features", "--test", "secrecy"];
    run(cargo(&test).args(["--", "--ignored", "--nocapture"]))
}
