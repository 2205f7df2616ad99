//! A program to be started, how it ended, and what it printed.

use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Output, Stdio};

use crate::world::{NOBODY, OTP, is_root};

/// A program to be started.
pub(crate) struct Call {
    pub(crate) command: Command,
    stdin: Option<Vec<u8>>,
}

impl Call {
    pub(crate) fn new(command: Command) -> Self {
        Self { command, stdin: None }
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = Some(bytes.as_ref().to_vec());
        self
    }

    /// As a user who owns nothing. Only root can switch users; anybody else stays who they are.
    pub(crate) fn by_stranger(mut self) -> Self {
        if is_root() {
            self.command.uid(NOBODY).gid(NOBODY);
        }
        self
    }

    /// Runs it to its end.
    pub(crate) fn outcome(mut self) -> Outcome {
        let stdin = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child = self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (pid, input, bytes) = (child.id(), child.stdin.take(), self.stdin);
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                if let (Some(mut input), Some(bytes)) = (input, bytes) {
                    // It may fail without having read it.
                    let _ = input.write_all(&bytes);
                }
            });
            child.wait_with_output().unwrap()
        });
        Outcome::new(pid, output)
    }

    /// Runs it; it must succeed without a word on standard error. Returns its standard output.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Vec<u8> {
        let outcome = self.outcome();
        assert_eq!((outcome.code(), outcome.stderr.as_str()), (0, ""));
        outcome.stdout
    }

    /// As text, without the newline at its end.
    #[track_caller]
    pub(crate) fn prints(self) -> String {
        String::from_utf8(self.succeeds()).unwrap().trim_end_matches('\n').to_owned()
    }

    /// Runs it; it must fail with this code and print nothing on standard output. Returns its standard error.
    ///
    /// `otp run` adds 100 to the code of its own failures.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> String {
        let is_run = self.command.get_program() == OTP && self.command.get_args().next() == Some("run".as_ref());
        let code = if is_run { 100 + code } else { code };
        let outcome = self.outcome();
        assert_eq!((outcome.code(), outcome.text().as_str()), (code, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.starts_with("otp: ") || outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
        outcome.stderr
    }
}

/// The hint in an error message.
#[track_caller]
pub(crate) fn hint(stderr: &str) -> &str {
    let hint = stderr.lines().find_map(|line| line.strip_prefix("  hint: "));
    hint.unwrap_or_else(|| panic!("there is no hint in {stderr:?}"))
}

/// The command in a hint, for a shell to run.
#[track_caller]
pub(crate) fn command(hint: &str) -> &str {
    let command = hint.rsplit_once("run: ").map(|(_, command)| command);
    command.unwrap_or_else(|| panic!("there is no command in {hint:?}"))
}

/// The warning, if it is all that the program prints.
pub(crate) fn warning(stderr: &str) -> Option<&str> {
    stderr.strip_prefix("otp: warning: ")?.strip_suffix('\n').filter(|warning| !warning.contains('\n'))
}

/// How a program ended, and what it printed.
pub(crate) struct Outcome {
    pub(crate) pid: u32,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Outcome {
    fn new(pid: u32, output: Output) -> Self {
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{stderr}");
        Self { pid, status: output.status, stdout: output.stdout, stderr }
    }

    /// The exit code; a signal counts as a negative one.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| -self.status.signal().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}
