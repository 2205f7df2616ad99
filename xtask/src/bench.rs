//! `cargo xtask bench`: whole processes against their floors, interleaved, as ratios.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use otp_test_tools::TempDir;
use xtask::Result;
use xtask::cargo::{build, cargo};
use xtask::sh::run;

use crate::dist;

/// Runs of each command that count.
const RUNS: usize = 401;
const WARM_UP: usize = 20;

pub(crate) fn bench() -> Result<()> {
    let stock = build(&mut cargo(&["build", "--locked", "--release", "-p", "otp-cli"]))?.program("otp")?;
    let fixed = dist::program()?;
    for accounts in [10_usize, 100_000] {
        let bench = Bench::new(&stock, accounts)?;
        let get = |otp: &Path| {
            let mut command = Command::new(otp);
            command.args(["get", "--store"]).arg(&bench.store).arg("--key-file").arg(&bench.key);
            command
        };
        let cat = || {
            let mut command = Command::new("cat");
            command.arg(&bench.record);
            command
        };
        let medians = interleaved(&[&cat, &|| get(&stock), &|| get(&fixed)])?;
        println!("\none process that opens one record, among {accounts} accounts (median of {RUNS} interleaved runs)");
        for (name, median) in ["cat of the record", "otp get, stock release", "otp get, static"].iter().zip(&medians) {
            println!("  {name:<24} {:>7.3} ms  {:>5.2}", median * 1e3, median / medians[0]);
        }
    }
    run(&mut cargo(&["bench", "--locked", "-p", "otp-store-fs", "--bench", "store"]))
}

/// Median whole-process times in seconds, of commands that run in turn.
fn interleaved(commands: &[&dyn Fn() -> Command]) -> Result<Vec<f64>> {
    let mut times = vec![Vec::with_capacity(RUNS); commands.len()];
    for round in 0..WARM_UP + RUNS {
        for (command, times) in commands.iter().zip(&mut times) {
            let mut command = command();
            command.stdin(Stdio::null()).stdout(Stdio::null());
            let start = Instant::now();
            let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
            let time = start.elapsed().as_secs_f64();
            if !status.success() {
                return Err(format!("{command:?}: {status}"));
            }
            if round >= WARM_UP {
                times.push(time);
            }
        }
    }
    Ok(times
        .into_iter()
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
        .collect())
}

/// A store with many accounts, and a key to one of them.
struct Bench {
    /// Removed when the measurement is over.
    _folder: TempDir,
    store: PathBuf,
    key: PathBuf,
    record: PathBuf,
}

impl Bench {
    fn new(otp: &Path, accounts: usize) -> Result<Self> {
        let failed = |error: std::io::Error| format!("the store to measure: {error}");
        let folder = otp_test_tools::folder();
        let (store, key) = (folder.path().join("store"), folder.path().join("key"));
        let mut add = Command::new(otp);
        add.args(["add", "bench", "--username", "alice", "--generate", "--store"])
            .arg(&store)
            .arg("--key-file")
            .arg(&key);
        run(&mut add)?;
        let directory = store.join("bench");
        let name = fs::read_dir(&directory).map_err(failed)?.find_map(|entry| {
            let name = entry.ok()?.file_name();
            name.as_encoded_bytes().ends_with(b".otp").then_some(name)
        });
        let name = name.ok_or("otp add made no record")?;
        let record = directory.join(&name);
        // Neighbours, whose contents are never read.
        for number in 1..accounts {
            let neighbour = store.join(format!("account-{number}"));
            fs::create_dir(&neighbour).map_err(failed)?;
            fs::hard_link(&record, neighbour.join(&name))
                .or_else(|_| fs::copy(&record, neighbour.join(&name)).map(drop))
                .map_err(failed)?;
        }
        Ok(Self { _folder: folder, store, key, record })
    }
}
