//! What can go wrong with a source that a user brings along. No message shows a byte of it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use otp_core::error::{Code, Coded};

/// Why a user's own source gives nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum EntropyError {
    /// It, or the record of its use, can't be read.
    Read {
        /// What can't be read.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// That bytes are used can't be recorded, or the bytes can't be destroyed; so they are not used.
    Write {
        /// What can't be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It has fewer bytes than are needed.
    TooShort {
        /// What is too short.
        name: String,
        /// How many bytes are left.
        left: u64,
        /// How many bytes are needed.
        needed: u64,
    },
    /// More was drawn than had been reserved.
    NotReserved {
        /// The source.
        name: String,
        /// How many reserved bytes are left.
        left: u64,
        /// How many bytes were asked for.
        needed: u64,
    },
    /// The record of what is used makes no sense.
    BadRecord {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It is nothing that can be read once.
    Unfit {
        /// What it is.
        name: String,
        /// Why not, and what to do.
        reason: &'static str,
    },
    /// Others than the owner can read or write it.
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Others than the owner can change what is recorded as used.
    RecordOpenToOthers {
        /// The record, or the directory that it is in.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It, or the record of its use, belongs to another user.
    OwnedByOther {
        /// The file.
        path: PathBuf,
        /// The owner's number.
        owner: u32,
        /// The number of whoever runs this process.
        user: u32,
    },
    /// The file has more than one name, and its use is recorded beside one of them only.
    ManyNames {
        /// The name that was given.
        path: PathBuf,
    },
}

impl Coded for EntropyError {
    fn code(&self) -> Code {
        match self {
            Self::Unfit { .. } => Code::Usage,
            Self::OpenToOthers { .. }
            | Self::RecordOpenToOthers { .. }
            | Self::OwnedByOther { .. }
            | Self::ManyNames { .. } => Code::UnsafePermissions,
            Self::Read { .. }
            | Self::Write { .. }
            | Self::TooShort { .. }
            | Self::NotReserved { .. }
            | Self::BadRecord { .. } => Code::RandomnessFailed,
        }
    }
}

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { name, source } => {
                write!(f, "can't read extra entropy from {name}")?;
                f.write_str(match source.kind() {
                    io::ErrorKind::NotFound => "; no such file, check the path",
                    io::ErrorKind::PermissionDenied => "; run as the user that it belongs to",
                    _ => "",
                })
            }
            Self::Write { path, .. } => write!(
                f,
                "can't write {}, so nothing of the extra entropy is used; it has to stand there durably that bytes are spent before they are",
                path.display()
            ),
            Self::TooShort { name, left, needed } => write!(
                f,
                "the extra entropy in {name} has {left} bytes left, and {needed} are needed; nothing was sealed, give a source with more"
            ),
            Self::NotReserved { name, left, needed } => write!(
                f,
                "{needed} bytes were asked for of the extra entropy in {name}, and {left} of those set aside are left; nothing was sealed, try again"
            ),
            Self::BadRecord { path, reason } => write!(
                f,
                "{0} does not say how much of its file is used: {reason}; put both back as they were, or, only if the file is a new one, run: rm {0}",
                path.display()
            ),
            Self::Unfit { name, reason } => write!(f, "extra entropy can't come from {name}: {reason}"),
            Self::OpenToOthers { path, mode } => write!(
                f,
                "others can read or write {0} (mode {mode:04o}), so it may hide nothing from them; run: chmod 600 {0}",
                path.display()
            ),
            Self::RecordOpenToOthers { path, mode } => write!(
                f,
                "others can write to {0} (mode {mode:04o}), and so undo what is recorded as used beside extra entropy; run: chmod go-w {0}",
                path.display()
            ),
            Self::OwnedByOther { path, owner, user } => write!(
                f,
                "{0} belongs to user {owner}, not to you (user {user}); run: sudo chown {user} {0}",
                path.display()
            ),
            Self::ManyNames { path } => write!(
                f,
                "{0} has another name too (a hard link), under which its bytes could be used again; leave it one name, or make a file of other bytes",
                path.display()
            ),
        }
    }
}

impl std::error::Error for EntropyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn what_the_system_refuses_is_told_with_what_to_do() {
        for (kind, hint) in [
            (io::ErrorKind::NotFound, "; no such file, check the path"),
            (io::ErrorKind::PermissionDenied, "; run as the user that it belongs to"),
            (io::ErrorKind::Other, ""),
        ] {
            let error = EntropyError::Read { name: "dice".into(), source: kind.into() };
            assert_eq!(error.to_string(), format!("can't read extra entropy from dice{hint}"));
            assert!(error.source().is_some());
        }
        assert!(EntropyError::ManyNames { path: "dice".into() }.source().is_none());
    }
}
