//! One process that opens one record: with each source of the key, and beside other programs that open one secret.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::Result;
use xtask::sh::{answers, run};

use super::processes::{Process, alone, in_pairs, process};
use super::{Findings, Scale, peers};

/// The program as cargo builds it, and as `cargo xtask dist` does.
pub(super) struct Programs {
    pub(super) stock: PathBuf,
    pub(super) fixed: PathBuf,
}

pub(super) const OPEN: &str = "one process that opens one record";
pub(super) const RUN: &str = "one process that starts another with a login";
pub(super) const ADD: &str = "one process that adds an account, durably";

/// The password in everything that is opened.
pub(super) const SECRET: &str = "correct horse battery staple";

pub(super) fn measure(programs: &Programs, scale: Scale, found: &mut Findings) -> Result<()> {
    let folder = otp_test_tools::folder();
    let home = folder.path();
    let floor = floor(home)?;
    // On the same file system as the floor, at an equally short path.
    let copy = |of: &Path, name| {
        let path = home.join(name);
        fs::copy(of, &path).map_err(|error| format!("{}: {error}", of.display()))?;
        Ok::<_, String>(path)
    };
    let programs = &Programs { stock: copy(&programs.stock, "stock")?, fixed: copy(&programs.fixed, "otp")? };
    let account = Account::add(&programs.fixed, home)?;
    let get = |program: &Path| account.get(program);
    let key = fs::read_to_string(&account.key).map_err(|error| format!("the key: {error}"))?;

    let mut openers = vec![
        process("a static program that does nothing", "", || alone(&floor, home)),
        process("otp get, static, key file", SECRET, || {
            let mut command = get(&programs.fixed);
            command.arg("--key-file").arg(&account.key);
            command
        }),
        Process {
            name: "otp get, static, descriptor",
            answer: SECRET,
            command: Box::new(|| {
                let mut command = get(&programs.fixed);
                let key = File::open(&account.key).map_err(|error| format!("the key: {error}"))?;
                command.args(["--key-fd", "0"]).stdin(key);
                Ok(command)
            }),
        },
        process("otp get, static, environment", SECRET, || {
            let mut command = get(&programs.fixed);
            command.env("OTP_KEY", key.trim_end());
            command
        }),
        process("otp get, stock release, key file", SECRET, || {
            let mut command = get(&programs.stock);
            command.arg("--key-file").arg(&account.key);
            command
        }),
        process("cat of the record", "OTPR", || {
            let mut command = alone("cat", home);
            command.arg(&account.record);
            command
        }),
    ];
    let (fast, slow) = peers::found(home, found);
    openers.extend(fast);
    found.figures.extend(in_pairs(OPEN, &openers, scale.runs)?);
    if !slow.is_empty() {
        openers.truncate(1);
        openers.extend(slow);
        let figures = in_pairs(OPEN, &openers, scale.long_runs)?;
        found.figures.extend(figures.into_iter().skip(1));
    }

    let starters = [
        process("env true", "", || {
            let mut command = alone("env", home);
            command.arg("true");
            command
        }),
        process("otp run -- true, static", "", || {
            let mut command = account.command(&programs.fixed, "run");
            command.arg("--key-file").arg(&account.key).args(["--", "true"]);
            command
        }),
    ];
    found.figures.extend(in_pairs(RUN, &starters, scale.runs)?);
    add(programs, home, scale, found)
}

/// Adding an account, beside an append to a file with a sync.
fn add(programs: &Programs, home: &Path, scale: Scale, found: &mut Findings) -> Result<()> {
    let count = std::cell::Cell::new(0_u32);
    let adders = [
        process("dd that appends 200 bytes and syncs", "", || {
            let mut command = alone("dd", home);
            command.args(["if=/dev/zero", "of=log", "bs=200", "count=1", "oflag=append", "conv=notrunc,fsync"]);
            command
        }),
        process("otp add, static", "", || {
            count.set(count.get() + 1);
            let mut command = alone(&programs.fixed, home);
            let account = format!("bench/account{}", count.get());
            command.args(["--store", "adds", "add", &account, "--username", "alice", "--generate", "--key-file"]);
            command.arg(format!("key{}", count.get()));
            command
        }),
    ];
    found.figures.extend(in_pairs(ADD, &adders, scale.runs / 4)?);
    Ok(())
}

/// A program that ends at once, without libraries or a runtime: the cost of a process.
fn floor(home: &Path) -> Result<PathBuf> {
    let end = match std::env::consts::ARCH {
        "x86_64" => "xor %edi, %edi\\n mov $60, %eax\\n syscall",
        "aarch64" => "mov x0, #0\\n mov x8, #93\\n svc #0",
        other => return Err(format!("there is no program that does nothing for {other} yet")),
    };
    let (source, built) = (home.join("floor.c"), home.join("floor"));
    let text = format!("void _start(void) {{ __asm__ volatile(\"{end}\"); __builtin_unreachable(); }}\n");
    fs::write(&source, text).map_err(|error| format!("{}: {error}", source.display()))?;
    run(Command::new("cc").args(["-O1", "-nostdlib", "-static-pie", "-o"]).arg(&built).arg(&source))?;
    if answers(&mut Command::new(&built)) { Ok(built) } else { Err("the program that does nothing fails".into()) }
}

/// An account, its key file and its record.
struct Account<'a> {
    home: &'a Path,
    key: PathBuf,
    record: PathBuf,
}

impl<'a> Account<'a> {
    fn add(otp: &Path, home: &'a Path) -> Result<Self> {
        let (key, secret) = (home.join("key"), home.join("secret"));
        let failed = |error: std::io::Error| format!("the account to open: {error}");
        fs::write(&secret, SECRET).map_err(failed)?;
        let mut add = alone(otp, home);
        add.args(["--store", "store", "add", "bench", "--username", "alice", "--password-stdin", "--key-file", "key"]);
        run(add.stdin(File::open(&secret).map_err(failed)?))?;
        let records = fs::read_dir(home.join("store/bench")).map_err(failed)?;
        let mut records = records.filter_map(|entry| Some(entry.ok()?.path()));
        let record = records.find(|path| path.extension().is_some_and(|extension| extension == "otp"));
        Ok(Self { home, key, record: record.ok_or("otp add made no record")? })
    }

    fn command(&self, otp: &Path, verb: &str) -> Command {
        let mut command = alone(otp, self.home);
        command.args([verb, "--store", "store"]);
        command
    }

    fn get(&self, otp: &Path) -> Command {
        self.command(otp, "get")
    }
}
