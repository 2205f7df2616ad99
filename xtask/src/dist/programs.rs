//! The programs for Linux, static: one file each, which needs nothing but the kernel.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use otp_test_tools::folder;
use xtask::Result;
use xtask::cargo::{self, cargo};
use xtask::sh::{answers, program, run};

use super::archive::tar;
use super::release::Release;
use super::trial::Trial;
use super::{documents, packagers};

/// Where Linux packages put the helper. `otp` looks beside itself first, so an unpacked archive works anywhere.
pub(super) const LIBEXEC: &str = "/usr/libexec/otp";

/// A kind of machine.
pub(super) struct Platform {
    pub(super) triple: &'static str,
    /// Its name in file names.
    name: &'static str,
    architecture: &'static str,
    /// The emulator that runs its programs on other kinds.
    emulator: &'static str,
}

pub(super) const X86_64: Platform = Platform {
    triple: "x86_64-unknown-linux-musl",
    name: "x86_64-linux",
    architecture: "x86_64",
    emulator: "qemu-x86_64",
};
pub(super) const AARCH64: Platform = Platform {
    triple: "aarch64-unknown-linux-musl",
    name: "aarch64-linux",
    architecture: "aarch64",
    emulator: "qemu-aarch64",
};

/// The built programs, in one folder.
pub(super) struct Programs {
    pub(super) otp: PathBuf,
    pub(super) helper: PathBuf,
}

/// The kind of this machine.
pub(super) fn host() -> Result<&'static Platform> {
    let platforms = [&X86_64, &AARCH64];
    let host = platforms.into_iter().find(|platform| platform.architecture == std::env::consts::ARCH);
    host.ok_or_else(|| format!("there is no static build for {} yet", std::env::consts::ARCH))
}

/// Makes an archive for each kind of machine, and tries out its contents.
pub(super) fn make(release: &Release) -> Result<()> {
    let documents = documents::make(release)?;
    for platform in [&X86_64, &AARCH64] {
        let programs = build(release, platform)?;
        let stage = folder();
        let name = format!("{}-{}", release.name(), platform.name);
        let top = stage.path().join(&name);
        let copied = documents.copy_to(&top).and_then(|()| {
            fs::copy(&programs.otp, top.join("otp"))?;
            fs::copy(&programs.helper, top.join("otp-remote"))
        });
        copied.map_err(|error| format!("{}: {error}", top.display()))?;
        try_out(release, platform, &top)?;
        tar(release, stage.path(), &name)?;
    }
    Ok(())
}

/// Builds the programs for a kind of machine.
pub(super) fn build(release: &Release, platform: &Platform) -> Result<Programs> {
    let mut command = command(platform)?;
    command.args(["-p", "otp-cli", "-p", "otp-remote"]);
    let built = cargo::build(release.reproducible(&mut command)?)?;
    let (otp, helper) = (built.program("otp")?, built.program("otp-remote")?);
    println!("{}\n{}", otp.display(), helper.display());
    Ok(Programs { otp, helper })
}

/// What builds packages for a kind of machine.
pub(super) fn command(platform: &Platform) -> Result<Command> {
    run(program("rustup").args(["target", "add", platform.triple]))?;
    let mut command = cargo(&["build", "--locked", "--profile", "dist", "--target", platform.triple]);
    command.env("OTP_LIBEXEC", LIBEXEC);
    packagers::link_statically(&mut command, platform.architecture)?;
    Ok(command)
}

/// Does the main job with an unpacked archive.
fn try_out(release: &Release, platform: &Platform, unpacked: &Path) -> Result<()> {
    let (home, helpers) = (folder(), folder());
    let is_foreign = platform.architecture != std::env::consts::ARCH;
    if is_foreign {
        if !answers(program(platform.emulator).arg("--version")) {
            return Err(format!("this needs {}: apt-get install qemu-user", platform.emulator));
        }
        // The kernel can't start the helper here: it is for another kind of machine.
        let script = format!("#!/bin/sh\nexec {} '{}'\n", platform.emulator, unpacked.join("otp-remote").display());
        let path = helpers.path().join("otp-remote");
        fs::write(&path, script)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o700)))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let otp = || {
        if !is_foreign {
            return Command::new(unpacked.join("otp"));
        }
        let mut command = Command::new(platform.emulator);
        command.arg(unpacked.join("otp"));
        command
    };
    let show = ["sh", "-c", "echo $OTP_USERNAME"];
    Trial { otp: &otp, home: home.path(), show: &show, helpers: is_foreign.then_some(helpers.path()) }.main_job(release)
}
