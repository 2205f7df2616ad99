//! [`Hint`]: what to do about an error, for a front end to put into its own words.

use std::io::ErrorKind;
use std::path::Path;

use crate::error::Error;

/// What to do about an error of a store.
///
/// It is data, not text: a program turns it into a command line to copy, a Python package into an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint<'a> {
    /// Add an account, which makes the store, or name the store that is meant.
    MakeStore,
    /// Name another store: this name is not that of a store.
    NameAnotherStore,
    /// Move away whatever is in the place of a part of the store.
    MoveAway {
        /// What to move.
        path: &'a Path,
    },
    /// Replace a link with what it leads to, or remove it.
    ReplaceLink {
        /// The link.
        path: &'a Path,
    },
    /// Take write permission from the group and from others.
    RemoveWriteAccess {
        /// The file or directory.
        path: &'a Path,
    },
    /// Act as the user that the store belongs to.
    ActAsOwner {
        /// The user's number.
        owner: u32,
    },
    /// Give a directory or file to the owner of the store's root.
    GiveToOwner {
        /// The directory or file.
        path: &'a Path,
        /// The owner's number.
        owner: u32,
    },
    /// Try again later, or wait longer.
    TryLater,
    /// Act as the owner, or as a user whom the permissions let in.
    CheckPermissions {
        /// What the system gives no access to.
        path: &'a Path,
    },
    /// Make room on the file system, or in the user's quota, and try again.
    FreeSpace {
        /// A path on that file system.
        path: &'a Path,
    },
    /// Mount the file system for writing.
    RemountWritable {
        /// A path on that file system.
        path: &'a Path,
    },
    /// Raise the process's limit on the size of files.
    RaiseFileSizeLimit,
}

impl Error {
    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn hint(&self) -> Option<Hint<'_>> {
        Some(match self {
            Self::RootMissing { .. } => Hint::MakeStore,
            Self::NotADirectory { root: true, .. } => Hint::NameAnotherStore,
            Self::NotADirectory { path, .. } | Self::NotAFile { path } => Hint::MoveAway { path },
            Self::Symlink { path } => Hint::ReplaceLink { path },
            Self::WritableByOthers { path, .. } => Hint::RemoveWriteAccess { path },
            Self::OwnedByOther { owner, .. } => Hint::ActAsOwner { owner: *owner },
            Self::OwnedByStranger { path, expected, .. } => Hint::GiveToOwner { path, owner: *expected },
            Self::Locked { .. } | Self::InUse { .. } => Hint::TryLater,
            Self::WrongLock { .. } => return None,
            Self::Store { path, source, .. } => match source.kind() {
                ErrorKind::PermissionDenied => Hint::CheckPermissions { path },
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Hint::FreeSpace { path },
                ErrorKind::ReadOnlyFilesystem => Hint::RemountWritable { path },
                ErrorKind::FileTooLarge => Hint::RaiseFileSizeLimit,
                _ => return None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_comes_with_what_to_do() {
        let path = Path::new("store");
        for (kind, hint) in [
            (ErrorKind::PermissionDenied, Some(Hint::CheckPermissions { path })),
            (ErrorKind::StorageFull, Some(Hint::FreeSpace { path })),
            (ErrorKind::QuotaExceeded, Some(Hint::FreeSpace { path })),
            (ErrorKind::ReadOnlyFilesystem, Some(Hint::RemountWritable { path })),
            (ErrorKind::FileTooLarge, Some(Hint::RaiseFileSizeLimit)),
            (ErrorKind::Other, None),
        ] {
            assert_eq!(Error::store("write", path, kind.into()).hint(), hint);
        }
    }

    #[test]
    fn a_file_in_the_place_of_the_root_is_not_to_be_moved() {
        let path = Path::new("store");
        let hint = |root| match (Error::NotADirectory { path: path.to_owned(), root }).hint() {
            Some(Hint::NameAnotherStore) => "name another",
            Some(Hint::MoveAway { path: at }) if at == path => "move away",
            other => panic!("{other:?}"),
        };
        assert_eq!([hint(true), hint(false)], ["name another", "move away"]);
    }
}
