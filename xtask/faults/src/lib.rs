//! The real program `otp` under faults: each of its system calls fails, it is killed at each, disks lose what was not
//! synced or are full or read-only, and a hundred processes run at once. Afterwards, everything that the program
//! reported as done must still be there.
//!
//! A development tool, not published. docs/testing.md describes the trials.
#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

mod calls;
mod check;
mod context;
mod disk;
mod ending;
mod entropy;
mod folder;
mod full;
mod import_check;
mod load;
mod mounts;
mod operations;
mod point;
mod pool;
mod power;
mod replay;
mod ring_check;
mod ring_scene;
mod scene;
mod strace;
mod truth;

use std::path::Path;
use std::time::Instant;

use xtask::Result;

use crate::context::{Context, Row};
use crate::folder::Workplace;
use crate::scene::{Otp, Scenes};

/// How long the load lasts by default.
const SECONDS: u64 = 60;
const QUICK_SECONDS: u64 = 5;

/// One kind of trial.
struct Part {
    name: &'static str,
    title: &'static str,
    /// Runs the trials, and reports each row as soon as it is complete.
    run: fn(&Context, &mut dyn FnMut(Row)) -> Result<()>,
}

const PARTS: [Part; 4] = [
    Part { name: "calls", title: "system calls that fail, and kills between them", run: calls::try_all },
    Part { name: "power", title: "what a disk may hold after a power failure", run: power::try_all },
    Part { name: "full", title: "full and read-only file systems", run: full::try_all },
    Part { name: "load", title: "a hundred processes at once", run: load::try_all },
];

/// The arguments of the command line.
struct Options {
    parts: Vec<String>,
    quick: bool,
    only: String,
    seconds: Option<u64>,
}

/// Runs the trials that the arguments name, on the program named first.
///
/// # Errors
///
/// A message that says what was lost, or what this machine lacks.
pub fn run(arguments: &[String]) -> Result<()> {
    let (otp, arguments) = arguments.split_first().ok_or("the path of otp is missing")?;
    let options = parse(arguments)?;
    let place = Workplace::new()?;
    let otp = Otp::copy_from(Path::new(otp), &place)?;
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
