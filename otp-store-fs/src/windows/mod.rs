//! Windows: paths instead of open directories, and sharing modes instead of modes.
//!
//! Nobody can delete a file that is open without the right for others to delete it. That keeps a lock file in its place
//! while somebody holds it or waits for it, and tells a temporary file in use from a stray.
//!
//! Access lists are neither read nor set: files have those of the folder that they are made in. Directories can't be
//! synced; the file system's journal keeps names in order, and flushing a file that has just got its name flushes the
//! journal up to there.

mod dir;
mod stage;

pub(crate) use dir::Dir;
pub(crate) use stage::Staged;

const SHARE_NOTHING: u32 = 0;
const SHARE_READ: u32 = 1;
const SHARE_READ_AND_WRITE: u32 = 3;
/// What the system says if permissions rule out what was asked for, and also if a file in use does.
const ACCESS_DENIED: i32 = 5;
/// What the system says if somebody has a file open in a way that rules out what was asked for.
const SHARING_VIOLATION: i32 = 32;
