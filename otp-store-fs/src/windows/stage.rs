//! [`Staged`]: a file that is whole before anybody can see it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use otp_sys::patiently;

use super::{Dir, SHARE_READ};
use crate::durable::Durable;
use crate::modes::Modes;
use crate::names::temporary_name;
use crate::step::step;

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
        let temporary = dir.path_of(&temporary_name())?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).share_mode(SHARE_READ);
        let file = patiently(|| options.open(&temporary))?;
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
        let target = self.dir.path_of(name)?;
        match patiently(|| fs::hard_link(&self.temporary, &target)) {
            Ok(()) => self.file()?.sync_all().map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Puts the file in place of the one of that name. Readers see either one or the other.
    ///
    /// If this file was taken for a stray, it fails with `NotFound`.
    pub(crate) fn replace(mut self, name: &str) -> io::Result<()> {
        step("replace");
        // As long as it is open like this, it can't be renamed either.
        drop(self.file.take());
        let target = self.dir.path_of(name)?;
        // Readers may have the old one open for a moment.
        patiently(|| fs::rename(&self.temporary, &target))?;
        patiently(|| OpenOptions::new().write(true).open(&target))?.sync_all()
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
