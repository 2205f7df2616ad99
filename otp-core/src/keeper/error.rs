//! [`KeepError`]: why something with keys could not be done.

use alloc::boxed::Box;
use core::fmt;

use crate::error::{Code, Coded, Error};
use crate::name::{AccountName, KeyId, UnixTime};

/// Why a key has no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was revoked.
    Revoked {
        /// When.
        at: UnixTime,
    },
    /// It was replaced by a rotation, and its period of grace, if it had one, is over.
    Rotated {
        /// When it stopped to open.
        at: UnixTime,
    },
    /// The store knows nothing of it: it was never there, or its account was removed.
    Unknown,
}

/// Why something with keys could not be done. `S` is what the store fails with.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeepError<S> {
    /// Something was not valid, damaged, or does not fit.
    Invalid(Error),
    /// A record of an account is damaged.
    DamagedKey {
        /// The account.
        account: Box<AccountName>,
        /// The key whose record it is.
        id: KeyId,
        /// What is wrong with it.
        error: Error,
    },
    /// The store failed.
    Store(S),
    /// The source of randomness failed.
    Randomness(Box<dyn core::error::Error + Send + Sync>),
    /// The account exists already.
    Exists {
        /// The account.
        account: Box<AccountName>,
    },
    /// There is no such account.
    NoAccount {
        /// The account.
        account: Box<AccountName>,
    },
    /// There is no such key.
    NoKey {
        /// The account.
        account: Box<AccountName>,
        /// The key.
        id: KeyId,
        /// What is known of it.
        gone: Gone,
    },
    /// Every key of the account has expired.
    AllExpired {
        /// The account.
        account: Box<AccountName>,
    },
    /// Somebody else is changing the account's keys.
    Busy {
        /// The account.
        account: Box<AccountName>,
    },
}

impl<S> From<Error> for KeepError<S> {
    fn from(error: Error) -> Self {
        Self::Invalid(error)
    }
}

impl<S: core::error::Error> fmt::Display for KeepError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => fmt::Display::fmt(error, f),
            Self::DamagedKey { account, id, error } => write!(f, "key {id} of account {account}: {error}"),
            Self::Store(error) => fmt::Display::fmt(error, f),
            Self::Randomness(_) => f.write_str("the source of randomness failed; nothing was sealed"),
            Self::Exists { account } => {
                write!(f, "account {account} exists already; use issue for one more key, rotate for a new secret")
            }
            Self::NoAccount { account } => write!(f, "there is no account {account} in the store"),
            Self::NoKey { account, id, gone } => {
                write!(f, "there is no key {id} of account {account}: ")?;
                match gone {
                    Gone::Revoked { .. } => f.write_str("it was revoked"),
                    Gone::Rotated { .. } => f.write_str("it was rotated away; ask for the new key"),
                    Gone::Unknown => f.write_str("it was never there, or its account was removed"),
                }
            }
            Self::AllExpired { account } => {
                write!(f, "every key of account {account} has expired; give the new keys an expiry of their own")
            }
            Self::Busy { account } => {
                write!(f, "somebody else is changing the keys of account {account}; try again when that is done")
            }
        }
    }
}

impl<S: core::error::Error + 'static> core::error::Error for KeepError<S> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Store(error) => error.source(),
            Self::Randomness(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

impl<S: Coded + 'static> Coded for KeepError<S> {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(error) | Self::DamagedKey { error, .. } => error.code(),
            Self::Store(error) => error.code(),
            Self::Randomness(_) => Code::RandomnessFailed,
            Self::Exists { .. } => Code::Exists,
            Self::NoAccount { .. } | Self::NoKey { .. } => Code::NotFound,
            Self::AllExpired { .. } => Code::Expired,
            Self::Busy { .. } => Code::Other,
        }
    }
}
