//! [`RemoteError`]: what goes wrong with a store on the network.

use std::path::PathBuf;
use std::time::Duration;
use std::{error, fmt, io};

use otp_core::store::{ErrorKind, StoreError};
use otp_core::{Code, Coded};
use otp_remote_protocol::{Failure, Malformed};

/// What goes wrong with a store on the network, or with the helper that reaches it.
#[derive(Debug)]
#[non_exhaustive]
pub enum RemoteError {
    /// No helper serves the scheme.
    NoHelper {
        /// The URL's scheme.
        scheme: String,
        /// Where we looked for it.
        looked: Vec<PathBuf>,
    },
    /// The helper can't be started.
    NotStarted {
        /// The helper.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The helper ended, or sent something that is not an answer.
    Helper {
        /// The helper.
        path: PathBuf,
        /// What it did.
        fault: HelperFault,
    },
    /// The store did not answer in time.
    TimedOut {
        /// The store's URL.
        url: String,
        /// How long we waited.
        limit: Duration,
    },
    /// The store, or the helper for it, refused.
    Refused {
        /// The store's URL.
        url: String,
        /// What kind of failure it is.
        kind: Failure,
        /// What the helper said.
        message: String,
    },
    /// An object is longer than the store takes.
    TooLong {
        /// The store's URL.
        url: String,
        /// Its length in bytes.
        len: usize,
        /// The most bytes that the store takes.
        limit: usize,
    },
    /// The given guard is that of another store.
    WrongGuard {
        /// The store's URL.
        url: String,
    },
    /// The user interrupted it.
    Interrupted,
}

impl RemoteError {
    /// Whether it is about only the one object that was asked for, so that others may still be read.
    pub(crate) fn is_about_an_object(&self) -> bool {
        matches!(self, Self::Refused { kind: Failure::Damaged, .. })
    }
}

/// What a helper did so that it can't be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HelperFault {
    /// It ended.
    Ended,
    /// It sent something that is not an answer to the request.
    Malformed(Malformed),
    /// It answered a request that nobody made.
    Unasked,
}

/// What is wrong with a store's URL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlFault {
    /// There is a secret in it, which process lists and logs would show.
    Secret {
        /// Where.
        what: String,
    },
    /// A parameter that the scheme does not have.
    Parameter {
        /// Its name.
        name: String,
    },
    /// A parameter that is there twice.
    Twice {
        /// Its name.
        name: String,
    },
    /// A parameter without a value.
    Empty {
        /// Its name.
        name: String,
    },
    /// A parameter with a value that it can't have.
    Value {
        /// Its name.
        name: &'static str,
        /// What it can be.
        expected: &'static str,
    },
    /// It names no bucket, account or host.
    NoHost,
    /// It would reach another machine without TLS.
    PlainHttp {
        /// The machine.
        host: String,
    },
    /// A URL of the scheme `file` names another machine.
    NotHere,
    /// A `%` that is not followed by two digits.
    Escape,
    /// It is not UTF-8.
    NotText,
}

impl fmt::Display for UrlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret { what } => write!(f, "{what} is a secret, which no URL may have"),
            Self::Parameter { name } => write!(f, "there is no parameter {name}"),
            Self::Twice { name } => write!(f, "the parameter {name} is there twice"),
            Self::Empty { name } => write!(f, "the parameter {name} has no value"),
            Self::Value { name, expected } => write!(f, "the parameter {name} must be {expected}"),
            Self::NoHost => f.write_str("it names no bucket, account or host"),
            Self::PlainHttp { host } => write!(f, "{host} would be spoken to without TLS"),
            Self::NotHere => f.write_str("a URL of a directory has three slashes: file:///DIR"),
            Self::Escape => f.write_str("there is a % without two digits behind it"),
            Self::NotText => f.write_str("it is not UTF-8"),
        }
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHelper { scheme, looked } => {
                write!(f, "there is no helper for stores of the scheme {scheme}")?;
                for (index, dir) in looked.iter().enumerate() {
                    write!(f, "{} {}", if index == 0 { " in" } else { " or" }, dir.display())?;
                }
                Ok(())
            }
            Self::NotStarted { path, .. } => write!(f, "the helper {} can't be started", path.display()),
            Self::Helper { path, fault } => match fault {
                HelperFault::Ended => write!(f, "the helper {} ended without an answer", path.display()),
                HelperFault::Malformed(fault) => {
                    write!(f, "the helper {} gave a damaged answer: {fault}", path.display())
                }
                HelperFault::Unasked => write!(f, "the helper {} answered what nobody asked", path.display()),
            },
            Self::TimedOut { url, limit } => write!(f, "the store {url} did not answer within {} s", limit.as_secs()),
            Self::Refused { url, kind, message } => {
                let what = match kind {
                    Failure::NotFound => "there is no store at",
                    Failure::Denied => "not allowed by the store",
                    Failure::Unavailable => "can't reach the store",
                    Failure::Damaged => "damaged object in the store",
                    Failure::Unsupported => "can't be done with the store",
                    Failure::NotInitialised => "not initialised yet: the store",
                    Failure::Usage => "can't be used as it is configured: the store",
                    Failure::Other => "failure of the store",
                };
                write!(f, "{what} {url}: {message}")
            }
            Self::TooLong { url, len, limit } => {
                write!(f, "an object of {len} bytes is too long for the store {url}, which takes {limit}")
            }
            Self::WrongGuard { url } => write!(f, "the guard that was given is not one of the store {url}"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl error::Error for RemoteError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::NotStarted { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Coded for RemoteError {
    fn code(&self) -> Code {
        match self {
            Self::NoHelper { .. } | Self::WrongGuard { .. } | Self::Refused { kind: Failure::Usage, .. } => Code::Usage,
            Self::Helper { fault: HelperFault::Malformed(Malformed::Version { .. }), .. } => Code::NewerVersion,
            Self::Helper { fault: HelperFault::Malformed(_) | HelperFault::Unasked, .. }
            | Self::Refused { kind: Failure::Damaged, .. } => Code::Damaged,
            Self::Refused { kind: Failure::Denied, .. } => Code::Denied,
            Self::NotStarted { .. }
            | Self::Helper { fault: HelperFault::Ended, .. }
            | Self::TimedOut { .. }
            | Self::Refused { .. }
            | Self::TooLong { .. } => Code::StoreUnavailable,
            Self::Interrupted => Code::Other,
        }
    }
}

impl StoreError for RemoteError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused { kind, .. } => match kind {
                Failure::NotFound => ErrorKind::NotFound,
                Failure::Denied => ErrorKind::Denied,
                Failure::Unavailable => ErrorKind::Unavailable,
                Failure::Damaged => ErrorKind::Damaged,
                Failure::Unsupported | Failure::NotInitialised => ErrorKind::Unsupported,
                Failure::Usage | Failure::Other => ErrorKind::Other,
            },
            Self::TooLong { .. } => ErrorKind::Unsupported,
            Self::NotStarted { .. } | Self::Helper { .. } | Self::TimedOut { .. } => ErrorKind::Unavailable,
            Self::NoHelper { .. } | Self::WrongGuard { .. } | Self::Interrupted => ErrorKind::Other,
        }
    }
}
