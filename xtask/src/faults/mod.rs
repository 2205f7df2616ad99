//! `cargo xtask faults`: the real program, with each of its system calls failing, and killed at each; disks that lose what
//! was not synced, that are full or read-only; and a hundred processes at once. After each, what was reported is looked for.

mod calls;
mod check;
mod operations;
mod point;
mod pool;
mod scene;
mod strace;

use std::time::Instant;

use crate::Result;
use crate::sh::{cargo, root, run};
use scene::Otp;

/// What is asked for on the command line.
struct Options {
    parts: Vec<String>,
    quick: bool,
}

/// What one operation went through.
struct Row {
    operation: String,
    points: usize,
    losses: Vec<String>,
}

/// One kind of trial: its name, what it does to the program, and how it is run.
struct Part {
    name: &'static str,
    title: &'static str,
    run: fn(&Otp, &Options) -> Result<Vec<Row>>,
}

const PARTS: [Part; 1] =
    [Part { name: "calls", title: "system calls that fail, and kills between them", run: calls::try_all }];

pub(crate) fn faults(arguments: &[String]) -> Result<()> {
    let options = parse(arguments)?;
    if !cfg!(target_os = "linux") {
        return Err("faults are tried on Linux only".into());
    }
    run(&mut cargo(&["build", "--locked", "-q", "-p", "otp-cli"]))?;
    let otp = Otp::find(&root())?;
    let (mut points, mut losses) = (0, Vec::new());
    for part in PARTS.iter().filter(|part| options.parts.is_empty() || options.parts.iter().any(|p| p == part.name)) {
        let start = Instant::now();
        let rows = (part.run)(&otp, &options)?;
        println!("\n{} ({:.0} s)", part.title, start.elapsed().as_secs_f64());
        println!("  {:<52} {:>8} {:>8}", "operation", "points", "losses");
        for row in rows {
            println!("  {:<52} {:>8} {:>8}", row.operation, row.points, row.losses.len());
            points += row.points;
            losses.extend(row.losses.into_iter().map(|loss| format!("{}: {loss}", row.operation)));
        }
    }
    for loss in &losses {
        eprintln!("\nlost: {loss}");
    }
    println!("\n{points} points, {} losses", losses.len());
    if losses.is_empty() { Ok(()) } else { Err("something was lost; each is described above".into()) }
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options { parts: Vec::new(), quick: false };
    for argument in arguments {
        match argument.as_str() {
            "--quick" => options.quick = true,
            name if PARTS.iter().any(|part| part.name == name) => options.parts.push(name.to_owned()),
            other => {
                let names = PARTS.map(|part| part.name).join(", ");
                return Err(format!("there is no part or option {other}; there are: {names}, --quick"));
            }
        }
    }
    Ok(options)
}
