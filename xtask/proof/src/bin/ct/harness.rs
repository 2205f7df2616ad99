//! Runs every check, then every planted leak: if memcheck misses one, the checks are worthless.

mod failures;
mod life;
mod parts;
mod planted;
mod sources;
mod text;

use std::process::ExitCode;

use otp_core::ct;
use otp_proof::memcheck::{Finding, is_listening, publish_at};

pub(crate) fn main() -> ExitCode {
    if !is_listening() {
        eprintln!("this must run under valgrind: cargo xtask ct");
        return ExitCode::FAILURE;
    }
    ct::witness::RELEASED.set(publish_at).expect("it is set once");

    let mut sound = true;
    println!("branches and addresses that depend on a secret:");
    for finding in checks() {
        println!("  {finding}");
        sound &= finding.errors == 0;
    }
    println!("planted leaks, to show that they are seen:");
    for finding in planted::leaks() {
        println!("  {finding}");
        if finding.errors == 0 {
            println!("  this one was missed, so the figures above mean nothing");
            sound = false;
        }
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn checks() -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut note = |finding| findings.push(finding);
    for (name, value_len) in [("a", 3), ("edms/a", 20), ("edms/reporting", 40), ("x", 700), ("edms/big", 65_000)] {
        life::check(&mut note, &name.parse().expect("a name"), value_len);
    }
    parts::check(&mut note);
    merged(findings)
}

/// One line for each kind of check.
fn merged(findings: Vec<Finding>) -> Vec<Finding> {
    let mut sums: Vec<Finding> = Vec::new();
    for finding in findings {
        match sums.iter_mut().find(|sum| sum.what == finding.what) {
            Some(sum) => sum.errors += finding.errors,
            None => sums.push(finding),
        }
    }
    sums
}
