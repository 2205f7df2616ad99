//! [`Staged`]: a file that is whole before anybody can see it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{ACCESS_DENIED, Dir, SHARE_READ, SHARING_VIOLATION};
use crate::durable::Durable;
use crate::modes::Modes;
use crate::names::temporary_name;
use crate::step::step;

/// How often a file is renamed over one that somebody is reading, and how long to wait in between: a second in all.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(5);

/// A file with its contents, but only with a temporary name.
#[derive(Debug)]
pub(crate) struct Staged {
    dir: Arc<Dir>,
    /// Open until the temporary name is removed or given away: others can't remove it meanwhile.
    file: Option<File>,
    temporary: PathBuf,
}

impl Staged {
    /// Writes a new file in a directory.
    pub(crate) fn new(dir: Arc<Dir>, bytes: &[u8], modes: Modes) -> io::Result<Self> {
        Self::named(dir, bytes, modes)
    }

    /// Writes a new file in a directory, with a temporary name.
    pub(crate) fn named(dir: Arc<Dir>, bytes: &[u8], _: Modes) -> io::Result<Self> {
        step("make temporary file");
        let temporary = dir.path_of(&temporary_name());
        let file = OpenOptions::new().write(true).create_new(true).share_mode(SHARE_READ).open(&temporary)?;
        let mut staged = Self { dir, file: Some(file), temporary };
        step("write");
        staged.file()?.write_all(bytes)?;
        Ok(staged)
    }

    /// The directory that it will be in.
    pub(crate) fn dir(&self) -> &Arc<Dir> {
        &self.dir
    }

    /// Gives the file its name, and says whether it did: `false` if something has that name already.
    pub(crate) fn publish(mut self, name: &str) -> io::Result<bool> {
        step("publish");
        match fs::hard_link(&self.temporary, self.dir.path_of(name)) {
            Ok(()) => self.file()?.sync_all().map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Puts the file in the place of the one of that name. Readers see either the one or the other.
    ///
    /// If this file was taken for a stray, it fails with `NotFound`.
    pub(crate) fn replace(mut self, name: &str) -> io::Result<()> {
        step("replace");
        // As long as it is open like this, it can't be renamed either.
        drop(self.file.take());
        let target = self.dir.path_of(name);
        rename_patiently(&self.temporary, &target)?;
        OpenOptions::new().write(true).open(target)?.sync_all()
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl Durable for Staged {
    fn sync(&self) -> io::Result<()> {
        step("sync file");
        self.file.as_ref().map_or(Ok(()), File::sync_all)
    }

    fn sync_file_system(&self) -> io::Result<bool> {
        Ok(false)
    }

    fn file_system(&self) -> u64 {
        0
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        drop(self.file.take());
        // What can't be removed is a stray for the next writer.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Renames a file over another one, which readers may have open for a moment.
fn rename_patiently(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 1..TRIES {
        match fs::rename(from, to) {
            Err(error) if matches!(error.raw_os_error(), Some(ACCESS_DENIED | SHARING_VIOLATION)) => {
                thread::sleep(PAUSE);
            }
            outcome => return outcome,
        }
    }
    fs::rename(from, to)
}
