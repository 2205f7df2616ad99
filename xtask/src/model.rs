//! `cargo xtask model`: visits every state of the model of rings, pages and rotations, then takes out each rule.

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::run;

pub(crate) fn model() -> Result<()> {
    run(&mut cargo(&["run", "--locked", "--release", "-q", "-p", "otp-model"]))
}
