//! A world for each test: a directory, a store in it, and the program.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use otp_test_tools::{TempDir, folder};

use crate::child;

pub(crate) const OTP: &str = env!("CARGO_BIN_EXE_otp");

/// A directory with a store in it, and an environment that names it.
pub(crate) struct World {
    dir: TempDir,
}

impl World {
    /// An empty directory.
    pub(crate) fn empty() -> Self {
        let dir = folder();
        fs::create_dir(dir.path().join("temporary")).unwrap();
        Self { dir }
    }

    /// A directory with the account `edms/reporting` (`alice`, `correct horse`), and its key in `nightly.key`.
    pub(crate) fn new() -> Self {
        let world = Self::empty();
        let add = ["add", "edms/reporting", "--username=alice", "--password-stdin", "--for=nightly"];
        world.otp(&add).arg("--key-file=nightly.key").stdin("correct horse\r\n").succeeds();
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn key(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap().trim().to_owned()
    }

    /// The id of the key in a file.
    pub(crate) fn key_id(&self, name: &str) -> String {
        let text = self.otp(&["key", "inspect", "--key-file", name]).prints();
        text.lines().find_map(|line| line.strip_prefix("key id")).unwrap().trim().to_owned()
    }

    pub(crate) fn otp<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Call {
        let mut command = Command::new(OTP);
        command.args(arguments).current_dir(self.dir.path()).env("OTP_STORE", self.path("store"));
        command.env("TMP", self.path("temporary")).env("TEMP", self.path("temporary"));
        for name in ["OTP_KEY", "OTP_KEY_FILE", "OTP_RING", child::DO] {
            command.env_remove(name);
        }
        Call { command, stdin: None }
    }

    /// `otp run` with a child that does what `DO` says.
    pub(crate) fn run(&self, options: &[&str], what: &str) -> Call {
        let call = self.otp(&["run", "--key-file=nightly.key"]);
        call.args(options).arg("--").args(&child::command()).env(child::DO, what)
    }

    /// Every readable file below a directory, with its contents.
    pub(crate) fn everything(&self, below: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut dirs = vec![self.path(below)];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else {
                    found.extend(fs::read(&path).ok().map(|bytes| (path, bytes)));
                }
            }
        }
        found.sort();
        found
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }
}

/// Starts a program. Wine sometimes ends a new process before it runs, with an internal error: then this tries again.
pub(crate) fn start(command: &mut Command) -> Child {
    const ERROR_INTERNAL_ERROR: i32 = 1359;
    let mut tries = 0..3;
    loop {
        match command.spawn() {
            Err(error) if error.raw_os_error() == Some(ERROR_INTERNAL_ERROR) && tries.next().is_some() => {}
            outcome => return outcome.unwrap(),
        }
    }
}

/// A program to be started.
pub(crate) struct Call {
    pub(crate) command: Command,
    stdin: Option<Vec<u8>>,
}

impl Call {
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: &[A]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = Some(bytes.as_ref().to_vec());
        self
    }

    /// Without a console, as services are started.
    pub(crate) fn without_console(mut self) -> Self {
        const DETACHED_PROCESS: u32 = 8;
        self.command.creation_flags(DETACHED_PROCESS);
        self
    }

    /// Runs it to its end, and returns exit code, standard output and standard error.
    pub(crate) fn outcome(mut self) -> (i32, Vec<u8>, String) {
        let mut child = start(self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()));
        // It may fail without having read it.
        let _ = child.stdin.take().unwrap().write_all(&self.stdin.unwrap_or_default());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("panicked at otp-"), "{stderr}");
        (output.status.code().unwrap(), output.stdout, stderr)
    }

    /// Runs it; it must succeed. Returns its standard output.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Vec<u8> {
        let (code, stdout, stderr) = self.outcome();
        assert_eq!(code, 0, "{stderr}");
        stdout
    }

    #[track_caller]
    pub(crate) fn prints(self) -> String {
        String::from_utf8(self.succeeds()).unwrap()
    }

    /// Runs it; it must fail with this code and print nothing on standard output. Returns its standard error.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> String {
        let (ended, stdout, stderr) = self.outcome();
        assert_eq!((ended, String::from_utf8_lossy(&stdout).as_ref()), (code, ""), "{stderr}");
        assert!(stderr.starts_with("otp: ") || stderr.starts_with("error: "), "{stderr}");
        stderr
    }
}
