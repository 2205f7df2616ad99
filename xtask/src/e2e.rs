//! `cargo xtask e2e [PART...]`: real database servers, with passwords that exist only in a record and a key.

mod callers;
mod contract;
mod login;
mod rotations;

use std::path::PathBuf;
use std::time::Duration;

use xtask::Result;
use xtask::cargo::{build, cargo};
use xtask::sh::run;

use crate::servers::{mariadb, postgresql};
use crate::venv::{fresh, pip_install};

/// What all parts share.
struct Programs {
    otp: PathBuf,
    /// An environment with the drivers of both databases.
    venv: PathBuf,
}

/// One part of it.
struct Part {
    name: &'static str,
    run: fn(&Programs) -> Result<()>,
}

const PARTS: [Part; 3] = [
    Part { name: "login", run: login::log_in },
    Part {
        name: "postgresql",
        run: |programs| rotations::rotate(programs, &postgresql::Server::start()?, Duration::from_secs(120), 10),
    },
    Part {
        name: "mariadb",
        run: |programs| rotations::rotate(programs, &mariadb::Server::start()?, Duration::from_secs(40), 4),
    },
];

/// Runs the parts that are named, or all.
pub(crate) fn e2e(names: &[String]) -> Result<()> {
    if let Some(name) = names.iter().find(|name| PARTS.iter().all(|part| part.name != **name)) {
        return Err(format!("there is no part {name}; there are: {}", PARTS.map(|part| part.name).join(", ")));
    }
    let venv = fresh("e2e-venv")?;
    run(pip_install(&venv).args(["psycopg[binary]", "PyMySQL"]))?;
    let otp = build(&mut cargo(&["build", "--locked", "-q", "-p", "otp-cli"]))?.program("otp")?;
    let programs = Programs { otp, venv };
    for part in PARTS.iter().filter(|part| names.is_empty() || names.iter().any(|name| name == part.name)) {
        (part.run)(&programs)?;
    }
    Ok(())
}
