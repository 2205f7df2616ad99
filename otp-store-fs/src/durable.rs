//! [`Durable`]: syncing, one at a time or a whole file system at once.

use std::io;
use std::sync::Arc;

/// From this many files or directories on, syncing the whole file system costs less than syncing each.
const TOGETHER_FROM: usize = 32;

/// What can be made durable, alone or with everything else on its file system.
pub(crate) trait Durable {
    /// Makes this durable.
    fn sync(&self) -> io::Result<()>;

    /// Makes all of its file system durable, if the system can do that and say whether it worked.
    fn sync_file_system(&self) -> io::Result<bool>;

    /// The number of its file system.
    fn file_system(&self) -> u64;
}

impl<T: Durable + ?Sized> Durable for &T {
    fn sync(&self) -> io::Result<()> {
        (**self).sync()
    }

    fn sync_file_system(&self) -> io::Result<bool> {
        (**self).sync_file_system()
    }

    fn file_system(&self) -> u64 {
        (**self).file_system()
    }
}

impl<T: Durable> Durable for Arc<T> {
    fn sync(&self) -> io::Result<()> {
        (**self).sync()
    }

    fn sync_file_system(&self) -> io::Result<bool> {
        (**self).sync_file_system()
    }

    fn file_system(&self) -> u64 {
        (**self).file_system()
    }
}

/// Makes files or directories durable, many of them together.
pub(crate) fn sync_all(items: &[impl Durable]) -> io::Result<()> {
    let mut together: Vec<u64> = Vec::new();
    for item in items {
        if together.contains(&item.file_system()) {
            continue;
        }
        let many = items.len() >= TOGETHER_FROM;
        if many && item.sync_file_system()? {
            together.push(item.file_system());
        } else {
            item.sync()?;
        }
    }
    Ok(())
}
