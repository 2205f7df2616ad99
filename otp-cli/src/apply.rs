//! Running the program that changes a database in the middle of a rotation. `docs/rotation.md` has its contract.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::{ExitStatus, Stdio};

use otp_core::Fields;
use otp_link::ring::RingGuard;
use otp_link::{Applied, Change, KEY_VARIABLES, LOGIN_VARIABLES, LockedVec, push_json_string};
use otp_sys::Running;

use crate::error::Error;
use crate::start::{self, Obstacle};
use crate::terminal;

/// The exit code by which a program guarantees that it has changed nothing: `EX_TEMPFAIL` of sysexits.h.
const UNCHANGED: i32 = 75;

/// The program that changes a database.
pub(crate) struct Program<'a> {
    name: &'a OsStr,
    arguments: &'a [OsString],
    /// The outcome if it can't be started: unchanged, or in doubt if an earlier run may have changed the database.
    not_started: Applied,
    /// Why it was not started.
    failure: RefCell<Option<Error>>,
}

impl<'a> Program<'a> {
    pub(crate) fn new(name: &'a OsStr, arguments: &'a [OsString]) -> Self {
        Self { name, arguments, not_started: Applied::Unchanged, failure: RefCell::new(None) }
    }

    /// The same program, for a rotation that is resumed: an earlier run may have changed the database.
    pub(crate) fn again(self) -> Self {
        Self { not_started: Applied::InDoubt, ..self }
    }

    /// Runs it with one JSON object on its standard input, and says what became of the change.
    ///
    /// If this process dies, nobody continues the rotation before the program has ended too (rule 6): on Unix the
    /// program inherits the ring's lock, on Windows it is killed.
    pub(crate) fn apply(&self, guard: &RingGuard, change: &Change<'_>) -> Applied {
        let Some(object) = object(change) else { return self.not_started };
        match self.start(guard) {
            Ok(running) => match wait(running, &object) {
                Ok(status) => self.outcome(status),
                Err(_) => Applied::InDoubt,
            },
            Err(source) => {
                let obstacle = Obstacle::of(self.name, &source);
                let program = self.name.to_string_lossy().into_owned();
                *self.failure.borrow_mut() = Some(Error::NotStarted { program, obstacle, source });
                self.not_started
            }
        }
    }

    /// The error of a rotation, or why the program did not start at all.
    pub(crate) fn cause(&self, error: Error) -> Error {
        self.failure.borrow_mut().take().unwrap_or(error)
    }

    fn start(&self, guard: &RingGuard) -> io::Result<Running> {
        let _inherited = otp_sys::inherited(guard.file())?;
        let mut command = start::program(self.name);
        command.args(self.arguments).stdin(Stdio::piped());
        // Standard output is for new keys.
        command.stdout(Stdio::from(io::stderr()));
        for name in KEY_VARIABLES.iter().copied().chain(LOGIN_VARIABLES.map(|(name, _)| name)) {
            command.env_remove(name);
        }
        otp_sys::start(&mut command)
    }

    fn outcome(&self, status: ExitStatus) -> Applied {
        match status.code() {
            Some(0) => return Applied::Done,
            Some(UNCHANGED) => return Applied::Unchanged,
            _ => {}
        }
        let mut message = format!("{} ended with ", self.name.to_string_lossy());
        let _ = write!(message, "{status}");
        terminal::warn(&otp_link::redact(&message));
        Applied::InDoubt
    }
}

fn wait(mut running: Running, object: &[u8]) -> io::Result<ExitStatus> {
    if let Some(mut input) = running.take_stdin() {
        // A program need not read all of its input: its exit code decides.
        let _ = input.write_all(object);
    }
    running.wait()
}

/// `{"account": ..., "old": {...}, "new": {...}}` and a newline; `None` if a field is not text (refused earlier).
fn object(change: &Change<'_>) -> Option<LockedVec> {
    // Enough for any values: six characters for a byte, and a field has at least four bytes beside name and value.
    let mut out = LockedVec::with_capacity(8 * (change.old.len() + change.new.len()) + 512);
    out.extend_from_slice(b"{\"account\": ");
    push_json_string(change.account.as_str(), &mut out);
    for (name, payload) in [("old", change.old), ("new", change.new)] {
        out.extend_from_slice(b", ");
        push_json_string(name, &mut out);
        out.extend_from_slice(b": {");
        for (index, field) in Fields::decode(payload).ok()?.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b", ");
            }
            push_json_string(field.name, &mut out);
            out.extend_from_slice(b": ");
            push_json_string(std::str::from_utf8(field.value).ok()?, &mut out);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"}\n");
    Some(out)
}
