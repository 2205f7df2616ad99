//! Runs every scenario and prints what was found. `cargo xtask model` starts this.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Instant;

use otp_model::{checker, scenarios};

fn main() -> ExitCode {
    let only = std::env::args().nth(1);
    for s in scenarios::all() {
        if only.as_ref().is_some_and(|o| !s.name.contains(o.as_str())) {
            continue;
        }
        let t = Instant::now();
        let found = checker::search(&s);
        println!("{} locks={} {} states {:?}", s.name, s.locks, found.states, t.elapsed());
        if let Some(c) = found.counterexample {
            println!("  BROKEN {}", c.invariant);
            for l in c.trace {
                println!(
                    "    {:?} {} {}",
                    l.who.map(|w| (s.jobs[w].kind, s.jobs[w].ring)),
                    if l.command { "CMD" } else { "" },
                    l.text
                );
            }
        }
    }
    ExitCode::SUCCESS
}
