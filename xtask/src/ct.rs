//! `cargo xtask ct`: no branch and no address depends on a secret, as memcheck sees it in the built code.

use std::process::Command;

use xtask::Result;
use xtask::sh::{answers, cargo, program, root, run};

/// The builds that are watched: profile, and what the Poly1305 of an embedder's build may be.
///
/// `.cargo/config.toml` chooses the portable Poly1305, which is what the project ships; who embeds the core may get the
/// other one.
const BUILDS: [(&str, &str); 3] =
    [("release", "--cfg poly1305_force_soft"), ("dev", "--cfg poly1305_force_soft"), ("release", "")];

pub(crate) fn ct() -> Result<()> {
    if !answers(program("valgrind").arg("--version")) {
        return Err("this needs valgrind: apt-get install valgrind".into());
    }
    for (profile, poly1305) in BUILDS {
        let target = if poly1305.is_empty() { "target/ct-avx2" } else { "target/ct" };
        // Line numbers for the reports, which change no instruction.
        run(cargo(&[
            "build",
            "--locked",
            "-p",
            "otp-proof",
            "--bin",
            "ct",
            "--profile",
            profile,
            "--target-dir",
            target,
        ])
        .env("RUSTFLAGS", format!("--cfg otp_ct {poly1305}"))
        .env("CARGO_PROFILE_RELEASE_STRIP", "none")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only"))?;
        let folder = if profile == "dev" { "debug" } else { profile };
        run(memcheck().arg(root().join(target).join(folder).join("ct")))
            .map_err(|error| format!("{error}: see the reports above"))?;
    }
    eprintln!("\nno branch and no address depends on a secret, in {} builds", BUILDS.len());
    Ok(())
}

fn memcheck() -> Command {
    let mut command = program("valgrind");
    // Every error counts, however often it comes; the harness asks for the count.
    command.args(["--tool=memcheck", "--quiet", "--error-limit=no", "--leak-check=no", "--num-callers=20"]);
    command
}
