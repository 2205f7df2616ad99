//! The shape of such a file, and why one is refused.

use std::fmt;

/// The 72 characters that pads and filler are made of.
pub const ALPHABET: &[u8; 72] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$%&*+=?#@";

/// The length of a value with its filler, of a key, and of each string in the file.
pub const LEN: usize = 25;
/// The longest value in characters: the last two are its length.
pub const MAX_VALUE_LEN: usize = LEN - 2;

/// The longest file that is read, in bytes; real ones have about 90, or 250 from Python 2.
pub const MAX_FILE_LEN: usize = 1024;

/// Why a file or its keys are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The file does not have the one shape that is read.
    OtherFile {
        /// Where it differs, in bytes from the start.
        at: usize,
    },
    /// A key is not 25 characters of the alphabet.
    MalformedKey {
        /// Which one: `user` or `password`.
        which: &'static str,
    },
    /// A key does not fit the file: what it opens can't be what was sealed.
    WrongKey {
        /// Which one: `user` or `password`.
        which: &'static str,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherFile { at } => {
                write!(f, "not a file of Secure-Python-Link: it differs at byte {at}; nothing of it was executed")
            }
            Self::MalformedKey { which } => {
                write!(f, "the {which} key is not 25 letters, digits and !$%&*+=?#@, as Secure-Python-Link's keys are")
            }
            Self::WrongKey { which } => write!(f, "the {which} key does not fit this file"),
        }
    }
}

impl std::error::Error for Error {}
