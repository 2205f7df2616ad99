//! The callers: each logs in again and again with its own key, and retries for a while.

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use xtask::Result;

use crate::servers::clean;
use crate::servers::database::Database;

/// How long a caller keeps trying.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it waits before another try.
const PAUSE: Duration = Duration::from_millis(200);
/// How long it does something else between logins.
const WORK: Duration = Duration::from_millis(200);

/// A login that was refused.
pub(super) struct Refusal {
    pub(super) from: Instant,
    pub(super) to: Instant,
    pub(super) said: String,
}

/// What happened to a caller.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) logins: usize,
    pub(super) refusals: Vec<Refusal>,
    /// The longest time for a login, with all its tries.
    pub(super) longest: Duration,
    /// The logins that it gave up.
    pub(super) given_up: Vec<String>,
}

impl Calls {
    pub(super) fn add(&mut self, other: Self) {
        self.logins += other.logins;
        self.refusals.extend(other.refusals);
        self.longest = self.longest.max(other.longest);
        self.given_up.extend(other.given_up);
    }
}

/// A caller: `otp run` starts the database's client with a key file.
pub(super) struct Caller<'a> {
    pub(super) otp: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) key_file: PathBuf,
    pub(super) database: &'a dyn Database,
}

impl Caller<'_> {
    /// Logs in until time is up.
    pub(super) fn work(&self, until: Instant) -> Result<Calls> {
        let mut calls = Calls::default();
        while Instant::now() < until {
            let begun = Instant::now();
            while let Some(refusal) = self.log_in()? {
                if begun.elapsed() > PATIENCE {
                    calls.given_up.push(refusal.said.clone());
                }
                calls.refusals.push(refusal);
                if begun.elapsed() > PATIENCE {
                    break;
                }
                thread::sleep(PAUSE);
            }
            calls.logins += 1;
            calls.longest = calls.longest.max(begun.elapsed());
            thread::sleep(WORK);
        }
        calls.logins -= calls.given_up.len();
        Ok(calls)
    }

    /// Logs in once; on a refusal, returns the error message.
    pub(super) fn log_in(&self) -> Result<Option<Refusal>> {
        let mut command = Command::new(&self.otp);
        clean(&mut command);
        command.current_dir(&self.folder).envs(self.database.variables()).env("OTP_STORE", self.folder.join("store"));
        command.arg("run").arg("--key-file").arg(&self.key_file);
        command.arg("--env").arg(format!("{}=password", self.database.password_variable())).arg("--");
        command.args(self.database.client());
        let from = Instant::now();
        let outcome = command.output().map_err(|error| format!("otp run: {error}"))?;
        if outcome.status.success() && String::from_utf8_lossy(&outcome.stdout).trim() == self.database.user() {
            return Ok(None);
        }
        let said = format!("{}: {}", outcome.status, String::from_utf8_lossy(&outcome.stderr).trim());
        Ok(Some(Refusal { from, to: Instant::now(), said }))
    }
}
