//! A file that is whole before anybody can see it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::dir::{dress, keep_from_removal, sync_file_system};
use crate::check::Modes;
use crate::step::step;
use crate::sys::{Dir, Durable, temporary_name};

/// A file with its contents and modes, but not yet with its name.
#[derive(Debug)]
pub(crate) struct Staged<'a> {
    dir: Arc<Dir>,
    bytes: &'a [u8],
    modes: Modes,
    file: File,
    /// What it is called until then; `None` if it is called nothing, and vanishes by itself after a crash.
    temporary: Option<String>,
}

impl<'a> Staged<'a> {
    /// Writes a new file in a directory, nameless where the file system can do that.
    pub(crate) fn new(dir: Arc<Dir>, bytes: &'a [u8], modes: Modes) -> io::Result<Self> {
        match nameless(&dir) {
            Ok(file) => Self { dir, bytes, modes, file, temporary: None }.fill(),
            // File systems say in many ways that they have no such thing, and ext4 says EPERM of a removed directory.
            // What stands in the way of any file stands in the way of one with a name too, which says it plainly.
            Err(_) => Self::named(dir, bytes, modes),
        }
    }

    fn named(dir: Arc<Dir>, bytes: &'a [u8], modes: Modes) -> io::Result<Self> {
        let name = temporary_name();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        step("make temporary file");
        let file = File::from(rustix::fs::openat(&dir, &name, flags, Mode::RUSR | Mode::WUSR)?);
        let staged = Self { dir, bytes, modes, file, temporary: Some(name) };
        keep_from_removal(&staged.file)?;
        staged.fill()
    }

    /// The directory that it will be in.
    pub(crate) fn dir(&self) -> &Arc<Dir> {
        &self.dir
    }

    fn fill(mut self) -> io::Result<Self> {
        step("write");
        self.file.write_all(self.bytes)?;
        dress(&self.file, self.modes.file, self.modes.group)?;
        Ok(self)
    }

    /// Gives the file its name, and says whether it did: `false` if something has that name already.
    ///
    /// The caller has synced it, and syncs the directory afterwards.
    pub(crate) fn publish(mut self, name: &str) -> io::Result<bool> {
        step("publish");
        let outcome = match &self.temporary {
            None => link_nameless(&self.file, &*self.dir, name),
            Some(temporary) => match rename(&self.dir, temporary, name) {
                Ok(()) => {
                    self.temporary = None;
                    Ok(())
                }
                // Not every file system can rename without replacing. The second name is there until `self` goes.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link(&self.dir, temporary, name),
                Err(error) => Err(error),
            },
        };
        match outcome {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            // Without /proc a nameless file can't be linked. If the directory is gone, this fails too, and says so.
            Err(_) if self.temporary.is_none() => {
                let staged = Self::named(Arc::clone(&self.dir), self.bytes, self.modes)?;
                staged.sync()?;
                staged.publish(name)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Durable for Staged<'_> {
    fn sync(&self) -> io::Result<()> {
        step("sync file");
        self.file.sync_all()
    }

    fn sync_file_system(&self) -> io::Result<bool> {
        sync_file_system(&self.file)
    }

    fn file_system(&self) -> u64 {
        self.dir.file_system()
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.temporary {
            // What can't be removed is a stray for the next writer.
            let _ = self.dir.remove_file(name);
        }
    }
}

#[cfg(target_os = "linux")]
fn nameless(dir: &Dir) -> Result<File, Errno> {
    #[cfg(test)]
    if !crate::step::nameless_files_allowed() {
        return Err(Errno::OPNOTSUPP);
    }
    step("make nameless file");
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    rustix::fs::openat(dir, c".", flags, Mode::RUSR | Mode::WUSR).map(File::from)
}

#[cfg(not(target_os = "linux"))]
#[cfg_attr(mutants, mutants::skip)]
fn nameless(_: &Dir) -> Result<File, Errno> {
    Err(Errno::OPNOTSUPP)
}

/// Links an open file without a name. The way through `/proc` needs no privilege, other than linking the descriptor itself.
pub(super) fn link_nameless(file: &File, dir: impl AsFd, name: impl rustix::path::Arg) -> Result<(), Errno> {
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    rustix::fs::linkat(CWD, open, dir, name, AtFlags::SYMLINK_FOLLOW)
}

fn rename(dir: &Dir, temporary: &str, name: &str) -> Result<(), Errno> {
    rustix::fs::renameat_with(dir, temporary, dir, name, RenameFlags::NOREPLACE)
}

fn link(dir: &Dir, temporary: &str, name: &str) -> Result<(), Errno> {
    rustix::fs::linkat(dir, temporary, dir, name, AtFlags::empty())
}

#[cfg(test)]
mod tests {
    use rustix::io::{FdFlags, fcntl_getfd};

    use super::*;

    fn place() -> (tempfile::TempDir, Arc<Dir>, Modes) {
        let home = tempfile::tempdir().unwrap();
        let dir = Arc::new(Dir::open(home.path()).unwrap());
        (home, dir, Modes { file: 0o600, dir: 0o700, group: rustix::process::getegid().as_raw() })
    }

    fn names(home: &tempfile::TempDir) -> Vec<String> {
        let entries = std::fs::read_dir(home.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_with_a_name_is_no_stray_while_it_is_made_and_goes_if_it_is_not_published() {
        let (home, dir, modes) = place();
        let staged = Staged::named(Arc::clone(&dir), b"record", modes).unwrap();
        assert!(fcntl_getfd(&staged.file).unwrap().contains(FdFlags::CLOEXEC));
        assert_eq!(staged.file_system(), dir.file_system());
        assert!(!dir.is_stray(&names(&home)[0]).unwrap());
        drop(staged);
        assert_eq!(names(&home), [""; 0]);

        assert!(Staged::named(Arc::clone(&dir), b"record", modes).unwrap().publish("a").unwrap());
        assert!(!Staged::named(dir, b"other", modes).unwrap().publish("a").unwrap());
        assert_eq!(names(&home), ["a"]);
        assert_eq!(std::fs::read(home.path().join("a")).unwrap(), b"record");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_without_a_name_closes_when_the_process_becomes_another() {
        let home = tempfile::tempdir_in("/dev/shm").unwrap();
        let file = nameless(&Dir::open(home.path()).unwrap()).unwrap();
        assert!(fcntl_getfd(&file).unwrap().contains(FdFlags::CLOEXEC));
        assert_eq!(names(&home), [""; 0]);
    }

    #[test]
    fn a_second_name_is_not_given_over_another_file() {
        let (home, dir, _) = place();
        std::fs::write(home.path().join("a"), "").unwrap();
        link(&dir, "a", "b").unwrap();
        assert_eq!(link(&dir, "a", "b"), Err(Errno::EXIST));
        assert_eq!(names(&home).len(), 2);
    }
}
