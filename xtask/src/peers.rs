//! `cargo xtask peers`: in-process figures beside AEADs of other hands, from a crate outside the workspace.

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::run;

pub(crate) fn peers() -> Result<()> {
    run(&mut cargo(&["run", "--locked", "--release", "--manifest-path", "xtask/peers/Cargo.toml"]))
}
