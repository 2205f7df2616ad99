//! `cargo xtask ci`: the tests, and everything else that keeps the repository in order.

use xtask::Result;
use xtask::cargo::{self, cargo, cargo_of, target};
use xtask::sh::{output, program, run};

use crate::windows::{self, TARGET as WINDOWS};
use crate::{ct, faults, fuzz, memory, model, supply, test};

/// Targets without an operating system, for the core.
const BARE: [&str; 3] = ["thumbv6m-none-eabi", "thumbv7em-none-eabihf", "wasm32-unknown-unknown"];
/// Targets whose programs can't run here.
const APPLE: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];
/// The most crates that the core may depend on, itself included.
const CORE_CRATES: usize = 25;

pub(crate) fn ci() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    lints()?;
    documents()?;
    cross_builds()?;
    oldest_compiler()?;
    core_crates()?;
    supply::deny()?;
    supply::api(&[])?;
    test::test(&["--strict".into()])?;
    #[cfg(unix)]
    crate::clients::clients()?;
    #[cfg(unix)]
    crate::stores::stores(&[])?;
    windows::windows(&[])?;
    #[cfg(unix)]
    crate::dist::dist(&["--quick".into()])?;
    model::model()?;
    ct::ct(&[])?;
    memory::memory()?;
    faults::faults(&["--quick".into()])?;
    fuzz::fuzz(&["--seconds=8".into()])
}

fn lints() -> Result<()> {
    let deny = ["--", "-D", "warnings"];
    for features in [&[][..], &["--all-features"], &["--no-default-features"]] {
        let arguments = ["clippy", "--locked", "--workspace", "--exclude", "otp-fuzz", "--all-targets"];
        run(cargo(&arguments).args(features).args(deny))?;
    }
    run(cargo(&["clippy", "--locked", "-p", "otp-fuzz", "--lib", "--tests", "--examples"]).args(deny))
}

fn documents() -> Result<()> {
    run(cargo(&["doc", "--locked", "--workspace", "--no-deps", "--all-features", "--exclude", "otp-fuzz"])
        .env("RUSTDOCFLAGS", "-D warnings"))
}

fn cross_builds() -> Result<()> {
    run(program("rustup").args(["target", "add", WINDOWS]).args(BARE).args(APPLE))?;
    for target in BARE {
        for features in ["", "alloc"] {
            run(&mut cargo(&["build", "--locked", "-p", "otp-core", "--target", target, "--features", features]))?;
        }
    }
    // The fuzz targets use Unix modes and links, and an extension module for Python links with the interpreter.
    let packages = ["--workspace", "--exclude", "otp-fuzz", "--exclude", "otp-python"];
    run(cargo(&["clippy", "--locked", "--all-targets", "--target", WINDOWS])
        .args(packages)
        .args(["--", "-D", "warnings"]))?;
    // Their programs don't run here, and C code for them is not compiled.
    for target in APPLE {
        let others = ["--exclude", "xtask", "--exclude", "otp-remote"];
        run(cargo(&["check", "--locked", "--target", target]).args(packages).args(others))?;
    }
    Ok(())
}

/// Builds with the exact compiler in `rust-version`.
fn oldest_compiler() -> Result<()> {
    let version = &cargo::oldest_compiler("otp-cli")?;
    run(program("rustup").args(["toolchain", "install", "--profile", "minimal", "--no-self-update", version]))?;
    run(cargo_of(version, &["check", "--locked", "--workspace", "--target-dir"]).arg(target().join("oldest")))
}

fn core_crates() -> Result<()> {
    let tree = output(&mut cargo(&["tree", "-p", "otp-core", "-e", "normal", "--prefix", "none", "--no-dedupe"]))?;
    let mut crates: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    crates.sort_unstable();
    crates.dedup();
    eprintln!("\notp-core's tree has {} crates: {}", crates.len(), crates.join(" "));
    if crates.len() > CORE_CRATES { Err(format!("otp-core may pull in {CORE_CRATES} crates at most")) } else { Ok(()) }
}
