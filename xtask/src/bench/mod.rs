//! `cargo xtask bench`: the program against the least that the machine can do, and against every installed peer.
//!
//! Each row is measured in pairs with the floor of its table, and its answer is checked first.

mod device;
mod library;
mod listing;
mod open;
mod page;
mod peers;
pub(crate) mod processes;
mod python;

use std::fs;

use otp_test_tools::turns::Figure;
use xtask::Result;
use xtask::cargo::{build, cargo};
use xtask::sh::root;

use self::open::Programs;
use crate::dist;

/// How often each work runs, and how large it is.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    /// Runs of processes that take a millisecond or less.
    pub(super) runs: usize,
    /// Runs of processes that take a hundred times as long.
    pub(super) long_runs: usize,
    /// Accounts in the store that is listed.
    pub(super) accounts: usize,
    /// Processes for work that takes microseconds.
    pub(super) processes: usize,
}

const WHOLE: Scale = Scale { runs: 401, long_runs: 21, accounts: 20_000, processes: 5 };
const QUICK: Scale = Scale { runs: 61, long_runs: 5, accounts: 5_000, processes: 1 };

/// The results of a run.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) figures: Vec<Figure>,
    /// Peers that are not installed or did not work here.
    pub(super) missing: Vec<String>,
    /// Sizes: what, and how many bytes.
    pub(super) sizes: Vec<(String, u64)>,
}

pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    let (mut scale, mut json, mut write) = (WHOLE, false, false);
    for argument in arguments {
        match argument.as_str() {
            "--quick" => scale = QUICK,
            "--json" => json = true,
            "--write" => write = true,
            other => return Err(format!("bench takes --quick, --json and --write, not {other}")),
        }
    }
    let programs = Programs {
        stock: build(&mut cargo(&["build", "--locked", "--release", "-p", "otp-cli"]))?.program("otp")?,
        fixed: dist::program()?,
    };
    let mut found = Findings::default();
    open::measure(&programs, scale, &mut found)?;
    listing::measure(&programs, scale, &mut found)?;
    python::measure(&programs, scale, &mut found)?;
    library::measure(scale, &mut found)?;
    #[cfg(unix)]
    match crate::stores::bench::measure(scale.runs / 2) {
        Ok(figures) => found.figures.extend(figures),
        Err(error) => found.missing.push(format!("a store on the network ({error})")),
    }
    device::measure(&mut found)?;
    if write {
        let command = format!("cargo xtask bench {}", arguments.join(" "));
        for (name, text) in
            [("performance.md", page::page(&found, &command)?), ("performance.svg", page::chart(&found))]
        {
            let path = root().join("docs").join(name);
            fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    let text = if json { format!("{:#}\n", page::json(&found)) } else { page::tables(&found) };
    print!("{text}");
    Ok(())
}
