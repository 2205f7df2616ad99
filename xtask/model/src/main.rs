//! Searches every scenario with all rules, then without each rule, and prints what it finds. `cargo xtask model` starts this.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use otp_model::checker::search;
use otp_model::report;
use otp_model::scenario::Scenario;
use otp_model::scenarios;
use otp_model::trials::{TRIALS, Trial};

fn main() -> ExitCode {
    let start = Instant::now();
    let scenarios: Vec<Scenario> = scenarios::all().collect();
    let states = AtomicUsize::new(0);
    let held = for_each(&scenarios, |scenario| {
        let found = search(scenario);
        states.fetch_add(found.states, Ordering::Relaxed);
        println!("{}", report::search(scenario, &found));
        found.counterexample.is_none()
    });
    println!();
    let broke = for_each(TRIALS, |trial: &Trial| {
        let scenario = trial.scenario();
        let found = search(&scenario);
        println!("{}", report::trial(trial, &scenario, &found));
        found.counterexample.is_some_and(|found| found.invariant.starts_with(trial.breaks))
    });
    let (all, trials) = (scenarios.len(), TRIALS.len());
    let (states, time) = (states.into_inner(), start.elapsed().as_secs());
    println!(
        "\n{held} of {all} scenarios hold, {states} states; {broke} of {trials} break without their rules; {time} s"
    );
    if (held, broke) == (all, trials) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a check on each item, two at a time, and counts those that pass.
fn for_each<T: Sync>(items: &[T], check: impl Fn(&T) -> bool + Sync) -> usize {
    let (next, passed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            passed.fetch_add(usize::from(check(item)), Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    passed.into_inner()
}
