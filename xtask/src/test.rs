//! `cargo xtask test`: everything needed to trust a checkout.

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::run;

use crate::tools::Checks;
use crate::{abi, python, workflows};

/// Runs every check that this machine has the tools for; with `--strict`, a missing tool is an error.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    let strict = match arguments {
        [] => false,
        [only] if only == "--strict" => true,
        _ => return Err("test takes nothing but --strict".into()),
    };
    let mut checks = Checks::probe()?;
    if strict {
        checks.require_all()?;
    }
    // The crates as they are used together, with all features of the core; then the core with fewer.
    // `cargo xtask stores` tests otp-remote, with its servers and the crates that only it needs.
    checks.run_tests(&mut cargo(&["test", "--locked", "--workspace", "--exclude", "otp-remote"]))?;
    for features in ["", "alloc", "std", "getrandom"] {
        run(&mut cargo(&["test", "--locked", "-p", "otp-core", "--lib", "--features", features]))?;
        run(&mut cargo(&["test", "--locked", "-p", "otp-core", "--doc", "--features", features]))?;
    }
    for example in ["embed_std", "embed_no_std"] {
        run(&mut cargo(&["run", "--locked", "-q", "-p", "otp-core", "--all-features", "--example", example]))?;
    }
    // C and Python, as users get them.
    abi::check(&mut checks)?;
    python::check(&mut checks)?;
    workflows::check(&mut checks)?;
    match checks.summary() {
        None => println!("\nall tests passed"),
        Some(not_run) if strict => return Err(not_run),
        Some(not_run) => println!("\nall tests passed; {not_run}"),
    }
    Ok(())
}
