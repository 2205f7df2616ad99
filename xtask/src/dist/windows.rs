//! The programs for Windows, in a zip file, tested under Wine.

use std::fs;
use std::process::Command;

use otp_test_tools::folder;
use xtask::Result;
use xtask::cargo::{self, cargo};
use xtask::sh::{program, root, run};

use super::archive::zip;
use super::programs::Programs;
use super::release::Release;
use super::trial::Trial;
use crate::windows::{TARGET, Wine, folder as target};

/// Files that come with the programs.
const FILES: [&str; 5] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "docs/windows.md"];

/// Builds both programs.
pub(super) fn build(release: &Release) -> Result<Programs> {
    run(program("rustup").args(["target", "add", TARGET]))?;
    let mut command = cargo(&["build", "--locked", "--profile", "dist", "-p", "otp-cli", "-p", "otp-remote"]);
    command.args(["--target", TARGET]).env("CARGO_TARGET_DIR", target());
    let built = cargo::build(release.reproducible(&mut command)?)?;
    Ok(Programs { otp: built.program("otp")?, helper: built.program("otp-remote")? })
}

/// Makes the zip file, and tries out its contents.
pub(super) fn make(release: &Release) -> Result<()> {
    let programs = build(release)?;
    let stage = folder();
    let name = format!("{}-x86_64-windows", release.name());
    let top = stage.path().join(&name);
    let copied = fs::create_dir_all(&top).and_then(|()| {
        for file in FILES {
            fs::copy(root().join(file), top.join(file.trim_start_matches("docs/")))?;
        }
        fs::copy(&programs.otp, top.join("otp.exe"))?;
        fs::copy(&programs.helper, top.join("otp-remote.exe"))
    });
    copied.map_err(|error| format!("{}: {error}", top.display()))?;
    let (wine, home) = (Wine::start()?, folder());
    let otp = || -> Command { wine.command(&top.join("otp.exe")) };
    let show = ["cmd", "/c", "echo %OTP_USERNAME%"];
    Trial { otp: &otp, home: home.path(), show: &show, helpers: None }.main_job(release)?;
    zip(release, stage.path(), &name)
}
