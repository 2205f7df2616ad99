//! [`Error`]: why a call failed.

use std::ffi::c_int;
use std::fmt::{self, Display};

use otp_core::{Code, Coded};

/// What an operation gives.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed. `what` is the parameter or member, as the header names it. What to do about it is
/// [`Error::hint`].
#[derive(Debug)]
pub(crate) enum Error {
    /// The library below failed.
    Link(otp_link::Error),
    /// A pointer is NULL where something is needed.
    Null { what: &'static str },
    /// A pointer is not aligned for its type.
    Misaligned { what: &'static str },
    /// A length goes beyond the end of the address space.
    TooLong { what: &'static str },
    /// A text is not UTF-8.
    NotUtf8 { what: &'static str },
    /// A path has no characters.
    EmptyPath { what: &'static str },
    /// A structure does not begin with its own size.
    WrongSize { what: &'static str, size: usize, expected: usize },
    /// A member that later versions may use is not 0.
    Reserved { what: &'static str },
    /// A handle was freed, is of another kind, or was never given.
    NotOpen { what: &'static str },
    /// An account has no field at an index.
    NoFieldAt { index: usize, count: usize },
    /// There is no new key at an index.
    NoKeyAt { index: usize, count: usize },
    /// Two buffers share memory.
    Overlap,
    /// A buffer is too small for what is written to it.
    TooSmall { what: &'static str, size: usize, needed: usize },
    /// A record file is given to a function that changes the store.
    RecordGiven,
    /// The caller did not take the new keys of a rotation.
    NotTaken { answer: c_int },
    /// The caller did not take the new keys of a rotation that is finished.
    LeftInRing { answer: c_int },
    /// A record outside of a store is to have a key of several pages.
    PagesGiven,
    /// This library panicked.
    Panicked,
}

impl Error {
    /// The message, followed by all its causes.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Link(error) => error.message(),
            other => other.to_string(),
        }
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Link(error) => error.code(),
            Self::NotTaken { .. } | Self::LeftInRing { .. } | Self::Panicked => Code::Other,
            _ => Code::Usage,
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(error) => Display::fmt(error, f),
            Self::Null { what } => write!(f, "{what} is NULL"),
            Self::Misaligned { what } => write!(f, "{what} is not aligned"),
            Self::TooLong { what } => write!(f, "{what} is longer than memory can be"),
            Self::NotUtf8 { what } => write!(f, "{what} is not valid UTF-8"),
            Self::EmptyPath { what } => write!(f, "{what} is empty"),
            Self::WrongSize { what, size, expected } => write!(f, "{what}->size is {size}, and should be {expected}"),
            Self::Reserved { what } => write!(f, "{what} is not 0"),
            Self::NotOpen { what } => write!(f, "{what} is not an open handle"),
            Self::NoFieldAt { index, count } => write!(f, "there is no field at index {index}: there are {count}"),
            Self::NoKeyAt { index, count } => write!(f, "there is no key at index {index}: there are {count}"),
            Self::Overlap => f.write_str("two of the buffers overlap"),
            Self::TooSmall { what, size, needed } => write!(f, "{what} has {size} bytes, and {needed} are needed"),
            Self::RecordGiven => f.write_str("source->record is given, and the store is what is changed"),
            Self::NotTaken { answer } => {
                write!(f, "hand_over did not take the new keys (it returned {answer}), so nothing has changed")
            }
            Self::LeftInRing { answer } => write!(
                f,
                "hand_over did not take the new keys (it returned {answer}); the rotation is finished, and the ring has them"
            ),
            Self::PagesGiven => f.write_str("a key of several pages belongs to an account"),
            Self::Panicked => f.write_str("this library has a defect (a panic)"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // The message above is the library's own, so take its cause, too.
            Self::Link(error) => error.source(),
            _ => None,
        }
    }
}

impl From<otp_link::Error> for Error {
    fn from(error: otp_link::Error) -> Self {
        Self::Link(error)
    }
}
