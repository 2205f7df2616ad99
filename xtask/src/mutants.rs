//! `cargo xtask mutants [FILE...]`: whether the tests notice changes to the code.

use xtask::Result;
use xtask::cargo::{cargo, target};
use xtask::sh::{answers, run};

/// The packages, their code, and those of their tests that are fast enough to run hundreds of times.
///
/// Doc examples and the core's long enumerations are left out: what only they would notice counts as missed.
const PACKAGES: [(&str, &str, &[&str]); 4] = [
    (
        "otp-core",
        "otp-core/",
        &[
            "--all-features",
            "--lib",
            "--test=conformance",
            "--test=secrets",
            "--test=vectors",
            "--test=properties",
            "--test=keeper",
        ],
    ),
    ("otp-store-fs", "otp-store-fs/", &["--lib", "--tests"]),
    ("otp-sys", "otp-link/sys/", &["--lib", "--tests"]),
    ("otp-link", "otp-link/src/", &["--lib", "--tests"]),
];

/// This test takes longer than all others together. Others try in one order what it tries in every order.
const TOO_LONG: &str = "even_if_both_are_cut";

/// Mutates the named files, or all code in the packages. The settings are in `.cargo/mutants.toml`.
pub(crate) fn mutants(files: &[String]) -> Result<()> {
    if !answers(&mut cargo(&["mutants", "--version"])) {
        return Err("this needs cargo-mutants: cargo install --locked cargo-mutants".into());
    }
    let folder = target().join("mutants");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (package, code, tests) in PACKAGES {
        let own: Vec<&String> = files.iter().filter(|file| file.starts_with(code)).collect();
        if own.is_empty() && !files.is_empty() {
            continue;
        }
        let mut command = cargo(&["mutants", "--package", package, "--output"]);
        command.arg(folder.join(package));
        // Mutants are built in a folder of their own.
        command.env("CARGO_TARGET_DIR", folder.join("build"));
        for file in own {
            command.arg("--file").arg(file);
        }
        // The same flags for building and testing: otherwise it would build twice.
        command.args(tests.iter().map(|argument| format!("--cargo-arg={argument}")));
        // A few cases of each property are enough, and building without debug information takes half the time.
        command.env("PROPTEST_CASES", "16").env("CARGO_PROFILE_DEV_DEBUG", "0");
        run(command.args(["--", "--", "--skip", TOO_LONG]))?;
    }
    Ok(())
}
