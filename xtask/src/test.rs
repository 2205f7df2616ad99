//! `cargo xtask test`: all that is needed to trust a checkout.

use crate::Result;
use crate::sh::{cargo, program, run};

pub(crate) fn test() -> Result<()> {
    // The crates as they are used together, then the core with each of its features alone.
    run(&mut cargo(&["test", "--locked", "--workspace"]))?;
    run(&mut cargo(&["test", "--locked", "-p", "otp-core", "--all-features"]))?;
    for features in ["", "alloc", "std", "getrandom"] {
        run(&mut cargo(&["test", "--locked", "-p", "otp-core", "--lib", "--features", features]))?;
    }
    for example in ["embed_std", "embed_no_std"] {
        run(&mut cargo(&["run", "--locked", "-q", "-p", "otp-core", "--all-features", "--example", example]))?;
    }
    // A decoder by other hands, from docs/format.md alone.
    run(program("python3").arg("otp-core/tests/decoder.py"))?;
    eprintln!("\nall tests passed");
    Ok(())
}
