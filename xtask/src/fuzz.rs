//! `cargo xtask fuzz`: runs the fuzz targets and sums up.

use std::process::Stdio;

use crate::Result;
use crate::sh::{answers, cargo_of, root};

/// For how long each target runs if nothing else is said.
const SECONDS: u64 = 20;

/// What one target did.
struct Summary {
    executions: u64,
    coverage: u64,
    failed: bool,
}

pub(crate) fn fuzz(arguments: &[String]) -> Result<()> {
    let (only, seconds) = parse(arguments)?;
    check_tools()?;
    let targets = targets()?;
    let chosen: Vec<&String> = targets.iter().filter(|name| only.as_ref().is_none_or(|only| only == *name)).collect();
    if chosen.is_empty() {
        return Err(format!("there is no such target; there are: {}", targets.join(", ")));
    }
    let mut executions = 0;
    let mut findings = Vec::new();
    for name in &chosen {
        let summary = run_one(name, seconds)?;
        let outcome = if summary.failed { "a finding" } else { "no finding" };
        println!("{name}: {} executions, coverage {}, {outcome}", summary.executions, summary.coverage);
        executions += summary.executions;
        if summary.failed {
            findings.push(name.as_str());
        }
    }
    println!("{} targets, {executions} executions, {} findings", chosen.len(), findings.len());
    if findings.is_empty() {
        Ok(())
    } else {
        Err(format!("findings in {}; the inputs are in fuzz/artifacts", findings.join(", ")))
    }
}

fn parse(arguments: &[String]) -> Result<(Option<String>, u64)> {
    let (mut only, mut seconds) = (None, SECONDS);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix("--seconds") {
            Some("") => seconds = number(arguments.next().map_or("", String::as_str))?,
            Some(rest) => seconds = number(rest.trim_start_matches('='))?,
            None if argument.starts_with('-') => return Err(format!("there is no option {argument}")),
            None => only = Some(argument.clone()),
        }
    }
    Ok((only, seconds))
}

fn number(text: &str) -> Result<u64> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "--seconds takes a number above 0".to_owned())
}

fn check_tools() -> Result<()> {
    if !answers(&mut cargo_of("nightly", &["--version"])) {
        return Err("fuzzing needs a nightly compiler; run: rustup toolchain install nightly --profile minimal".into());
    }
    if !answers(&mut cargo_of("nightly", &["fuzz", "--version"])) {
        return Err("fuzzing needs cargo-fuzz; run: cargo install cargo-fuzz --locked".into());
    }
    Ok(())
}

/// The names of all targets: the files that have one each.
fn targets() -> Result<Vec<String>> {
    let entries =
        std::fs::read_dir(root().join("fuzz/fuzz_targets")).map_err(|error| format!("fuzz_targets: {error}"))?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

fn run_one(name: &str, seconds: u64) -> Result<Summary> {
    eprintln!("\n--> {name} for {seconds} s");
    // New inputs go to a folder that is not committed; the committed seeds are only read.
    let found = format!("target/fuzz-corpus/{name}");
    let seeds = format!("fuzz/corpus/{name}");
    std::fs::create_dir_all(root().join(&found)).map_err(|error| format!("{found}: {error}"))?;
    let time = format!("-max_total_time={seconds}");
    let mut command = cargo_of("nightly", &["fuzz", "run", "--features", "libfuzzer", name, &found, &seeds]);
    // Link-time optimisation and the sanitizer's coverage don't go together.
    command.envs([("CARGO_PROFILE_RELEASE_LTO", "off"), ("CARGO_PROFILE_RELEASE_STRIP", "none")]);
    command.args(["--", &time, "-print_final_stats=1", "-max_len=4096"]);
    let dictionary = root().join(format!("fuzz/dictionaries/{name}.dict"));
    if dictionary.exists() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    let output = command.stdout(Stdio::inherit()).output().map_err(|error| format!("cargo fuzz: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let Some(executions) = number_after(&log, "stat::number_of_executed_units:") else {
        return Err(format!("{name} did not run:\n{log}"));
    };
    if !output.status.success() {
        eprintln!("{log}");
    }
    Ok(Summary { executions, coverage: number_after(&log, "cov:").unwrap_or(0), failed: !output.status.success() })
}

/// The number behind the last place where a word stands.
fn number_after(log: &str, word: &str) -> Option<u64> {
    log.rsplit_once(word)?.1.split_whitespace().next()?.parse().ok()
}
