//! `cargo xtask faults`: the real program, with each of its system calls failing, and killed at each; disks that lose what
//! was not synced, that are full or read-only; and a hundred processes at once. After each, what was reported is looked for.

mod calls;
mod check;
mod disk;
mod ending;
mod folder;
mod full;
mod load;
mod mounts;
mod operations;
mod point;
mod pool;
mod power;
mod replay;
mod scene;
mod strace;
mod truth;

use std::time::Instant;

use crate::Result;
use crate::sh::{cargo, run};
use folder::Workplace;
use operations::Operation;
use scene::{Otp, Scenes};

/// What is asked for on the command line.
struct Options {
    parts: Vec<String>,
    quick: bool,
    only: String,
    seconds: Option<u64>,
}

/// What every part works with.
struct Context {
    place: Workplace,
    otp: Otp,
    scenes: Scenes,
    quick: bool,
    /// Only operations whose name has this are tried.
    only: String,
    /// For how long there is load.
    seconds: u64,
}

impl Context {
    /// What is tried.
    fn operations(&self) -> Vec<Operation> {
        operations::all().into_iter().filter(|operation| operation.name.contains(&self.only)).collect()
    }
}

/// What one operation went through.
struct Row {
    operation: String,
    points: usize,
    losses: Vec<String>,
}

/// One kind of trial.
struct Part {
    name: &'static str,
    title: &'static str,
    /// Tries it, and tells of each row as soon as it is done.
    run: fn(&Context, &mut dyn FnMut(Row)) -> Result<()>,
}

/// For how long there is load if nothing else is said.
const SECONDS: u64 = 60;
const QUICK_SECONDS: u64 = 5;

const PARTS: [Part; 4] = [
    Part { name: "calls", title: "system calls that fail, and kills between them", run: calls::try_all },
    Part { name: "power", title: "what a disk may hold after the power failed", run: power::try_all },
    Part { name: "full", title: "full and read-only file systems", run: full::try_all },
    Part { name: "load", title: "a hundred processes at once", run: load::try_all },
];

pub(crate) fn faults(arguments: &[String]) -> Result<()> {
    let options = parse(arguments)?;
    if !cfg!(target_os = "linux") {
        return Err("faults are tried on Linux only".into());
    }
    run(&mut cargo(&["build", "--locked", "-q", "-p", "otp-cli"]))?;
    let place = Workplace::new()?;
    let otp = Otp::find(&place)?;
    let scenes = Scenes::prepare(&otp, &place)?;
    let seconds = options.seconds.unwrap_or(if options.quick { QUICK_SECONDS } else { SECONDS });
    let context = Context { place, otp, scenes, quick: options.quick, only: options.only.clone(), seconds };
    let (mut points, mut losses) = (0, 0);
    for part in PARTS.iter().filter(|part| options.parts.is_empty() || options.parts.iter().any(|p| p == part.name)) {
        println!("\n{:<64} {:>8} {:>8}", part.title, "points", "losses");
        let start = Instant::now();
        (part.run)(&context, &mut |row| {
            println!("  {:<62} {:>8} {:>8}", row.operation, row.points, row.losses.len());
            points += row.points;
            losses += row.losses.len();
            for loss in row.losses {
                eprintln!("\nlost: {}: {loss}\n", row.operation);
            }
        })?;
        println!("  ({:.0} s)", start.elapsed().as_secs_f64());
    }
    println!("\n{points} points, {losses} losses");
    if losses == 0 { Ok(()) } else { Err("something was lost; each loss is described where it happened".into()) }
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options { parts: Vec::new(), quick: false, only: String::new(), seconds: None };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => options.quick = true,
            "--only" => {
                let name = arguments.next().ok_or("--only takes a part of an operation's name")?;
                options.only.clone_from(name);
            }
            "--seconds" => {
                let number = arguments.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
                options.seconds = Some(number.ok_or("--seconds takes a number above 0")?);
            }
            name if PARTS.iter().any(|part| part.name == name) => options.parts.push(name.to_owned()),
            other => {
                let names = PARTS.map(|part| part.name).join(", ");
                return Err(format!(
                    "there is no part or option {other}; there are: {names}, --quick, --only NAME, --seconds N"
                ));
            }
        }
    }
    Ok(options)
}
