//! Small scenarios hold with all rules, and each rule is needed. `cargo xtask model` also searches the large ones.
#![forbid(unsafe_code)]

use otp_model::checker::search;
use otp_model::report;
use otp_model::rule::Rule;
use otp_model::scenario::Scenario;
use otp_model::scenarios;
use otp_model::trials::{NOT_SHOWN, TRIALS};

const SMALL: [&str; 6] = [
    "revoke in parallel",
    "issue in parallel",
    "copies rotate",
    "restored ring",
    "record put back",
    "revocation undone",
];

#[test]
fn small_scenarios_hold_with_all_rules() {
    for scenario in scenarios::all().filter(|scenario| SMALL.contains(&scenario.name)) {
        holds(&scenario);
    }
}

#[test]
fn something_breaks_without_each_rule() {
    for trial in TRIALS {
        let scenario = trial.scenario();
        let found = search(&scenario);
        let text = report::trial(trial, &scenario, &found);
        println!("{text}");
        assert!(found.counterexample.is_some_and(|found| found.invariant.starts_with(trial.breaks)), "{text}");
    }
}

/// Of rules that are taken out together, each makes up for the others.
#[test]
fn rules_of_a_pair_cover_for_each_other() {
    for trial in TRIALS.iter().filter(|trial| trial.without.len() > 1) {
        for number in 0..trial.without.len() {
            holds(&trial.scenario().without(&trial.without[number..=number]));
        }
    }
}

#[test]
fn every_rule_has_a_trial_or_a_reason() {
    for rule in Rule::ALL {
        let tried = TRIALS.iter().any(|trial| trial.without.contains(rule));
        assert!(tried != NOT_SHOWN.contains(rule), "{rule:?}");
    }
}

fn holds(scenario: &Scenario) {
    let found = search(scenario);
    println!("{}", report::search(scenario, &found));
    assert!(found.counterexample.is_none(), "{}", report::search(scenario, &found));
}
