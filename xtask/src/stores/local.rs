//! Tests without a separate server: faults, the helper's life, and how many requests a command takes.

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::run;

use super::{PACKAGES, Programs};

pub(super) fn run_tests() -> Result<()> {
    run(cargo(&["test", "--locked"]).args(PACKAGES))?;
    let programs = Programs::build()?;
    let mut requests = cargo(&["test", "--locked"]);
    requests.args(PACKAGES).args(["--test", "requests", "--", "--ignored"]);
    run(requests.env("OTP_STORES_PROGRAM", &programs.otp).env("OTP_HELPERS", programs.helpers()))
}
