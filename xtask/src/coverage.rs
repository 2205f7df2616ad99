//! `cargo xtask coverage`: which lines and regions the tests reach, crate by crate.

use crate::Result;
use crate::sh::{answers, cargo, run};

pub(crate) fn coverage() -> Result<()> {
    if !answers(&mut cargo(&["llvm-cov", "--version"])) {
        return Err(
            "this needs cargo-llvm-cov: rustup component add llvm-tools && cargo install --locked cargo-llvm-cov"
                .into(),
        );
    }
    // The core with all of its features; of the program, what its own tests start counts too.
    run(&mut cargo(&["llvm-cov", "clean", "--workspace"]))?;
    for arguments in [&["-p", "otp-core", "--all-features"][..], &["-p", "otp-store-fs", "-p", "otp-cli"]] {
        // What fails is for `cargo xtask test` to tell: a program that another user starts can't leave its figures here.
        run(cargo(&["llvm-cov", "test", "--locked", "--no-report", "--ignore-run-fail"]).args(arguments))?;
    }
    for arguments in [
        &["--summary-only"][..],
        &["--show-missing-lines", "--ignore-filename-regex", "/(otp-cli|otp-ffi|otp-store-fs|xtask|fuzz|proof|tests)/"],
    ] {
        // A program that a test kills leaves a torn file of figures.
        run(cargo(&["llvm-cov", "report", "--failure-mode", "all"]).args(arguments))?;
    }
    Ok(())
}
