//! `cargo xtask demo`: the main job, narrated, with a real Python script as the callee.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use otp_test_tools::{TempDir, folder};
use xtask::Result;
use xtask::cargo::{build, cargo};
use xtask::sh::output;

const SCRIPT: &str = include_str!("demo/report.py");

pub(crate) fn demo() -> Result<()> {
    let otp = build(&mut cargo(&["build", "--locked", "-q", "-p", "otp-cli"]))?.program("otp")?;
    let place = Place { folder: folder(), otp };
    fs::write(place.path("report.py"), SCRIPT).map_err(|error| format!("report.py: {error}"))?;

    println!("\nIn {}, which is removed afterwards.\n", place.folder.path().display());
    println!("1. A credential is sealed. The store keeps the record, the caller gets the key.");
    place.step("add edms/reporting --username alice --generate --for nightly --key-file nightly.key")?;
    println!("   In the store: {}", place.record()?);
    place.step("info edms/reporting")?;

    println!("\n2. The calling process starts the script, with nothing but the key. The script logs in.");
    place.step("run --key-file nightly.key -- python3 report.py")?;

    println!("\n3. The key is revoked. The same call starts nothing.");
    let inspected = output(place.otp().args(["key", "inspect", "--key-file", "nightly.key"]))?;
    let id = inspected.lines().find_map(|line| line.strip_prefix("key id")).ok_or("otp key inspect shows no key id")?;
    place.step(&format!("revoke edms/reporting {}", id.trim()))?;
    match place.step("run --key-file nightly.key -- python3 report.py") {
        Err(_) => println!("   (refused, as it should be)"),
        Ok(()) => return Err("a revoked key opened".into()),
    }
    println!("\nThat is the whole job. Next: README.md, and cargo run -p otp-cli -- --help");
    Ok(())
}

/// Where the demo takes place.
struct Place {
    folder: TempDir,
    otp: PathBuf,
}

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Shows a command and runs it.
    fn step(&self, line: &str) -> Result<()> {
        println!("   $ otp {line}");
        let status = self.otp().args(line.split(' ')).status().map_err(|error| format!("otp: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("otp {line}: {status}")) }
    }

    fn otp(&self) -> Command {
        let mut command = Command::new(&self.otp);
        command.current_dir(self.folder.path()).env("OTP_STORE", self.path("store"));
        for name in ["OTP_KEY", "OTP_KEY_FILE", "CREDENTIALS_DIRECTORY"] {
            command.env_remove(name);
        }
        command
    }

    /// The record's path in the store.
    fn record(&self) -> Result<String> {
        let account = Path::new("edms/reporting");
        let entries = fs::read_dir(self.path("store").join(account)).map_err(|error| format!("the store: {error}"))?;
        let mut names = entries.filter_map(|entry| Some(PathBuf::from(entry.ok()?.file_name())));
        let record = names.find(|name| name.extension().is_some_and(|extension| extension == "otp"));
        Ok(account.join(record.ok_or("there is no record")?).display().to_string())
    }
}
