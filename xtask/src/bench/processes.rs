//! Measuring whole processes, in pairs.

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
    /// What its output must contain.
    pub(crate) answer: &'p str,
}

/// A process that is started each time with the same words.
pub(crate) fn process<'p>(name: &'p str, answer: &'p str, command: impl Fn() -> Command + 'p) -> Process<'p> {
    Process { name, command: Box::new(move || Ok(command())), answer }
}

/// Runs each but the first in pairs with the first, the floor. Runs alternate, with nothing between them that would
/// change the caches.
pub(crate) fn in_pairs(table: &str, processes: &[Process<'_>], runs: usize) -> Result<Vec<Figure>> {
    eprintln!("\n--> {table}");
    let [floor, others @ ..] = processes else { return Ok(Vec::new()) };
    processes.iter().try_for_each(|process| check(process, &mut quiet(process)?))?;
    let mut found = Vec::with_capacity(processes.len());
    for process in others {
        let mut times = [Vec::with_capacity(runs), Vec::with_capacity(runs)];
        for round in 0..WARM_UP + runs {
            for (process, times) in [floor, process].into_iter().zip(&mut times) {
                let time = seconds(process)?;
                if round >= WARM_UP {
                    times.push(time);
                }
            }
        }
        let pair = figures(table, &[floor.name, process.name], &times);
        found.extend(pair.into_iter().skip(usize::from(!found.is_empty())));
    }
    Ok(found)
}

/// The time of one run.
fn seconds(process: &Process<'_>) -> Result<f64> {
    let mut command = quiet(process)?;
    command.stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().map_err(|error| format!("{}: {error}", process.name))?;
    let time = start.elapsed().as_secs_f64();
    if status.success() { Ok(time) } else { Err(format!("{}: {status}", process.name)) }
}

fn quiet(process: &Process<'_>) -> Result<Command> {
    let mut command = (process.command)()?;
    command.stderr(Stdio::null());
    Ok(command)
}

/// Runs it once; fails if its answer is wrong.
pub(crate) fn check(process: &Process<'_>, command: &mut Command) -> Result<()> {
    let output = command.output().map_err(|error| format!("{}: {error}", process.name))?;
    let is_there = output.stdout.windows(process.answer.len().max(1)).any(|part| part == process.answer.as_bytes());
    if output.status.success() && (is_there || process.answer.is_empty()) {
        return Ok(());
    }
    Err(format!("{}: {}, and not the right answer", process.name, output.status))
}

/// A command in an environment without anything of the user's.
pub(crate) fn alone(program: impl AsRef<std::ffi::OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home).current_dir(home);
    command.stdin(Stdio::null());
    command
}
