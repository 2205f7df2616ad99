//! The errors, each with its path and its cause.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use otp_core::error::{Code, Coded};

/// Everything that can go wrong with a store on a file system, or on the way to a key.
///
/// Messages say what is wrong, where, and what to do; what the system said stays in `source()`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The store's directory does not exist.
    RootMissing {
        /// The store's root.
        path: PathBuf,
    },
    /// Something stands where the store needs a directory.
    NotADirectory {
        /// What is no directory.
        path: PathBuf,
    },
    /// Something stands where a regular file belongs: a directory, a pipe, a device.
    NotAFile {
        /// What is no regular file.
        path: PathBuf,
    },
    /// A symbolic link inside the store.
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// Others than the owner can write to the store or to a part of it.
    WritableByOthers {
        /// The directory or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The store belongs to another user than the one who writes to it.
    OwnedByOther {
        /// The store's root.
        path: PathBuf,
        /// The owner's number.
        owner: u32,
        /// The number of whoever runs this process.
        user: u32,
    },
    /// A file is longer than any record.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that a record takes, in bytes.
        limit: usize,
    },
    /// The system refused to read or write the store.
    Store {
        /// What was tried: `read`, `write`, `list`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No store was named, and the system does not say where a user's data belong.
    NoStore,
    /// No key was given in any way.
    NoKey,
    /// The key could not be read.
    Key {
        /// Where it was to come from.
        origin: String,
        /// What the system said.
        source: io::Error,
    },
    /// What was given as a key is longer than any key.
    KeyTooLong {
        /// Where it came from.
        origin: String,
        /// The most that a key takes, in bytes.
        limit: usize,
    },
    /// What was given as a key is not even text.
    KeyNotText {
        /// Where it came from.
        origin: String,
    },
    /// Others than the owner can read or write a key file.
    KeyOpenToOthers {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key file belongs to another user, who could read it or put another key in its place.
    KeyOwnedByOther {
        /// The key file.
        path: PathBuf,
        /// The owner's number.
        owner: u32,
        /// The number of whoever runs this process.
        user: u32,
    },
    /// A key file could not be written.
    KeyNotWritten {
        /// The key file, of which nothing is left.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is there already where a key file was to be made.
    KeyFileExists {
        /// The file, which stays as it is.
        path: PathBuf,
    },
}

impl Error {
    /// An error of the system, at a path of the store.
    pub(crate) fn store(action: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Store { action, path: path.as_ref().to_owned(), source }
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::RootMissing { .. } | Self::NotADirectory { .. } | Self::Store { .. } => Code::StoreUnavailable,
            Self::Symlink { .. }
            | Self::WritableByOthers { .. }
            | Self::OwnedByOther { .. }
            | Self::KeyOpenToOthers { .. }
            | Self::KeyOwnedByOther { .. } => Code::UnsafePermissions,
            Self::NotAFile { .. } | Self::TooLarge { .. } => Code::Damaged,
            Self::NoStore | Self::NoKey => Code::Usage,
            Self::Key { .. } | Self::KeyNotWritten { .. } => Code::Other,
            Self::KeyTooLong { .. } | Self::KeyNotText { .. } => Code::MalformedKey,
            Self::KeyFileExists { .. } => Code::Exists,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RootMissing { path } => write!(
                f,
                "there is no store at {}; `otp add` makes one, or name another with --store DIR or OTP_STORE",
                path.display()
            ),
            Self::NotADirectory { path } => {
                write!(f, "{} is no directory; move it away, or name another store", path.display())
            }
            Self::NotAFile { path } => write!(f, "{} is no regular file; move it away", path.display()),
            Self::Symlink { path } => write!(
                f,
                "{0} is a symbolic link, and a store follows none; put what it points to in its place, or run: rm {0}",
                path.display()
            ),
            Self::WritableByOthers { path, mode } => {
                write!(f, "others can write to {0} (mode {mode:04o}); run: chmod go-w {0}", path.display())
            }
            Self::OwnedByOther { path, owner, user } => write!(
                f,
                "the store {} belongs to user {owner}, not to you (user {user}); write to it as that user: sudo -u '#{owner}' otp ...",
                path.display()
            ),
            Self::TooLarge { path, limit } => {
                write!(f, "{} is no record: it is longer than {limit} bytes", path.display())
            }
            Self::Store { action, path, source } => {
                write!(f, "can't {action} {}{}", path.display(), hint(source))
            }
            Self::NoStore => {
                f.write_str("no store is named and there is no home directory; use --store DIR or OTP_STORE")
            }
            Self::NoKey => f.write_str(
                "no key is given; use --key-file PATH ('-' is standard input), --key-fd N, OTP_KEY_FILE, OTP_KEY, \
                 or systemd's LoadCredential=otp-key",
            ),
            Self::Key { origin, source } => {
                write!(f, "can't read the key from {origin}")?;
                match source.kind() {
                    io::ErrorKind::NotFound => f.write_str("; no such file, check the path"),
                    io::ErrorKind::PermissionDenied => f.write_str("; run as the user that it belongs to"),
                    _ => Ok(()),
                }
            }
            Self::KeyNotWritten { path, source } => {
                write!(f, "can't write the key file {}{}", path.display(), hint(source))
            }
            Self::KeyTooLong { origin, limit } => {
                write!(f, "what came from {origin} is longer than any key ({limit} bytes); check what is in it")
            }
            Self::KeyNotText { origin } => write!(f, "what came from {origin} is no key: it is not text"),
            Self::KeyOpenToOthers { path, mode } => {
                write!(
                    f,
                    "others can read or write the key file {0} (mode {mode:04o}); run: chmod 600 {0}",
                    path.display()
                )
            }
            Self::KeyOwnedByOther { path, owner, user } => write!(
                f,
                "the key file {0} belongs to user {owner}, not to you (user {user}); run: sudo chown {user} {0}",
                path.display()
            ),
            Self::KeyFileExists { path } => {
                write!(f, "{} exists already and stays as it is; choose another path for the key file", path.display())
            }
        }
    }
}

/// What to do about the failures of a system that people meet.
fn hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => "; run as its owner, or as a user whom its mode lets in",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; make room on its file system and try again",
        io::ErrorKind::ReadOnlyFilesystem => "; its file system is mounted read-only",
        io::ErrorKind::FileTooLarge => "; a limit on the size of files is too low (ulimit -f)",
        _ => "",
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store { source, .. } | Self::Key { source, .. } | Self::KeyNotWritten { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn what_the_system_refuses_is_told_with_what_to_do() {
        let store = |kind: ErrorKind| Error::store("write", "store", kind.into());
        let unwritten = |kind: ErrorKind| Error::KeyNotWritten { path: "key".into(), source: kind.into() };
        for (kind, hint) in [
            (ErrorKind::PermissionDenied, "; run as its owner, or as a user whom its mode lets in"),
            (ErrorKind::StorageFull, "; make room on its file system and try again"),
            (ErrorKind::QuotaExceeded, "; make room on its file system and try again"),
            (ErrorKind::ReadOnlyFilesystem, "; its file system is mounted read-only"),
            (ErrorKind::FileTooLarge, "; a limit on the size of files is too low (ulimit -f)"),
            (ErrorKind::Other, ""),
        ] {
            assert_eq!(store(kind).to_string(), format!("can't write store{hint}"));
            assert_eq!(unwritten(kind).to_string(), format!("can't write the key file key{hint}"));
            assert!(store(kind).source().is_some() && unwritten(kind).source().is_some());
        }
        let unread = |kind: ErrorKind| Error::Key { origin: "key".into(), source: kind.into() };
        for (kind, hint) in [
            (ErrorKind::NotFound, "; no such file, check the path"),
            (ErrorKind::PermissionDenied, "; run as the user that it belongs to"),
            (ErrorKind::Other, ""),
        ] {
            assert_eq!(unread(kind).to_string(), format!("can't read the key from key{hint}"));
            assert!(unread(kind).source().is_some());
        }
        assert!(Error::NoKey.source().is_none());
    }
}
