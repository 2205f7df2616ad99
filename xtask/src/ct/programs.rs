//! The real program and the C library under memcheck, with the profiles that are shipped.
//!
//! Built with `--cfg otp_ct`, they mark bytes as secret as soon as they arrive, and mark what they reveal or hand to
//! its owner. Any other secret that decides a branch or an address is an error. Writing secret bytes out is not: that
//! is what `get` is for.

use std::fs;
use std::path::Path;
use std::process::Command;

use xtask::cargo::{build, cargo, target};
use xtask::sh::{program, run};

use super::RUSTFLAGS;
use super::scene::{FOUND, Result, Scene};

/// Commands, each with its standard input, in order: later ones use the results of earlier ones.
const COMMANDS: [(&str, Option<&str>); 25] = [
    ("add edms/a --username u --generate --key-file a.key", None),
    ("add edms/b --username u --password-stdin --field-file token=token --key-file b.key", Some("password")),
    ("add edms/out --username u --generate=64", None),
    ("get --key-file a.key", None),
    ("get --key-file b.key --field token", None),
    ("get --key-file b.key --format json", None),
    ("get --key-file b.key --format env", None),
    ("get --key-file b.key --format shell", None),
    ("get --key-file -", Some("spaced.key")),
    ("get --key-fd 0", Some("wide.key")),
    ("verify --key-file a.key", None),
    ("key inspect --key-file a.key", None),
    ("issue edms/b --key-file b.key --new-key-file c.key", None),
    ("run --key-file c.key --stdin password -- true", None),
    ("rotate --yes edms/b --key-file b.key --password-stdin --new-key-dir keys", Some("password")),
    ("rotate --yes edms/a --key-file a.key --generate --new-key-dir keys", None),
    ("get --key-file broken.key", None),
    ("ring init ring", None),
    ("add edms/r --username u --password-stdin --ring ring --pages 4 --key-file r.key", Some("password")),
    ("issue edms/r --ring ring --pages 4 --new-key-file s.key", None),
    ("rotate edms/r --ring ring --generate --new-key-dir keys", None),
    ("rotate edms/r --ring ring --generate --new-key-dir keys --apply ./in-doubt", None),
    ("rotate edms/r --ring ring --resume --new-key-dir keys --apply ./done", None),
    ("get --key-file r.key", None),
    ("verify --ring ring", None),
];

/// Watches both in each profile, and detects a planted leak in each.
pub(super) fn watch() -> Result<()> {
    for profile in ["release", "dist"] {
        let packages = ["build", "--locked", "-p", "otp-cli", "-p", "otp-ffi", "--profile", profile];
        let built = build(marked(&mut cargo(&packages)))?;
        let (otp, library) = (built.program("otp")?, built.library("otp_ffi")?);
        let scene = Scene::new()?;
        commands(&scene, &otp, profile)?;
        c_library(&scene, &library, profile)?;
    }
    Ok(())
}

/// The same build with the marks, in its own folder.
pub(super) fn marked(command: &mut Command) -> &mut Command {
    command.arg("--target-dir").arg(target().join("ct"));
    command.env("RUSTFLAGS", RUSTFLAGS).env_remove("CARGO_ENCODED_RUSTFLAGS");
    command.env("CARGO_PROFILE_RELEASE_STRIP", "none").env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only")
}

fn commands(scene: &Scene, otp: &Path, profile: &str) -> Result<()> {
    for (line, input) in COMMANDS {
        let words: Vec<&str> = line.split(' ').collect();
        let ending = match line {
            _ if line.contains("broken") => 4,
            _ if line.contains("in-doubt") => 15,
            _ => 0,
        };
        scene.expect(scene.memcheck(otp, &words, input)?, ending, line)?;
        if line.starts_with("add edms/a ") {
            scene.copies_of_a_key()?;
        }
    }
    let mut from_environment = scene.memcheck(otp, &["get"], None)?;
    from_environment.env("OTP_KEY", fs::read_to_string(scene.path("out.key"))?.trim());
    scene.expect(from_environment, 0, "get, with OTP_KEY")?;
    let mut planted = scene.memcheck(otp, &["key", "inspect", "--key-file", "a.key"], None)?;
    planted.env("OTP_CT_PLANTED", "1");
    scene.expect(planted, FOUND, "a planted leak in the program")?;
    eprintln!("otp, {profile}: {} commands, no branch and no address that depends on a secret", COMMANDS.len() + 1);
    Ok(())
}

fn c_library(scene: &Scene, library: &Path, profile: &str) -> Result<()> {
    let folder = library.parent().ok_or("the library is in no folder")?;
    let login = scene.path("login");
    run(program("cc").args(["-O2", "-Iotp-ffi/include", "otp-ffi/examples/login.c", "-o"]).arg(&login).args([
        &format!("-L{}", folder.display()),
        &format!("-Wl,-rpath,{}", folder.display()),
        "-lotp_ffi",
    ]))?;
    scene.expect(scene.memcheck(&login, &["out.key"], None)?, 0, "the C library")?;
    let mut planted = scene.memcheck(&login, &["out.key"], None)?;
    planted.env("OTP_CT_PLANTED", "1");
    scene.expect(planted, FOUND, "a planted leak in the C library")?;
    eprintln!("the C library, {profile}: no branch and no address that depends on a secret");
    Ok(())
}
