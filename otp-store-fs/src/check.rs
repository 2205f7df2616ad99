//! Owners, modes and links: what a store refuses.
//!
//! Reading a store is harmless: a record without its key reveals nothing. Writing to it is not: those who can write can
//! remove records or bring back old ones. So readers and writers alike refuse what others could write to: the store's root,
//! each directory on the way, and the object itself. The group counts as others. So do strangers who own a part of it.
//!
//! On Windows the access list counts: what it allows to others, that is, to anyone but the owner, the system and its
//! administrators. On a volume without access lists, everybody is allowed everything. Links are refused there, too.

use std::path::Path;

use otp_sys::{FileKind, Status};

use crate::error::Error;

/// Write permission for the group or for everybody.
const OTHERS_WRITE: u32 = 0o022;

/// Refuses a file or directory that others can write to. `path` is called only for an error.
pub(crate) fn not_writable_by_others<P: AsRef<Path>>(status: &Status, path: impl FnOnce() -> P) -> Result<(), Error> {
    if status.mode & OTHERS_WRITE == 0 {
        return Ok(());
    }
    Err(Error::WritableByOthers { path: path().as_ref().to_owned(), mode: status.mode })
}

/// Refuses anything but a regular file, with the error for what it is. `path` is called only for an error.
pub(crate) fn regular_file<P: AsRef<Path>>(status: &Status, path: impl FnOnce() -> P) -> Result<(), Error> {
    match status.kind {
        FileKind::File => Ok(()),
        FileKind::Symlink => Err(Error::Symlink { path: path().as_ref().to_owned() }),
        FileKind::Directory | FileKind::Other => Err(Error::NotAFile { path: path().as_ref().to_owned() }),
    }
}

/// Refuses a part of a store that others can write to or that a stranger owns. `path` is called only for an error.
pub(crate) fn part<P: AsRef<Path>>(status: &Status, root: &Status, path: impl Fn() -> P) -> Result<(), Error> {
    not_writable_by_others(status, &path)?;
    not_a_strangers(status, root, path)
}

fn not_a_strangers<P: AsRef<Path>>(status: &Status, root: &Status, path: impl FnOnce() -> P) -> Result<(), Error> {
    if status.owner == root.owner || status.owner == 0 {
        return Ok(());
    }
    Err(Error::OwnedByStranger { path: path().as_ref().to_owned(), owner: status.owner, expected: root.owner })
}

/// Refuses to write to a store that belongs to another user: its owner would not own what is made in it.
pub(crate) fn owned_by(status: &Status, user: u32, path: &Path) -> Result<(), Error> {
    if status.owner == user {
        return Ok(());
    }
    Err(Error::OwnedByOther { path: path.to_owned(), owner: status.owner, user })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_the_root_and_the_administrator_are_no_strangers() {
        let of = |owner| Status { kind: FileKind::File, mode: 0o600, owner, group: 2, len: 0, place: (0, 0) };
        for (owner, root, refused) in [(1, 1, false), (0, 1, false), (2, 1, true), (1, 0, true), (0, 0, false)] {
            assert_eq!(part(&of(owner), &of(root), || "record").is_err(), refused, "{owner} below {root}");
        }
    }

    #[test]
    fn exactly_the_modes_with_a_write_bit_for_others_are_refused() {
        for mode in 0..=0o7777 {
            let status = Status { kind: FileKind::Directory, mode, owner: 1, group: 2, len: 0, place: (0, 0) };
            let refused = not_writable_by_others(&status, || "store").is_err();
            assert_eq!(refused, mode & 0o020 != 0 || mode & 0o002 != 0, "{mode:o}");
        }
    }
}
