//! Recording a program's system calls, and running it with faults among them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::sh::answers;

/// One system call of a run.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) name: String,
    /// The how manieth call of that name it is in its process, from 1.
    pub(super) ordinal: usize,
    /// How strace shows it: name, arguments, result.
    pub(super) line: String,
}

/// What a run did.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) calls: Vec<Call>,
    /// Where the program's own code begins. What comes before is the loader's and the runtime's: a program that does not
    /// start writes nothing.
    pub(super) start: usize,
}

/// One call that goes otherwise.
#[derive(Clone, Debug)]
pub(super) struct Injection {
    pub(super) name: String,
    pub(super) ordinal: usize,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// It fails with this error instead of being made.
    Error(&'static str),
    /// It and all later ones of that name fail.
    ErrorsFromHere(&'static str),
    /// The process is killed instead of making it.
    Kill,
}

impl Recording {
    /// Lets a process be dumped: one that can't be hides its memory, and with it names and bytes, from all but root.
    pub(super) fn readable() -> Injection {
        Injection { name: "prctl".into(), ordinal: 1, what: What::ErrorsFromHere("EPERM") }
    }

    /// Has the file system know no files without names, if the run makes only one such file: strace can fail one call of
    /// a name, or all later ones with it.
    pub(super) fn without_nameless_file(&self) -> Option<Injection> {
        let mut nameless = self.calls.iter().filter(|call| call.name == "openat" && call.line.contains("O_TMPFILE"));
        let (call, None) = (nameless.next()?, nameless.next()) else {
            return None;
        };
        Some(Injection { name: call.name.clone(), ordinal: call.ordinal, what: What::Error("EOPNOTSUPP") })
    }
}

pub(super) fn check_installed() -> Result<()> {
    if answers(Command::new("strace").arg("--version")) {
        Ok(())
    } else {
        Err("faults needs strace; on Debian and Ubuntu run: apt-get install strace".into())
    }
}

/// The command that runs `traced` under strace, with its calls in the file `log` and some of them going otherwise.
pub(super) fn command(traced: &Command, log: &Path, options: &[&str], injections: &[Injection]) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(log).args(options);
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
pub(super) fn read(log: &Path) -> Result<Recording> {
    let text = fs::read(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let text = String::from_utf8_lossy(&text);
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut calls = Vec::new();
    for line in text.lines() {
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

/// Whether some call failed because it was told to.
pub(super) fn was_injected(log: &Path) -> bool {
    fs::read(log).is_ok_and(|text| text.windows(10).any(|word| word == b"(INJECTED)"))
}
