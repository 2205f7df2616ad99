//! `cargo xtask ct`: no branch and no address depends on a secret, as memcheck sees it in the built code.

mod programs;
mod python;
mod scene;

use std::process::Command;

use xtask::Result;
use xtask::cargo::{build, cargo, target};
use xtask::sh::{answers, program, run};

/// How the project's own programs are built, and the flag that makes them say which bytes are secret.
const RUSTFLAGS: &str = "--cfg otp_ct --cfg poly1305_force_soft";

/// The portable Poly1305, which `.cargo/config.toml` selects and the project ships. A program that embeds the core may
/// get the other one.
const PORTABLE: &str = "--cfg poly1305_force_soft";

/// The builds to watch: the profile, how the core is optimised in it, and the flag that chooses a Poly1305.
///
/// One is optimised for size, as for a small device: it does fewer steps at a time and inlines fewer functions.
const BUILDS: [(&str, &str, &str); 4] =
    [("release", "3", PORTABLE), ("dev", "2", PORTABLE), ("release", "3", ""), ("release", "\"z\"", PORTABLE)];

pub(crate) fn ct(arguments: &[String]) -> Result<()> {
    if !answers(program("valgrind").arg("--version")) {
        return Err("this needs valgrind: apt-get install valgrind".into());
    }
    match arguments {
        [] => everything_shipped(),
        [part] if part == "python" => python::watch().map_err(|error| error.to_string()),
        _ => Err("there is only the part python".into()),
    }
}

/// Watches the core, the program and the C library.
fn everything_shipped() -> Result<()> {
    programs::watch().map_err(|error| error.to_string())?;
    for (profile, level, poly1305) in BUILDS {
        let folder = target().join(if poly1305.is_empty() { "ct-avx2" } else { "ct" });
        let mut command = cargo(&["build", "--locked", "-p", "otp-proof", "--bin", "ct", "--profile", profile]);
        command.arg("--target-dir").arg(folder);
        command.arg("--config").arg(format!("profile.{profile}.package.otp-core.opt-level = {level}"));
        command.env("RUSTFLAGS", format!("--cfg otp_ct {poly1305}")).env_remove("CARGO_ENCODED_RUSTFLAGS");
        // Line numbers for the reports; they change no instruction.
        command.env("CARGO_PROFILE_RELEASE_STRIP", "none").env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only");
        let harness = build(&mut command)?.program("ct")?;
        run(memcheck().arg(harness)).map_err(|error| format!("{error}: see the reports above"))?;
    }
    eprintln!(
        "\nno branch and no address depends on a secret, in {} builds of the core, and in the program and the C library as they are shipped",
        BUILDS.len()
    );
    Ok(())
}

fn memcheck() -> Command {
    let mut command = program("valgrind");
    // Report repeated errors too: the harness compares the count.
    command.args(["--tool=memcheck", "--quiet", "--error-limit=no", "--leak-check=no", "--num-callers=20"]);
    command
}
