//! The result of a search, in words.

use crate::checker::Found;
use crate::scenario::{Kind, Scenario};
use crate::trials::Trial;
use crate::world::Label;

/// One line for a scenario that holds; otherwise, the path to the broken invariant.
#[must_use]
pub fn search(scenario: &Scenario, found: &Found<Label>) -> String {
    let store = if scenario.locks { "with locks" } else { "no locks" };
    let mut text = format!("{:<28} {store:<10} {:>9} states", scenario.name, found.states);
    if let Some(counterexample) = &found.counterexample {
        text += &format!("\n    BROKEN {}{}", counterexample.invariant, trace(scenario, &counterexample.trace));
    }
    text
}

/// The rules that were taken out, and the shortest path to what breaks without them.
#[must_use]
pub fn trial(trial: &Trial, scenario: &Scenario, found: &Found<Label>) -> String {
    let names: Vec<String> = trial.without.iter().map(|rule| format!("{rule:?}")).collect();
    let title = format!("without {}, in \"{}\"", names.join(" and "), scenario.name);
    match &found.counterexample {
        None => format!("{title}: NOTHING BREAKS in {} states", found.states),
        Some(found) => format!("{title}: {}{}", found.invariant, trace(scenario, &found.trace)),
    }
}

fn trace(scenario: &Scenario, labels: &[Label]) -> String {
    let lines: Vec<String> =
        labels.iter().map(|label| format!("\n    {:<12} {}", actor(scenario, label), label.text)).collect();
    lines.concat()
}

/// `rotate 1`, `its command`: the job and its number.
fn actor(scenario: &Scenario, label: &Label) -> String {
    let Some(who) = label.who else { return "others".into() };
    let job = scenario.jobs[who];
    let name = match job.kind {
        Kind::Rotate { .. } => "rotate",
        Kind::Resume => "resume",
        Kind::Abort => "abort",
        Kind::Revoke { .. } => "revoke",
        Kind::Issue => "issue",
        Kind::Read => "reader",
    };
    let ring = if job.ring == 0 { "" } else { "'" };
    if label.command { format!("command {}", who + 1) } else { format!("{name} {}{ring}", who + 1) }
}
