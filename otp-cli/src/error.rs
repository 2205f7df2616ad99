//! The program's errors, each with its exit code.

use std::fmt::{self, Display};
use std::io;

use otp_core::{Code, Coded};

use crate::channel::Channel;
use crate::start::Obstacle;

/// The result of a command.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The command line is not valid; clap's own message, with usage.
    CommandLine(String),
    /// The command line can't be executed: why not, and what to use instead.
    Usage { message: String, hint: Option<String> },
    /// Any error from the libraries.
    Link(otp_link::Error),
    /// Nobody of this name holds a key.
    NoKeys { holder: String },
    /// A value can't go where the user wants it.
    Unfit { field: String, channel: &'static Channel, reason: &'static str },
    /// A new key could not be handed over, and was taken back.
    NotHandedOver { source: io::Error },
    /// A rotation's new keys were handed over, but not all of the old ones could be ended.
    Unfinished(otp_link::Error),
    /// New keys could not be handed over; the rotation is finished, and the ring has them.
    LeftInRing(Box<Self>),
    /// Reading or writing something that is neither store nor key file.
    Io { what: String, source: io::Error },
    /// A command can't be started.
    NotStarted { program: String, obstacle: Obstacle, source: io::Error },
    /// The reader of standard output has closed it.
    OutputClosed,
    /// This process was started with its standard output closed.
    NoOutput,
    /// Nobody has confirmed this.
    NotConfirmed,
    /// Findings have been printed; this is the code of the worst.
    Found(Code),
}

impl Error {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: None }
    }

    pub(crate) fn usage_with(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::CommandLine(_) | Self::Usage { .. } => Code::Usage,
            Self::Link(error) | Self::Unfinished(error) => error.code(),
            Self::Unfit { .. }
            | Self::NotHandedOver { .. }
            | Self::Io { .. }
            | Self::NotStarted { .. }
            | Self::OutputClosed
            | Self::NoOutput
            | Self::NotConfirmed => Code::Other,
            Self::LeftInRing(error) => return error.exit_code(),
            Self::NoKeys { .. } => Code::NotFound,
            Self::Found(code) => *code,
        }
        .number()
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine(message) | Self::Usage { message, .. } => f.write_str(message),
            Self::Link(error) => error.fmt(f),
            Self::Unfit { field, channel, reason } => {
                write!(f, "field {field:?} can't go into {}: {reason}", channel.name)
            }
            Self::NotHandedOver { .. } => f.write_str("standard output can't be written, so nothing was changed"),
            Self::Unfinished(_) => f.write_str("the new keys open, but some of the old ones still do too"),
            Self::LeftInRing(_) => {
                f.write_str("the rotation is finished, but its new keys could not be handed over; the ring has them")
            }
            Self::Io { what, .. } => f.write_str(what),
            Self::NotStarted { program, obstacle, .. } => f.write_str(&obstacle.message(program)),
            Self::NoKeys { holder } => write!(f, "no key is held by {holder:?}"),
            Self::NoOutput => f.write_str("standard output is closed"),
            Self::NotConfirmed => f.write_str("nothing was changed"),
            Self::OutputClosed => f.write_str("standard output was closed early"),
            Self::Found(_) => f.write_str("there are problems; see the output"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // The message above is the library's own, so take its cause, too.
            Self::Link(error) => error.source(),
            Self::Unfinished(error) => Some(error),
            Self::LeftInRing(error) => Some(error.as_ref()),
            Self::NotHandedOver { source } | Self::Io { source, .. } | Self::NotStarted { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<otp_link::Error> for Error {
    fn from(error: otp_link::Error) -> Self {
        Self::Link(error)
    }
}

impl From<otp_core::Error> for Error {
    fn from(error: otp_core::Error) -> Self {
        Self::Link(error.into())
    }
}
