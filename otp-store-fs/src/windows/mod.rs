//! Windows: paths instead of open directories, sharing modes instead of modes, and access lists.
//!
//! An open file can't be deleted unless it was opened so that others may delete it. That keeps a lock file in place
//! while somebody holds it or waits for it, and tells a temporary file in use from a stray.
//!
//! The root has an access list of its own. Everything else is made where it stays, even temporary files, and so
//! inherits it.
//! Directories can't be synced; the file system's journal keeps names in order, and flushing a file that has just got its
//! name flushes the journal up to there.
//!
//! The promises rest on these calls, on a share as on a disk; where one of them is missing, the store fails with its error:
//! `CreateHardLinkW` (a put, which never replaces anything), `SetFileInformationByHandle` or `MoveFileExW` (a replacement),
//! `LockFileEx` (an account's lock), `FlushFileBuffers` (durability).

mod dir;
mod stage;

pub(crate) use dir::Dir;
pub(crate) use stage::Staged;

const SHARE_NOTHING: u32 = 0;
const SHARE_READ: u32 = 1;
const SHARE_READ_AND_WRITE: u32 = 3;
/// The right to read an access list.
const READ_CONTROL: u32 = 0x2_0000;
/// The right to read what kind of thing something is (`FILE_READ_ATTRIBUTES`).
const READ_ATTRIBUTES: u32 = 0x80;
/// Opens a link itself, not what it leads to (`FILE_FLAG_OPEN_REPARSE_POINT`).
const OPEN_LINK: u32 = 0x20_0000;
/// Without this, a directory can't be opened (`FILE_FLAG_BACKUP_SEMANTICS`).
const OPEN_DIRECTORY: u32 = 0x200_0000;
