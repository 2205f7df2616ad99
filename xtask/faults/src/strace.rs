//! Records a program's system calls, and injects faults into them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use xtask::Result;
use xtask::sh::answers;

/// One system call of a run.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// Its number among the process's calls with that name, from 1.
    pub(crate) ordinal: usize,
    /// Name, arguments and result, as printed by strace.
    pub(crate) line: String,
}

/// What a run did.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) calls: Vec<Call>,
    /// Where the program's own code begins. The loader and the runtime come first: a program that fails to start writes
    /// nothing.
    pub(crate) start: usize,
}

/// One fault in one call.
#[derive(Clone, Debug)]
pub(crate) struct Injection {
    pub(crate) name: String,
    pub(crate) ordinal: usize,
    pub(crate) what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// The call fails with this error and does nothing.
    Error(&'static str),
    /// This call and all later ones of that name fail.
    ErrorsFromHere(&'static str),
    /// The process is killed before it makes the call.
    Kill,
}

impl Recording {
    /// Keeps the process dumpable: otherwise only root can read its memory, and so the paths and bytes in its calls.
    pub(crate) fn readable() -> Injection {
        Injection { name: "prctl".into(), ordinal: 1, what: What::ErrorsFromHere("EPERM") }
    }

    /// Makes the file system refuse unnamed files, if the run makes only one: strace can fail one call with a name, or
    /// all from some call on.
    pub(crate) fn without_unnamed_file(&self) -> Option<Injection> {
        let mut unnamed = self.calls.iter().filter(|call| call.name == "openat" && call.line.contains("O_TMPFILE"));
        let (call, None) = (unnamed.next()?, unnamed.next()) else {
            return None;
        };
        Some(Injection { name: call.name.clone(), ordinal: call.ordinal, what: What::Error("EOPNOTSUPP") })
    }
}

pub(crate) fn check_installed() -> Result<()> {
    if answers(Command::new("strace").arg("--version")) {
        Ok(())
    } else {
        Err("faults needs strace; on Debian and Ubuntu run: apt-get install strace".into())
    }
}

/// The command that runs `traced` under strace, writes its calls to the file `log`, and injects faults.
pub(crate) fn command(traced: &Command, log: &Path, options: &[&str], injections: &[Injection]) -> Command {
    let mut command = Command::new("strace");
    // Programs that `otp` starts run on their own: only `otp` is disturbed.
    command.args(["-f", "--detach-on=execve", "-qq", "-o"]).arg(log).args(options);
    for Injection { name, ordinal, what } in injections {
        let what = match what {
            What::Error(error) => format!("error={error}:when={ordinal}"),
            What::ErrorsFromHere(error) => format!("error={error}:when={ordinal}+"),
            What::Kill => format!("signal=SIGKILL:when={ordinal}"),
        };
        command.arg("-e").arg(format!("inject={name}:{what}"));
    }
    command.arg(traced.get_program()).args(traced.get_args());
    if let Some(dir) = traced.get_current_dir() {
        command.current_dir(dir);
    }
    for (name, value) in traced.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Reads what a traced process did.
pub(crate) fn read(log: &Path) -> Result<Recording> {
    let text = fs::read(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let text = String::from_utf8_lossy(&text);
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut calls = Vec::new();
    let of_process = |line: &str| line.split(' ').next().map(str::to_owned);
    let first = text.lines().next().and_then(of_process);
    // What a child does before it becomes another program is not `otp`'s doing.
    for line in text.lines().filter(|line| of_process(line) == first) {
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let Some((name, _)) = line.split_once('(').filter(|(name, _)| is_name(name)) else {
            continue;
        };
        let ordinal = counts.entry(name).or_default();
        *ordinal += 1;
        calls.push(Call { name: name.to_owned(), ordinal: *ordinal, line: line.to_owned() });
    }
    let start = calls.iter().position(|call| call.line.starts_with("prctl(PR_SET_DUMPABLE"));
    match start {
        Some(start) => Ok(Recording { calls, start: start + 1 }),
        None => Err(format!("no call of the program's own in what strace recorded:\n{text}")),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a fault was injected.
pub(crate) fn was_injected(log: &Path) -> bool {
    fs::read(log).is_ok_and(|text| text.windows(10).any(|word| word == b"(INJECTED)"))
}
