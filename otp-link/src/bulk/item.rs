//! [`Item`]: what became of one key of a bulk operation.

use std::path::PathBuf;

use otp_core::{AccountName, Code, Coded, Holder};

use crate::error::Error;

/// What became of one account, or of one key to it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Item {
    /// The account.
    pub account: AccountName,
    /// The key's holder, if it has one.
    pub holder: Option<Holder>,
    /// The line of the manifest at which the account begins, where there are lines.
    pub line: Option<usize>,
    /// The key's file, where one is written.
    pub key_file: Option<PathBuf>,
    /// What was done.
    pub state: State,
}

/// What was done with an account or a key.
#[derive(Debug)]
#[non_exhaustive]
pub enum State {
    /// The key is new; its file is written and its record is in the store.
    Added,
    /// An earlier run did all of it.
    Exists,
    /// Somebody else made the account, and it was left as it is.
    Skipped,
    /// It would be done, if this were not a dry run.
    Planned,
    /// The account has a new secret.
    Rotated,
    /// It was not done. A key file that is left behind opens nothing, and the next run replaces it.
    Failed(Error),
    /// The run ended before it.
    NotReached,
}

impl State {
    /// What it is called in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Exists => "exists",
            Self::Skipped => "skipped",
            Self::Planned => "planned",
            Self::Rotated => "rotated",
            Self::Failed(_) => "failed",
            Self::NotReached => "not-reached",
        }
    }

    /// Why the run as a whole is not done, if this item is a reason.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Failed(error) => Some(error.code()),
            Self::NotReached => Some(Code::Other),
            _ => None,
        }
    }
}
