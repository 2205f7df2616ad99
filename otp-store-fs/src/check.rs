//! Owners, modes and links: what is refused, and what the store gives to what it makes.
//!
//! Reading a store is harmless: a record without its key says nothing. Writing to it is not, since whoever can write can
//! remove records or bring back old ones. So readers and writers alike refuse whatever others can write to: the store's root, each
//! directory on the way, and the object itself. The group counts as others.
//!
//! On Windows the access lists of a store are not read: it is as private as the folder that it was made in, and
//! the default one lies in the user's profile, which only he and administrators can write to. Links are refused there as well.

use std::path::Path;

use crate::error::Error;
use crate::sys::{FileKind, Status};

/// Write permission for the group or for everybody.
const OTHERS_WRITE: u32 = 0o022;

/// The modes of what a store makes: read bits as its root has them, write permission for the owner alone.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(windows, allow(dead_code, reason = "there are no modes there"))]
pub(crate) struct Modes {
    /// The mode of files: 0600, 0640 or 0644.
    pub(crate) file: u32,
    /// The mode of directories: 0700, 0750 or 0755, and set-group-ID if the root has it.
    pub(crate) dir: u32,
    /// The group that group bits are meant for: the root's.
    pub(crate) group: u32,
}

impl Modes {
    /// The modes for what is made below this root.
    pub(crate) fn of(root: &Status) -> Self {
        Self { file: 0o600 | root.mode & 0o044, dir: 0o700 | root.mode & 0o2055, group: root.group }
    }
}

/// Refuses a file or directory that others can write to.
///
/// `path` is asked for only where the answer is an error.
pub(crate) fn not_writable_by_others<P: AsRef<Path>>(status: &Status, path: impl FnOnce() -> P) -> Result<(), Error> {
    if status.mode & OTHERS_WRITE == 0 {
        return Ok(());
    }
    Err(Error::WritableByOthers { path: path().as_ref().to_owned(), mode: status.mode })
}

/// Refuses what is no regular file, with the error for what it is.
pub(crate) fn regular_file<P: AsRef<Path>>(status: &Status, path: impl FnOnce() -> P) -> Result<(), Error> {
    match status.kind {
        FileKind::File => Ok(()),
        FileKind::Symlink => Err(Error::Symlink { path: path().as_ref().to_owned() }),
        FileKind::Directory | FileKind::Other => Err(Error::NotAFile { path: path().as_ref().to_owned() }),
    }
}

/// Refuses to write to a store that belongs to somebody else: what is made in it would be out of its owner's hands.
pub(crate) fn owned_by(status: &Status, user: u32, path: &Path) -> Result<(), Error> {
    if status.owner == user {
        return Ok(());
    }
    Err(Error::OwnedByOther { path: path.to_owned(), owner: status.owner, user })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_mode(mode: u32) -> Status {
        Status { kind: FileKind::Directory, mode, owner: 1, group: 2, len: 0, place: (0, 0) }
    }

    #[test]
    fn modes_follow_the_read_bits_of_the_root() {
        for (root, file, dir) in [
            (0o700, 0o600, 0o700),
            (0o750, 0o640, 0o750),
            (0o755, 0o644, 0o755),
            (0o2750, 0o640, 0o2750),
            (0o500, 0o600, 0o700),
            (0o7777, 0o644, 0o2755),
        ] {
            let modes = Modes::of(&with_mode(root));
            assert_eq!((modes.file, modes.dir, modes.group), (file, dir, 2), "{root:o}");
        }
    }

    #[test]
    fn exactly_the_modes_with_a_write_bit_for_others_are_refused() {
        for mode in 0..=0o7777 {
            let refused = not_writable_by_others(&with_mode(mode), || "store").is_err();
            assert_eq!(refused, mode & 0o020 != 0 || mode & 0o002 != 0, "{mode:o}");
        }
    }
}
