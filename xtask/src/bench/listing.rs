//! Listing a store of many accounts, and the disk space that it takes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use xtask::Result;
use xtask::sh::{output, run};

use super::open::Programs;
use super::processes::{alone, in_pairs, process};
use super::{Findings, Scale};

pub(super) const LIST: &str = "names of all accounts";
pub(super) const LIST_JSON: &str = "all that the store says of all accounts";

pub(super) fn measure(programs: &Programs, scale: Scale, found: &mut Findings) -> Result<()> {
    let folder = otp_test_tools::folder();
    let home = folder.path();
    fill(&programs.fixed, home, scale.accounts)?;
    let kib = disk_kib(&home.join("store"))?;
    found.sizes.push(("disk for an account with one key".to_owned(), kib * 1024 / scale.accounts as u64));

    let find = |rest: &[&str]| {
        let mut command = alone("find", home);
        command.args(["store", "-type", "f"]).args(rest);
        command
    };
    let list = |rest: &[&str]| {
        let mut command = alone(&programs.fixed, home);
        command.args(["--store", "store", "list"]).args(rest);
        command
    };
    let end = name(scale.accounts - 1);
    let names = [process("find -type f", &end, || find(&[])), process("otp list, static", &end, || list(&[]))];
    found.figures.extend(in_pairs(LIST, &names, scale.long_runs)?);
    let contents = [
        process("find -type f, and cat of all records", &end, || find(&["-name", "*.otp", "-exec", "cat", "{}", "+"])),
        process("otp list --json, static", &end, || list(&["--json"])),
    ];
    found.figures.extend(in_pairs(LIST_JSON, &contents, scale.long_runs)?);
    Ok(())
}

fn name(number: usize) -> String {
    format!("account{number:06}")
}

/// Makes a store with so many accounts, by one import.
fn fill(otp: &Path, home: &Path, accounts: usize) -> Result<()> {
    let mut manifest = String::new();
    for number in 0..accounts {
        let _ = writeln!(manifest, r#"{{"account":"{}","username":"alice","generate":32}}"#, name(number));
    }
    let path = home.join("manifest");
    fs::write(&path, manifest).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut import = alone(otp, home);
    import.args(["--store", "store", "import", "jsonl", "manifest", "--new-key-dir", "keys"]);
    run(import.stdout(std::process::Stdio::null()))
}

/// The disk space that a folder takes, in KiB.
fn disk_kib(folder: &Path) -> Result<u64> {
    let text = output(std::process::Command::new("du").arg("-sk").arg(folder))?;
    text.split_whitespace().next().and_then(|kib| kib.parse().ok()).ok_or_else(|| "du shows no size".into())
}
