//! What the system knows about this process.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::sys::{Dir, Durable};

/// The number of the user whom this process acts as.
pub(crate) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Makes a directory with mode 0700, and those above it that are missing, durably.
pub(crate) fn make_private_dirs(path: &Path) -> io::Result<()> {
    let parent = path.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    match (DirBuilder::new().mode(0o700).create(path), parent) {
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
            make_private_dirs(parent)?;
            make_private_dirs(path)
        }
        (Err(error), _) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        (Err(error), _) => Err(error),
        (Ok(()), Some(parent)) => Dir::open(parent)?.sync(),
        (Ok(()), None) => Ok(()),
    }
}
