//! `cargo xtask demo`: the main job, narrated, with a real Python script as the callee.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::Result;
use xtask::sh::{cargo, output, root, run};

const SCRIPT: &str = include_str!("demo/report.py");

pub(crate) fn demo() -> Result<()> {
    run(&mut cargo(&["build", "--locked", "-q", "-p", "otp-cli"]))?;
    let otp = root().join("target/debug/otp").canonicalize().map_err(|error| format!("otp: {error}"))?;
    let folder = Folder::new()?;
    fs::write(folder.0.join("report.py"), SCRIPT).map_err(|error| format!("report.py: {error}"))?;
    let step = |line: &str| step(&folder.0, &otp, line);

    println!("\nIn {}, which is removed afterwards.\n", folder.0.display());
    println!("1. A credential is sealed. The store keeps the record, the caller gets the key.");
    step("add edms/reporting --username alice --generate --for nightly --key-file nightly.key")?;
    println!("   In the store: {}", find_record(&folder.0.join("store"))?);
    step("info edms/reporting")?;

    println!("\n2. The calling process starts the script, with nothing but the key. The script logs in.");
    step("run --key-file nightly.key -- python3 report.py")?;

    println!("\n3. The key is revoked. The same call starts nothing.");
    let inspected = output(in_folder(&folder.0, &otp).args(["key", "inspect", "--key-file", "nightly.key"]))?;
    let id = inspected.lines().find_map(|line| line.strip_prefix("key id")).ok_or("otp key inspect shows no key id")?;
    step(&format!("revoke edms/reporting {}", id.trim()))?;
    match step("run --key-file nightly.key -- python3 report.py") {
        Err(_) => println!("   (refused, as it should be)"),
        Ok(()) => return Err("a revoked key opened".into()),
    }
    println!("\nThat is the whole job. Next: README.md, and cargo run -p otp-cli -- --help");
    Ok(())
}

/// Shows a command and runs it in the demo's folder.
fn step(folder: &Path, otp: &Path, line: &str) -> Result<()> {
    println!("   $ otp {line}");
    let status = in_folder(folder, otp).args(line.split(' ')).status().map_err(|error| format!("otp: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("otp {line}: {status}")) }
}

fn in_folder(folder: &Path, otp: &Path) -> Command {
    let mut command = Command::new(otp);
    command.current_dir(folder).env("OTP_STORE", folder.join("store"));
    for name in ["OTP_KEY", "OTP_KEY_FILE", "CREDENTIALS_DIRECTORY"] {
        command.env_remove(name);
    }
    command
}

fn find_record(store: &Path) -> Result<String> {
    let entries = fs::read_dir(store.join("edms/reporting")).map_err(|error| format!("the store: {error}"))?;
    let mut names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
    let record = names.find(|name| name.as_bytes().ends_with(b".otp")).ok_or("there is no record")?;
    Ok(format!("edms/reporting/{record}"))
}

/// A folder that is removed when the demo ends, however it ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("otp-demo-{}", std::process::id()));
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
