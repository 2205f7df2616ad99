//! Whole processes, in turns.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use otp_test_tools::turns::{Figure, figures};
use xtask::Result;

const WARM_UP: usize = 3;

/// A process to measure.
pub(crate) struct Process<'p> {
    pub(crate) name: &'p str,
    pub(crate) command: Box<dyn Fn() -> Result<Command> + 'p>,
    /// What its output must have in it.
    pub(crate) answer: &'p str,
}

/// A process that is started anew with the same words.
pub(crate) fn process<'p>(name: &'p str, answer: &'p str, command: impl Fn() -> Command + 'p) -> Process<'p> {
    Process { name, command: Box::new(move || Ok(command())), answer }
}

/// Runs them in turns; the first is the floor.
pub(crate) fn in_turns(table: &str, processes: &[Process<'_>], runs: usize) -> Result<Vec<Figure>> {
    eprintln!("\n--> {table}");
    let mut times = vec![Vec::with_capacity(runs); processes.len()];
    for round in 0..WARM_UP + runs {
        for (process, times) in processes.iter().zip(&mut times) {
            let mut command = (process.command)()?;
            command.stderr(Stdio::null());
            if round == 0 {
                check(process, &mut command)?;
                continue;
            }
            command.stdout(Stdio::null());
            let start = Instant::now();
            let status = command.status().map_err(|error| format!("{}: {error}", process.name))?;
            let time = start.elapsed().as_secs_f64();
            if !status.success() {
                return Err(format!("{}: {status}", process.name));
            }
            if round >= WARM_UP {
                times.push(time);
            }
        }
    }
    let names: Vec<_> = processes.iter().map(|process| process.name).collect();
    Ok(figures(table, &names, &times))
}

/// Runs it once, and fails unless its answer is right.
pub(crate) fn check(process: &Process<'_>, command: &mut Command) -> Result<()> {
    let output = command.output().map_err(|error| format!("{}: {error}", process.name))?;
    let is_there = output.stdout.windows(process.answer.len().max(1)).any(|part| part == process.answer.as_bytes());
    if output.status.success() && (is_there || process.answer.is_empty()) {
        return Ok(());
    }
    Err(format!("{}: {}, and not the right answer", process.name, output.status))
}

/// A command in an environment that has nothing of the user's own.
pub(crate) fn alone(program: impl AsRef<std::ffi::OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home).current_dir(home);
    command.stdin(Stdio::null());
    command
}
