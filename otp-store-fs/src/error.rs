//! [`Error`]: what goes wrong with a store on a file system, each with its path and its cause.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{error, fmt};

use otp_core::store::{ErrorKind, StoreError};
use otp_core::{Code, Coded};

/// What goes wrong with a store on a file system.
///
/// Messages say what is wrong and where; what the system said is the `source()`, and what to do about it the
/// [`hint`](Error::hint).
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The store's directory does not exist.
    RootMissing {
        /// The store's root.
        path: PathBuf,
    },
    /// There is something else where the store needs a directory.
    NotADirectory {
        /// What is not a directory.
        path: PathBuf,
        /// Whether it is the store's root.
        root: bool,
    },
    /// There is something else where a regular file belongs: a directory, a pipe, a device.
    NotAFile {
        /// What is not a regular file.
        path: PathBuf,
    },
    /// A symbolic link inside the store.
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// Users other than the owner can write to the store or to a part of it.
    WritableByOthers {
        /// The directory or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The store belongs to a user other than the one who writes to it.
    OwnedByOther {
        /// The store's root.
        path: PathBuf,
        /// The owner's number.
        owner: u32,
        /// The number of the user that this process acts as.
        user: u32,
    },
    /// A directory or file inside the store belongs neither to the owner of its root nor to the system's administrator.
    OwnedByStranger {
        /// The directory or file.
        path: PathBuf,
        /// The number of the user who owns it.
        owner: u32,
        /// The number of the user who owns the root.
        expected: u32,
    },
    /// Another process held an account's lock for as long as this one waited.
    Locked {
        /// The account's directory.
        path: PathBuf,
        /// How long that was.
        waited: Duration,
    },
    /// Another program has a file of the store open and kept others out of it for as long as this one waited.
    InUse {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The given lock is another account's, or was taken through another [`FsStore`](crate::FsStore).
    WrongLock {
        /// The object that was to be replaced.
        path: PathBuf,
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
}

impl Error {
    /// What the error is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::RootMissing { path }
            | Self::NotADirectory { path, .. }
            | Self::NotAFile { path }
            | Self::Symlink { path }
            | Self::WritableByOthers { path, .. }
            | Self::OwnedByOther { path, .. }
            | Self::OwnedByStranger { path, .. }
            | Self::Locked { path, .. }
            | Self::InUse { path, .. }
            | Self::WrongLock { path }
            | Self::Store { path, .. } => path,
        }
    }

    /// An error of the system, at a path of the store.
    pub(crate) fn store(action: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        let path = path.as_ref().to_owned();
        if otp_sys::is_in_use(&source) {
            return Self::InUse { path, source };
        }
        Self::Store { action, path, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RootMissing { path } => write!(f, "there is no store at {}", path.display()),
            Self::NotADirectory { path, .. } => write!(f, "{} is not a directory", path.display()),
            Self::NotAFile { path } => write!(f, "{} is not a regular file", path.display()),
            Self::Symlink { path } => write!(f, "{} is a symbolic link inside a store", path.display()),
            Self::WritableByOthers { path, mode } => {
                write!(f, "others can write to {} ({})", path.display(), otp_sys::Access(*mode))
            }
            Self::OwnedByOther { path, .. } if cfg!(windows) => {
                write!(f, "the store {} belongs to another user", path.display())
            }
            Self::OwnedByStranger { path, .. } if cfg!(windows) => {
                write!(f, "{} belongs to another user than the store does", path.display())
            }
            Self::OwnedByOther { path, owner, user } => {
                write!(f, "the store {} belongs to user {owner}, not to user {user}", path.display())
            }
            Self::OwnedByStranger { path, owner, expected } => {
                write!(f, "{} belongs to user {owner}, not to user {expected} as the store does", path.display())
            }
            Self::Locked { path, waited } => {
                write!(f, "another process has had {} locked for {} s", path.display(), waited.as_secs())
            }
            Self::InUse { path, .. } => write!(f, "another program has {} open", path.display()),
            Self::WrongLock { path } => write!(f, "the lock that was given does not cover {}", path.display()),
            Self::Store { action, path, .. } => write!(f, "can't {action} {}", path.display()),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Store { source, .. } | Self::InUse { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::RootMissing { .. } | Self::NotADirectory { .. } | Self::Store { .. } => Code::StoreUnavailable,
            Self::Symlink { .. }
            | Self::WritableByOthers { .. }
            | Self::OwnedByOther { .. }
            | Self::OwnedByStranger { .. } => Code::UnsafePermissions,
            Self::Locked { .. } | Self::InUse { .. } => Code::Locked,
            Self::NotAFile { .. } => Code::Damaged,
            Self::WrongLock { .. } => Code::Usage,
        }
    }
}

impl StoreError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::RootMissing { .. } => ErrorKind::NotFound,
            Self::NotAFile { .. } => ErrorKind::Damaged,
            Self::Symlink { .. }
            | Self::WritableByOthers { .. }
            | Self::OwnedByOther { .. }
            | Self::OwnedByStranger { .. } => ErrorKind::Denied,
            Self::Locked { .. } | Self::InUse { .. } => ErrorKind::Locked,
            Self::WrongLock { .. } => ErrorKind::Other,
            Self::Store { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => ErrorKind::Denied,
            Self::NotADirectory { .. } | Self::Store { .. } => ErrorKind::Unavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn what_the_system_said_is_the_source_and_tells_denied_from_unavailable() {
        for (said, kind) in [
            (io::ErrorKind::PermissionDenied, ErrorKind::Denied),
            (io::ErrorKind::StorageFull, ErrorKind::Unavailable),
            (io::ErrorKind::ReadOnlyFilesystem, ErrorKind::Unavailable),
        ] {
            let error = Error::store("write", "store", said.into());
            assert_eq!((error.kind(), error.code()), (kind, Code::StoreUnavailable));
            assert!(error.source().is_some());
        }
        assert!(Error::RootMissing { path: "store".into() }.source().is_none());
    }
}
