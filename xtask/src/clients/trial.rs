//! [`World`]: a user's account with wrong settings all around; [`Trial`]: a client that logs in.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use otp_test_tools::TempDir;
use xtask::Result;
use xtask::sh::run;

use super::USER;
use crate::servers::clean;

/// A home with wrong settings, a store, and the programs.
pub(super) struct World {
    folder: TempDir,
    otp: PathBuf,
    pub(super) venv: PathBuf,
}

/// Where the password may be visible.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sees {
    /// Neither in the command line nor in the environment.
    Nothing,
    /// Not in the command line.
    Environment,
    /// Wherever the trial's command line has put it.
    All,
}

/// A client that must log in and print its user.
pub(super) struct Trial<'a> {
    pub(super) what: &'a str,
    pub(super) key: &'a Path,
    pub(super) options: Vec<String>,
    /// Its words; a tab stands for a blank within a word.
    pub(super) command: &'a str,
    /// Its input.
    pub(super) input: &'a str,
    pub(super) expected: &'a str,
    pub(super) variables: &'a [(&'a str, &'a str)],
    pub(super) sees: Sees,
}

impl<'a> Trial<'a> {
    pub(super) fn of(what: &'a str, key: &'a Path, options: &[&str], command: &'a str, input: &'a str) -> Self {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Self { what, key, options, command, input, expected: USER, variables: &[], sees: Sees::Nothing }
    }
}

impl World {
    pub(super) fn new(otp: PathBuf, venv: PathBuf) -> Result<Self> {
        let folder = otp_test_tools::folder();
        let wrong = "[client]\nuser=wrong\npassword=wrong\n";
        let script = include_str!("sqlalchemy_url.py");
        for (name, text) in [(".my.cnf", wrong), ("sqlalchemy_url.py", script)] {
            fs::write(folder.path().join(name), text).map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(Self { folder, otp, venv })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds an account, and returns the path of its key.
    pub(super) fn add(&self, name: &str, user: &str, password: &str) -> Result<PathBuf> {
        let (key, value) = (self.path(&format!("{name}.key")), self.path(name));
        fs::write(&value, password).map_err(|error| format!("{name}: {error}"))?;
        let mut add = self.otp();
        add.args(["add", name, "--fields-only", "--username", user]).arg("--key-file").arg(&key);
        run(add.arg("--field-file").arg(format!("password={}", value.display())))?;
        fs::remove_file(value).map_err(|error| format!("{name}: {error}"))?;
        Ok(key)
    }

    /// The program, with this user's store.
    pub(super) fn otp(&self) -> Command {
        self.command(&self.otp)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        clean(&mut command);
        let path = std::env::var("PATH").unwrap_or_default();
        command.current_dir(self.folder.path()).env("HOME", self.folder.path());
        let otp = self.otp.parent().unwrap_or(Path::new("")).display();
        let bin = self.path("bin");
        command.env("PATH", format!("{}:{otp}:{}:{path}", bin.display(), self.venv.join("bin").display()));
        command.env("OTP_STORE", self.path("store")).env("LC_ALL", "C.UTF-8");
        command.env("PGPASSWORD", "wrong").env("MYSQL_PWD", "wrong").env("REDISCLI_AUTH", "wrong");
        command
    }

    /// A script in this user's environment, which finds `otp` and the programs of [`World::write_program`].
    pub(super) fn shell(&self, script: &Path) -> Command {
        let mut command = self.command("sh".as_ref());
        command.arg(script);
        command
    }

    /// Puts a program where this user's scripts find it.
    pub(super) fn write_program(&self, name: &str, text: &str) -> Result<()> {
        let (folder, path) = (self.path("bin"), self.path("bin").join(name));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, text))
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    /// `otp run` with a client as its command.
    pub(super) fn client(&self, trial: &Trial<'_>) -> Command {
        let mut command = self.otp();
        command.arg("run").arg("--key-file").arg(trial.key).args(&trial.options).arg("--");
        command.args(trial.command.split(' ').map(|word| word.replace('\t', " ")));
        command.envs(trial.variables.iter().filter(|(_, value)| !value.is_empty()).copied());
        for (name, _) in trial.variables.iter().filter(|(_, value)| value.is_empty()) {
            command.env_remove(name);
        }
        command
    }

    /// Has a client log in, and checks what others could see of it while it is connected.
    pub(super) fn run(&self, trial: &Trial<'_>) -> Result<()> {
        let failed = |error: std::io::Error| format!("{}: {error}", trial.what);
        let mut child = self.client(trial).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let (mut input, output) = (child.stdin.take(), child.stdout.take());
        if let Some(input) = input.as_mut() {
            // A client that could not log in has ended; its status says so.
            let _ = input.write_all(trial.input.as_bytes());
        }
        let mut said = String::new();
        let mut lines = output.into_iter().flat_map(|output| BufReader::new(output).lines());
        let is_in = lines.any(|line| {
            let line = line.unwrap_or_default();
            said.push_str(&line);
            said.push('\n');
            line.contains(trial.expected)
        });
        let seen = if is_in { look(trial, &child) } else { Ok(()) };
        drop(input);
        lines.for_each(drop);
        let status = child.wait().map_err(failed)?;
        seen?;
        if !is_in || !status.success() {
            return Err(format!("{} did not log in ({status}): {said}", trial.what));
        }
        println!("logged in: {}", trial.what);
        Ok(())
    }

    /// Has a client try to log in, which must fail.
    pub(super) fn refused(&self, key: &Path, options: &[&str], command: &str) -> Result<()> {
        let trial = Trial::of(command, key, options, command, "");
        let outcome =
            self.client(&trial).stdin(Stdio::null()).output().map_err(|error| format!("{command}: {error}"))?;
        if outcome.status.success() { Err(format!("{command} logged in with a wrong login")) } else { Ok(()) }
    }
}

/// Fails if a process shows the password where it must not be seen.
pub(super) fn look(trial: &Trial<'_>, child: &Child) -> Result<()> {
    // A part that is the same in every other encoding, and the part as in a URL.
    let parts: [&[u8]; 2] = [b"()*+,", b"%28%29%2A"];
    for (file, allowed) in [("cmdline", trial.sees == Sees::All), ("environ", trial.sees != Sees::Nothing)] {
        let path = format!("/proc/{}/{file}", child.id());
        let bytes = fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
        if bytes.is_empty() {
            return Err(format!("{}: {path} is empty", trial.what));
        }
        let found = parts.iter().any(|part| bytes.windows(part.len()).any(|window| window == *part));
        if found && !allowed {
            return Err(format!("{}: the password stands in {path}", trial.what));
        }
    }
    Ok(())
}
