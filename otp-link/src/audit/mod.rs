//! The audit log: a line for each time that somebody opens an account, or changes its keys.
//!
//! `OTP_AUDIT` names where it goes; without it nothing is written, and nothing is asked of the system. `docs/audit.md`
//! says what the lines mean and what they don't prove.
//!
//! A function that hands something over begins an [`Entry`], says whom it is about as soon as that is known, and calls
//! [`Entry::granted`] just before the hand-over. If that fails, it must hand nothing over.

mod line;
mod log;
mod sink;

use std::cell::Cell;

use otp_core::{AccountName, Coded, Holder, KeyId};

use self::line::Line;
use self::log::Log;
use crate::environment;
use crate::error::{Error, Result};
use crate::new_key::NewKey;
use crate::warning::{self, Warning};

pub use self::log::AuditFault;

/// What somebody did, or tried to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Opened an account with a key.
    Open,
    /// Added an account, whose first key is handed over.
    Add,
    /// Issued one more key.
    Issue,
    /// Gave an account a new secret.
    Rotate,
    /// Took a key out of a ring to hand it out again.
    Export,
    /// Ended a key.
    Revoke,
    /// Deleted an account.
    Remove,
}

impl Event {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Add => "add",
            Self::Issue => "issue",
            Self::Rotate => "rotate",
            Self::Export => "export",
            Self::Revoke => "revoke",
            Self::Remove => "remove",
        }
    }
}

/// Whom an event is about, as far as it is known. All of it is public.
#[derive(Debug, Default)]
pub(crate) struct Subject {
    pub(crate) account: Option<AccountName>,
    pub(crate) key_id: Option<KeyId>,
    pub(crate) holder: Option<Holder>,
}

/// An event that is about to be logged, if there is a log.
#[derive(Debug)]
pub(crate) struct Entry {
    log: Option<Log>,
    event: Event,
    subject: Subject,
    /// Whether a line says that something was handed over.
    is_granted: Cell<bool>,
}

impl Entry {
    /// Begins an entry. Nothing is written yet.
    ///
    /// # Errors
    ///
    /// [`Error::AuditVariable`]
    pub(crate) fn begin(event: Event) -> Result<Self> {
        Ok(Self { log: Log::find(&environment::process)?, ..Self::none(event) })
    }

    /// An entry without a log: nothing is ever written.
    pub(crate) fn none(event: Event) -> Self {
        Self { log: None, event, subject: Subject::default(), is_granted: Cell::new(false) }
    }

    /// Says which account is meant. Without a log, nothing is kept of it.
    pub(crate) fn account(&mut self, account: &AccountName) {
        if self.log.is_some() {
            self.subject.account = Some(account.clone());
        }
    }

    /// Says which key is meant.
    pub(crate) fn key(&mut self, account: &AccountName, id: KeyId) {
        self.account(account);
        self.subject.key_id = Some(id);
    }

    /// Says who holds the key.
    pub(crate) fn holder(&mut self, holder: Option<&Holder>) {
        if self.log.is_some() {
            self.subject.holder = holder.cloned();
        }
    }

    /// Writes that something is about to be handed over.
    ///
    /// # Errors
    ///
    /// [`Error::NotAudited`]: it must not be handed over.
    pub(crate) fn granted(&self) -> Result<()> {
        self.write("ok")?;
        self.is_granted.set(true);
        Ok(())
    }

    /// Writes that a new key is about to be handed over, and returns the key.
    ///
    /// # Errors
    ///
    /// As [`granted`](Entry::granted).
    pub(crate) fn granted_key(&mut self, key: NewKey) -> Result<NewKey> {
        self.key(key.account(), key.id());
        self.holder(key.holder());
        self.granted()?;
        Ok(key)
    }

    /// Writes that nothing is handed over. Returns the error to fail with: the log's own if it can't be written.
    ///
    /// After a line that something was handed over, the given error is kept: it may be all that says how far it came.
    pub(crate) fn refused(&self, error: Error) -> Error {
        if matches!(error, Error::NotAudited { .. }) {
            return error;
        }
        match self.write(error.code().name()) {
            Err(unwritten) if self.is_granted.get() => {
                warn(&unwritten);
                error
            }
            Err(unwritten) => unwritten,
            Ok(()) => error,
        }
    }

    /// Writes how an attempt ended, just before its result is handed over.
    ///
    /// # Errors
    ///
    /// Those of the attempt, and [`Error::NotAudited`].
    pub(crate) fn end<T>(&self, attempt: Result<T>) -> Result<T> {
        let result = attempt.map_err(|error| self.refused(error))?;
        self.granted()?;
        Ok(result)
    }

    /// Writes what was done, when nothing more is handed over. If the log can't take it, that is only a warning.
    pub(crate) fn done(&self, result: &Result<()>) {
        let name = result.as_ref().map_or_else(|error| error.code().name(), |()| "ok");
        if let Err(unwritten) = self.write(name) {
            warn(&unwritten);
        }
    }

    fn write(&self, result: &str) -> Result<()> {
        let Some(log) = &self.log else { return Ok(()) };
        log.write(&Line::new(self.event, result, &self.subject))
    }
}

/// Warns of a line that no sink took.
fn warn(unwritten: &Error) {
    if let Error::NotAudited { path, source } = unwritten {
        warning::warn(&Warning::NotAudited { path, error: source });
    }
}
