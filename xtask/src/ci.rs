//! `cargo xtask ci`: test, and what else keeps the repository in order.

use xtask::Result;
use xtask::sh::{cargo, cargo_of, output, program, run};

/// Targets without an operating system, for the core.
const BARE: [&str; 3] = ["thumbv6m-none-eabi", "thumbv7em-none-eabihf", "wasm32-unknown-unknown"];
const WINDOWS: &str = "x86_64-pc-windows-gnu";
/// The most crates that the core may pull in, itself counted.
const CORE_CRATES: usize = 25;

pub(crate) fn ci() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    lints()?;
    documents()?;
    cross_builds()?;
    oldest_compiler()?;
    core_crates()?;
    run(&mut cargo(&["xtask", "deny"]))?;
    run(&mut cargo(&["xtask", "api"]))?;
    // As the README says it.
    run(&mut cargo(&["xtask", "test"]))?;
    run(&mut cargo(&["xtask", "ct"]))?;
    run(&mut cargo(&["xtask", "memory"]))?;
    run(&mut cargo(&["xtask", "faults", "--quick"]))?;
    run(&mut cargo(&["xtask", "fuzz"]))
}

fn lints() -> Result<()> {
    let deny = ["--", "-D", "warnings"];
    for features in [&[][..], &["--all-features"], &["--no-default-features"]] {
        let arguments = ["clippy", "--locked", "--workspace", "--exclude", "otp-fuzz", "--all-targets"];
        run(cargo(&arguments).args(features).args(deny))?;
    }
    run(cargo(&["clippy", "--locked", "-p", "otp-fuzz", "--lib", "--tests"]).args(deny))
}

fn documents() -> Result<()> {
    run(cargo(&["doc", "--locked", "--workspace", "--no-deps", "--all-features", "--exclude", "otp-fuzz"])
        .env("RUSTDOCFLAGS", "-D warnings"))
}

fn cross_builds() -> Result<()> {
    run(program("rustup").args(["target", "add", WINDOWS]).args(BARE))?;
    for target in BARE {
        for features in ["", "alloc"] {
            run(&mut cargo(&["build", "--locked", "-p", "otp-core", "--target", target, "--features", features]))?;
        }
    }
    run(&mut cargo(&["check", "--locked", "-p", "otp-cli", "--all-targets", "--target", WINDOWS]))
}

/// Builds with exactly the compiler that `rust-version` states.
fn oldest_compiler() -> Result<()> {
    let metadata = output(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let stated = metadata.split("\"rust_version\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let version = stated.ok_or("Cargo.toml states no rust-version")?;
    run(program("rustup").args(["toolchain", "install", "--profile", "minimal", "--no-self-update", version]))?;
    run(&mut cargo_of(version, &["check", "--locked", "--workspace", "--target-dir", "target/oldest"]))
}

fn core_crates() -> Result<()> {
    let tree = output(&mut cargo(&["tree", "-p", "otp-core", "-e", "normal", "--prefix", "none", "--no-dedupe"]))?;
    let mut crates: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    crates.sort_unstable();
    crates.dedup();
    eprintln!("\notp-core's tree has {} crates: {}", crates.len(), crates.join(" "));
    if crates.len() > CORE_CRATES { Err(format!("otp-core may pull in {CORE_CRATES} crates at most")) } else { Ok(()) }
}
