//! `cargo xtask fuzz`: builds the fuzz targets, runs them, and summarises the results.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use xtask::Result;
use xtask::cargo::{cargo, target};
use xtask::sh::{answers, root, run};

/// How long each target runs by default.
const SECONDS: u64 = 20;
/// An input that needs more time or memory is a finding.
const LIMITS: [&str; 2] = ["-timeout=10", "-rss_limit_mb=1024"];

/// The results of one target.
struct Summary {
    name: String,
    seconds: u64,
    executions: u64,
    edges: u64,
    features: u64,
    /// The path of the failing input.
    finding: Option<String>,
}

pub(crate) fn fuzz(arguments: &[String]) -> Result<()> {
    let (only, seconds) = parse(arguments)?;
    check_tools()?;
    let mut names = targets()?;
    if let Some(unknown) = only.iter().find(|name| !names.contains(name)) {
        return Err(format!("there is no target {unknown}; there are: {}", names.join(", ")));
    }
    names.retain(|name| only.is_empty() || only.contains(name));
    // cargo-fuzz builds one target, or all.
    run(cargo_fuzz("build").args(if let [one] = &names[..] { Some(one) } else { None }))?;
    let summaries = run_all(names, seconds)?;
    print(&summaries);
    let findings: Vec<String> = summaries.iter().filter_map(finding).collect();
    if findings.is_empty() { Ok(()) } else { Err(findings.join("\n")) }
}

/// The named targets, and the seconds for each.
fn parse(arguments: &[String]) -> Result<(Vec<String>, u64)> {
    let (mut only, mut seconds) = (Vec::new(), SECONDS);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix("--seconds") {
            Some("") => seconds = number(arguments.next().map_or("", String::as_str))?,
            Some(rest) => seconds = number(rest.trim_start_matches('='))?,
            None if argument.starts_with('-') => return Err(format!("there is no option {argument}")),
            None => only.push(argument.clone()),
        }
    }
    Ok((only, seconds))
}

fn number(text: &str) -> Result<u64> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "--seconds takes a number above 0".to_owned())
}

fn check_tools() -> Result<()> {
    if !answers(&mut cargo(&["fuzz", "--version"])) {
        return Err("fuzzing needs cargo-fuzz; run: cargo install --locked cargo-fuzz".into());
    }
    if !answers(Command::new("c++").arg("--version")) {
        return Err("fuzzing needs a compiler for C++, for its engine; run: apt-get install g++".into());
    }
    Ok(())
}

/// The names of all targets: each has a file.
fn targets() -> Result<Vec<String>> {
    let entries =
        std::fs::read_dir(root().join("fuzz/fuzz_targets")).map_err(|error| format!("fuzz_targets: {error}"))?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

/// `cargo fuzz`, with the compiler that everything else is built with.
///
/// The compiler ships the sanitizer's runtime, and accepts `-Zsanitizer` if `RUSTC_BOOTSTRAP` says so. So no nightly
/// compiler is needed, and the product's own compiler builds the code under test.
fn cargo_fuzz(command: &str) -> Command {
    let mut cargo = cargo(&["fuzz", command, "--features", "libfuzzer", "--target-dir"]);
    cargo.arg(target().join("fuzz"));
    cargo.env("RUSTC_BOOTSTRAP", "1");
    // Link-time optimisation does not work with the sanitizer's coverage, and a report needs symbols.
    cargo.envs([("CARGO_PROFILE_RELEASE_LTO", "off"), ("CARGO_PROFILE_RELEASE_STRIP", "none")]);
    // Only otp-ffi has pointers that could outlive a function's frame, and valgrind watches its C program. Checking for
    // them here would take half of the time.
    cargo.env("ASAN_OPTIONS", "detect_stack_use_after_return=0");
    cargo
}

/// Runs targets, one on each processor at a time.
fn run_all(names: Vec<String>, seconds: u64) -> Result<Vec<Summary>> {
    let count = names.len();
    let waiting = Mutex::new(names.into_iter());
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(count);
    eprintln!("\n--> {count} targets, {seconds} s each, {workers} at a time");
    let next = || waiting.lock().ok()?.next();
    let work = || std::iter::from_fn(next).map(|name| run_one(&name, seconds)).collect::<Result<Vec<_>>>();
    let mut summaries = Vec::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            summaries.extend(worker.join().map_err(|_| "a worker panicked")??);
        }
        Result::Ok(())
    })?;
    summaries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(summaries)
}

fn run_one(name: &str, seconds: u64) -> Result<Summary> {
    // New inputs go to a folder that is not committed; the committed seeds are read-only here.
    let found = target().join("fuzz-corpus").join(name);
    let seeds = root().join("fuzz/corpus").join(name);
    std::fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
    let mut command = cargo_fuzz("run");
    command.arg(name).args([found, seeds]).args(["--", "-print_final_stats=1", "-max_len=4096"]).args(LIMITS);
    command.arg(format!("-max_total_time={seconds}"));
    let dictionary = root().join(format!("fuzz/dictionaries/{name}.dict"));
    if dictionary.exists() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cargo fuzz: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let Some(executions) = number_after(&log, "stat::number_of_executed_units:") else {
        return Err(format!("{name} did not run:\n{log}"));
    };
    let failed = !output.status.success();
    if failed {
        eprintln!("{log}");
    }
    let artifact = log.rsplit_once("Test unit written to ").and_then(|(_, rest)| rest.split_whitespace().next());
    Ok(Summary {
        name: name.to_owned(),
        seconds: start.elapsed().as_secs(),
        executions,
        edges: number_after(&log, "cov: ").unwrap_or(0),
        features: number_after(&log, "ft: ").unwrap_or(0),
        finding: failed.then(|| artifact.unwrap_or("an input that was not kept").to_owned()),
    })
}

/// The number after the last occurrence of a word.
fn number_after(log: &str, word: &str) -> Option<u64> {
    log.rsplit_once(word)?.1.split_whitespace().next()?.parse().ok()
}

fn print(summaries: &[Summary]) {
    println!("{:<14} {:>7} {:>11} {:>6} {:>8}  findings", "target", "seconds", "executions", "edges", "features");
    for Summary { name, seconds, executions, edges, features, finding } in summaries {
        let findings = usize::from(finding.is_some());
        println!("{name:<14} {seconds:>7} {executions:>11} {edges:>6} {features:>8}  {findings}");
    }
    let total = |of: fn(&Summary) -> u64| summaries.iter().map(of).sum::<u64>();
    let (seconds, executions) = (total(|summary| summary.seconds), total(|summary| summary.executions));
    let findings = summaries.iter().filter(|summary| summary.finding.is_some()).count();
    println!("{:<14} {seconds:>7} {executions:>11} {:>6} {:>8}  {findings}", "all", "", "");
}

/// Where a finding is, and how to reproduce it.
fn finding(summary: &Summary) -> Option<String> {
    let path = Path::new(summary.finding.as_ref()?);
    let path = path.strip_prefix(root()).unwrap_or(path).display();
    let name = &summary.name;
    Some(format!(
        "{name} fails for {path}; copy it to fuzz/corpus/{name}, named for its defect, and run: cargo test -p otp-fuzz"
    ))
}
