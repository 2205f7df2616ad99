//! The real program and the C library under memcheck, with the profiles that are shipped.
//!
//! Built with `--cfg otp_ct`, they say which bytes are secret as soon as they come in, what they reveal, and where a secret is handed
//! to its owner. Everything else that decides a branch or an address is an error. Writing secret bytes out is not: that is
//! what `get` is for.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use otp_test_tools::{TempDir, folder};
use xtask::cargo::{build, cargo, target};
use xtask::sh::{program, run};

use super::{RUSTFLAGS, memcheck};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The exit code of memcheck if it found something.
const FOUND: i32 = 99;

/// What a caller of a system call may do with secret bytes.
const SUPPRESSIONS: &str = "{\n   secret bytes are written out\n   Memcheck:Param\n   write(buf)\n   fun:*\n}\n";

/// Commands, each with its standard input; they build on each other.
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

/// Programs that "change the database" for a rotation: one that says so, and one that leaves it in doubt.
const APPLIERS: [(&str, &str); 2] = [("done", "exit 0"), ("in-doubt", "exit 1")];

/// Watches both, in each profile, and sees a planted leak in each.
pub(super) fn watch() -> Result<()> {
    for profile in ["release", "dist"] {
        let folder = target().join("ct");
        let mut command = cargo(&["build", "--locked", "-p", "otp-cli", "-p", "otp-ffi", "--profile", profile]);
        command.arg("--target-dir").arg(folder);
        command.env("RUSTFLAGS", RUSTFLAGS).env_remove("CARGO_ENCODED_RUSTFLAGS");
        command.env("CARGO_PROFILE_RELEASE_STRIP", "none").env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only");
        let built = build(&mut command)?;
        let (otp, library) = (built.program("otp")?, built.library("otp_ffi")?);
        let scene = Scene::new()?;
        commands(&scene, &otp, profile)?;
        c_library(&scene, &library, profile)?;
    }
    Ok(())
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

/// A folder with a store, and what the commands read.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Result<Self> {
        let scene = Self { folder: folder() };
        for (name, text) in [("password", "correct horse\r\n"), ("token", "battery staple"), ("supp", SUPPRESSIONS)] {
            scene.write(name, text.as_bytes())?;
        }
        for (name, line) in APPLIERS {
            scene.write(name, format!("#!/bin/sh\ncat >/dev/null\n{line}\n").as_bytes())?;
            #[cfg(unix)]
            fs::set_permissions(scene.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        }
        Ok(scene)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        fs::write(self.path(name), bytes)?;
        #[cfg(unix)]
        fs::set_permissions(self.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(())
    }

    /// The key of `a` with white space around it, in UTF-16, and with a wrong character.
    fn copies_of_a_key(&self) -> Result<()> {
        let text = fs::read_to_string(self.path("a.key"))?;
        self.write("spaced.key", format!(" \t{text}\r\n").as_bytes())?;
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.write("wide.key", &[&b"\xff\xfe"[..], &wide].concat())?;
        let mut broken = text.into_bytes();
        broken[40] ^= 1;
        self.write("broken.key", &broken)
    }

    /// A program under memcheck.
    fn memcheck(&self, watched: &Path, words: &[&str], input: Option<&str>) -> Result<Command> {
        let mut command = memcheck();
        command.arg(format!("--error-exitcode={FOUND}"));
        command.arg(format!("--suppressions={}", self.path("supp").display())).arg(watched).args(words);
        command.current_dir(self.folder.path()).env("OTP_STORE", self.path("store")).env_remove("OTP_KEY");
        // Cargo's leads to the libraries of another build.
        command.env_remove("LD_LIBRARY_PATH");
        command.stdin(match input {
            Some(name) => Stdio::from(File::open(self.path(name))?),
            None => Stdio::null(),
        });
        // The key that goes to standard output is read again.
        let output = if words.contains(&"edms/out") { "out.key" } else { "output" };
        self.write(output, b"")?;
        command.stdout(File::create(self.path(output))?).stderr(File::create(self.path("errors"))?);
        Ok(command)
    }

    /// Runs it, and fails if it does not end as it should: well, or with this exit code.
    fn expect(&self, mut command: Command, ending: i32, what: &str) -> Result<()> {
        let code = command.status()?.code();
        if code == Some(ending) {
            return Ok(());
        }
        let said = fs::read_to_string(self.path("errors"))?;
        Err(format!("{what}: ended with {code:?}\n{said}").into())
    }
}
