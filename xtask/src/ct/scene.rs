//! A folder in which programs run under memcheck.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use otp_test_tools::{TempDir, folder};

use super::memcheck;

pub(super) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Memcheck's exit code if it found something.
pub(super) const FOUND: i32 = 99;

/// Suppressions for memcheck: secret bytes may be written out.
const SUPPRESSIONS: &str = "{\n   secret bytes are written out\n   Memcheck:Param\n   write(buf)\n   fun:*\n}\n";

/// Programs that "change the database" for a rotation: one reports success, the other leaves it in doubt.
const APPLIERS: [(&str, &str); 2] = [("done", "exit 0"), ("in-doubt", "exit 1")];

/// A folder with a store, and the commands' input files.
pub(super) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(super) fn new() -> Result<Self> {
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

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        fs::write(self.path(name), bytes)?;
        #[cfg(unix)]
        fs::set_permissions(self.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(())
    }

    /// The key of `a` in white space, in UTF-16, and with a wrong character.
    pub(super) fn copies_of_a_key(&self) -> Result<()> {
        let text = fs::read_to_string(self.path("a.key"))?;
        self.write("spaced.key", format!(" \t{text}\r\n").as_bytes())?;
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.write("wide.key", &[&b"\xff\xfe"[..], &wide].concat())?;
        let mut broken = text.into_bytes();
        broken[40] ^= 1;
        self.write("broken.key", &broken)
    }

    /// A program under memcheck, which ends with [`FOUND`] on any error.
    pub(super) fn memcheck(&self, watched: &Path, words: &[&str], input: Option<&str>) -> Result<Command> {
        self.watch(&[&format!("--error-exitcode={FOUND}")], watched, words, input)
    }

    /// A program under memcheck, with additional options for memcheck.
    pub(super) fn watch(
        &self,
        options: &[&str],
        watched: &Path,
        words: &[&str],
        input: Option<&str>,
    ) -> Result<Command> {
        let mut command = memcheck();
        command.args(options);
        command.arg(format!("--suppressions={}", self.path("supp").display())).arg(watched).args(words);
        command.current_dir(self.folder.path()).env("OTP_STORE", self.path("store")).env_remove("OTP_KEY");
        // Cargo's value leads to the libraries of another build.
        command.env_remove("LD_LIBRARY_PATH");
        command.stdin(match input {
            Some(name) => Stdio::from(File::open(self.path(name))?),
            None => Stdio::null(),
        });
        // The key on standard output is an input of later commands.
        let output = if words.contains(&"edms/out") { "out.key" } else { "output" };
        self.write(output, b"")?;
        command.stdout(File::create(self.path(output))?).stderr(File::create(self.path("errors"))?);
        Ok(command)
    }

    /// Runs it; fails unless it ends as expected: with success, or with this exit code.
    pub(super) fn expect(&self, mut command: Command, ending: i32, what: &str) -> Result<()> {
        let code = command.status()?.code();
        if code == Some(ending) {
            return Ok(());
        }
        let said = fs::read_to_string(self.path("errors"))?;
        Err(format!("{what}: ended with {code:?}\n{said}").into())
    }
}
