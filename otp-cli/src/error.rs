//! The errors of the command line: each with its exit code.

use std::fmt::{self, Display};
use std::io;

use otp_core::keeper::{Gone, KeepError};
use otp_core::{AccountName, Code, Coded, KeyId, UnixTime};
use otp_store_fs::entropy::EntropyError;

use crate::format::Channel;
use crate::time;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The command line is not valid; clap's own message, with usage.
    CommandLine(String),
    /// The command line is not valid, or something that it needs is not given.
    Usage(String),
    /// Names, keys, records.
    Core(otp_core::Error),
    /// What people do with keys.
    Keep(KeepError<otp_store_fs::Error>),
    /// The store, key files.
    Store(otp_store_fs::Error),
    /// A file of the ancestor, or its keys.
    Ancestor(otp_ancestor::Error),
    /// The source of randomness.
    Randomness(String),
    /// The source that the user brings along.
    Entropy(EntropyError),
    /// The key is for another account than the one that was named.
    OtherAccount { named: Box<AccountName>, key: Box<AccountName> },
    /// The account has no such field.
    NoField { field: String, there: Vec<String> },
    /// A value can't go where it is asked to go.
    Unfit { field: String, channel: &'static Channel, reason: &'static str },
    /// The key has been replaced, and its secret with it; it is in its period of grace.
    Replaced { id: KeyId, until: UnixTime },
    /// A new key that could not be handed over, so that it was taken back.
    NotHandedOver { source: io::Error },
    /// Reading or writing something that is neither store nor key file.
    Io { what: String, source: io::Error },
    /// Whoever reads our output has had enough.
    OutputClosed,
    /// Some records are damaged, or do not fit their keys; what they are has been printed.
    Found(Code),
}

impl Error {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::CommandLine(_) | Self::Usage(_) => Code::Usage,
            Self::Core(error) => error.code(),
            Self::Keep(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Ancestor(otp_ancestor::Error::MalformedKey { .. }) => Code::MalformedKey,
            Self::Randomness(_) => Code::RandomnessFailed,
            Self::Entropy(error) => error.code(),
            Self::OtherAccount { .. } | Self::Ancestor(otp_ancestor::Error::WrongKey { .. }) => Code::WrongKey,
            Self::Ancestor(_) => Code::Damaged,
            Self::Replaced { .. } => Code::NotFound,
            Self::NoField { .. }
            | Self::Unfit { .. }
            | Self::NotHandedOver { .. }
            | Self::Io { .. }
            | Self::OutputClosed => Code::Other,
            Self::Found(code) => *code,
        }
        .number()
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine(message) | Self::Usage(message) | Self::Randomness(message) => f.write_str(message),
            Self::Core(error) => describe(error, f),
            Self::Keep(error) => describe_keep(error, f),
            Self::Store(error) => error.fmt(f),
            Self::Ancestor(error) => error.fmt(f),
            Self::Entropy(error) => error.fmt(f),
            Self::OtherAccount { named, key } => {
                write!(f, "the key is for account {key}, not for {named}; use a key to {named}")
            }
            Self::NoField { field, there } => {
                write!(f, "the account has no field {field}; it has: {}", there.join(", "))
            }
            Self::Unfit { field, channel, reason } => {
                write!(f, "field {field} can't go into {}: {reason}; use {}", channel.name, channel.instead)
            }
            Self::Replaced { id, until } => write!(
                f,
                "key {id} was replaced and opens only the old secret, until {}; use a current key, or give every field anew without one",
                time::rfc3339(*until)
            ),
            Self::NotHandedOver { source } => {
                write!(f, "standard output can't be written, so nothing was changed: {source}")
            }
            Self::Io { what, source } => write!(f, "{what}: {source}"),
            Self::OutputClosed => f.write_str("standard output was closed early"),
            Self::Found(code) => f.write_str(code.meaning()),
        }
    }
}

/// What core says, with times as people read them.
fn describe(error: &otp_core::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        otp_core::Error::Expired { at } => {
            write!(f, "the record expired at {}; ask for a new key", time::rfc3339(*at))
        }
        other => other.fmt(f),
    }
}

fn describe_keep(error: &KeepError<otp_store_fs::Error>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        KeepError::Invalid(error) => describe(error, f),
        KeepError::NoKey { gone: Gone::Revoked { at } | Gone::Rotated { at }, .. } => {
            write!(f, "{error} ({})", time::rfc3339(*at))
        }
        other => other.fmt(f),
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // What stands above is their own message, so their cause is ours.
            Self::Core(error) => error.source(),
            Self::Keep(error) => error.source(),
            Self::Store(error) => error.source(),
            Self::Entropy(error) => error.source(),
            _ => None,
        }
    }
}

impl From<otp_core::Error> for Error {
    fn from(error: otp_core::Error) -> Self {
        Self::Core(error)
    }
}

impl From<KeepError<otp_store_fs::Error>> for Error {
    fn from(error: KeepError<otp_store_fs::Error>) -> Self {
        Self::Keep(error)
    }
}

impl From<EntropyError> for Error {
    fn from(error: EntropyError) -> Self {
        Self::Entropy(error)
    }
}

impl From<otp_store_fs::Error> for Error {
    fn from(error: otp_store_fs::Error) -> Self {
        Self::Store(error)
    }
}
