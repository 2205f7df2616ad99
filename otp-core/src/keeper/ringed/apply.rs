//! [`Change`] and [`Applied`]: changing the database's password in the middle of a rotation.

use alloc::boxed::Box;
use core::fmt;

use crate::keeper::KeepError;
use crate::name::AccountName;

/// What is to change in the database: the account's payload before and after.
///
/// The program that applies it logs in with the old credential or, if that fails, with the new one. If the new one
/// works, the change was applied earlier, and the answer is [`Applied::Done`] (rule 9).
#[derive(Clone, Copy)]
pub struct Change<'a> {
    /// The account.
    pub account: &'a AccountName,
    /// The payload that logs in to the database, unless the new one already does.
    pub old: &'a [u8],
    /// The payload that it is to have.
    pub new: &'a [u8],
}

impl fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({}, ..)", self.account)
    }
}

/// What became of a [`Change`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Applied {
    /// The database has the new secret.
    Done,
    /// The database has the old secret, for certain.
    Unchanged,
    /// Nobody knows.
    InDoubt,
}

/// What to report if something fails after the database was asked to change: whatever it was, the rotation is unfinished.
pub(super) fn cut_short<S>(account: &AccountName) -> impl FnOnce(KeepError<S>) -> KeepError<S> {
    |cause| match cause {
        // It says so itself.
        KeepError::Overtaken { .. } => cause,
        cause => KeepError::CutShort { account: account.clone().into(), cause: Box::new(cause) },
    }
}
