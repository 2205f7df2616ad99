//! [`Staged`]: a file that is whole before anybody can see it.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;

#[cfg(target_os = "linux")]
use otp_sys::link_unnamed;
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::dir::{Dir, sync_file_system};
use super::make::{dress, keep_from_removal};
use crate::durable::Durable;
use crate::modes::Modes;
use crate::names::temporary_name;
use crate::step::step;

/// A file with its contents and modes, but not yet with its name.
#[derive(Debug)]
pub(crate) struct Staged<'a> {
    dir: Arc<Dir>,
    bytes: &'a [u8],
    modes: Modes,
    file: File,
    /// A name to remove when this is dropped; a file without one vanishes by itself, even after a crash.
    temporary: Option<String>,
}

impl<'a> Staged<'a> {
    /// Writes a new file in a directory, unnamed where the file system can do that.
    pub(crate) fn new(dir: Arc<Dir>, bytes: &'a [u8], modes: Modes) -> io::Result<Self> {
        match unnamed(&dir) {
            Ok(file) => Self { dir, bytes, modes, file, temporary: None }.fill(),
            // File systems have many errors for this, and ext4 says EPERM for a removed directory. Whatever prevents
            // any file prevents a named one too, which then fails with the right error.
            Err(_) => Self::named(dir, bytes, modes),
        }
    }

    /// Writes a new file in a directory, with a temporary name: only such a file can [`replace`](Self::replace) another.
    pub(crate) fn named(dir: Arc<Dir>, bytes: &'a [u8], modes: Modes) -> io::Result<Self> {
        let name = temporary_name();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        step("make temporary file");
        let file = File::from(rustix::fs::openat(&dir, &name, flags, Mode::RUSR | Mode::WUSR)?);
        let staged = Self { dir, bytes, modes, file, temporary: Some(name) };
        keep_from_removal(&staged.file)?;
        staged.fill()
    }

    fn fill(mut self) -> io::Result<Self> {
        step("write");
        self.file.write_all(self.bytes)?;
        dress(&self.file, self.modes.file, self.modes.group)?;
        Ok(self)
    }

    /// The directory that it will be in.
    pub(crate) fn dir(&self) -> &Arc<Dir> {
        &self.dir
    }

    /// Gives the file its name, and says whether it did: `false` if something has that name already.
    ///
    /// The caller has synced it, and syncs the directory afterwards.
    pub(crate) fn publish(mut self, name: &str) -> io::Result<bool> {
        step("publish");
        let Some(temporary) = &self.temporary else {
            return self.publish_unnamed(name);
        };
        let outcome = match rename(&self.dir, temporary, name, RenameFlags::NOREPLACE) {
            Ok(()) => {
                self.temporary = None;
                Ok(())
            }
            // The second name is there until `self` goes.
            Err(error) if knows_no_flags(error) => link(&self.dir, temporary, name),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn publish_unnamed(self, name: &str) -> io::Result<bool> {
        match link_unnamed(&self.file, &*self.dir, name) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            // Without /proc an unnamed file can't be linked. If the directory is gone, this fails too, with the right error.
            Err(_) => {
                let staged = Self::named(Arc::clone(&self.dir), self.bytes, self.modes)?;
                staged.sync()?;
                staged.publish(name)
            }
        }
    }

    /// Puts the file in place of the one of that name. Readers see either one or the other.
    ///
    /// The caller has made it with [`named`](Self::named) and synced it, and syncs the directory afterwards. If nothing has
    /// that name, or this file was taken for a stray, it fails with `NotFound`.
    pub(crate) fn replace(mut self, name: &str) -> io::Result<()> {
        let temporary = self.temporary.as_deref().ok_or(ErrorKind::Unsupported)?;
        step("replace");
        match exchange(&self.dir, temporary, name) {
            // What was replaced has the temporary name now, until `self` goes.
            Err(error) if knows_no_flags(error) => {
                rename(&self.dir, temporary, name, RenameFlags::empty())?;
                self.temporary = None;
                Ok(())
            }
            outcome => Ok(outcome?),
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
fn unnamed(dir: &Dir) -> Result<File, Errno> {
    #[cfg(test)]
    if crate::step::is_plain() {
        return Err(Errno::OPNOTSUPP);
    }
    step("make unnamed file");
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    rustix::fs::openat(dir, c".", flags, Mode::RUSR | Mode::WUSR).map(File::from)
}

#[cfg(not(target_os = "linux"))]
#[cfg_attr(mutants, mutants::skip)]
fn unnamed(_: &Dir) -> Result<File, Errno> {
    Err(Errno::OPNOTSUPP)
}

#[cfg(not(target_os = "linux"))]
#[cfg_attr(mutants, mutants::skip)]
fn link_unnamed(_: &File, _: &Dir, _: &str) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Exchanges two names, both of which must exist: unlike a plain rename, it never brings back what was just removed.
fn exchange(dir: &Dir, one: &str, other: &str) -> Result<(), Errno> {
    #[cfg(test)]
    if crate::step::is_plain() {
        return Err(Errno::INVAL);
    }
    rename(dir, one, other, RenameFlags::EXCHANGE)
}

fn rename(dir: &Dir, from: &str, to: &str, flags: RenameFlags) -> Result<(), Errno> {
    rustix::fs::renameat_with(dir, from, dir, to, flags)
}

/// Whether a rename failed because its file system only knows the plain one.
fn knows_no_flags(error: Errno) -> bool {
    matches!(error, Errno::INVAL | Errno::NOSYS | Errno::NOTSUP)
}

fn link(dir: &Dir, temporary: &str, name: &str) -> Result<(), Errno> {
    rustix::fs::linkat(dir, temporary, dir, name, AtFlags::empty())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use rustix::io::{FdFlags, fcntl_getfd};

    use super::*;

    fn place() -> (otp_test_tools::TempDir, Arc<Dir>, Modes) {
        let home = otp_test_tools::folder();
        let dir = Arc::new(Dir::open(home.path()).unwrap());
        let group = fs::metadata(home.path()).unwrap().gid();
        (home, dir, Modes { file: 0o600, dir: 0o700, group })
    }

    fn names(home: &otp_test_tools::TempDir) -> Vec<String> {
        let entries = fs::read_dir(home.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_named_file_is_no_stray_while_it_is_made_and_goes_if_it_is_not_published() {
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
        assert_eq!(fs::read(home.path().join("a")).unwrap(), b"record");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_unnamed_file_closes_when_the_process_becomes_another() {
        let home = tempfile::tempdir_in("/dev/shm").unwrap();
        let file = unnamed(&Dir::open(home.path()).unwrap()).unwrap();
        assert!(fcntl_getfd(&file).unwrap().contains(FdFlags::CLOEXEC));
        assert_eq!(names(&home), [""; 0]);
    }

    #[test]
    fn a_second_name_is_not_given_over_another_file() {
        let (home, dir, _) = place();
        fs::write(home.path().join("a"), "").unwrap();
        link(&dir, "a", "b").unwrap();
        assert_eq!(link(&dir, "a", "b"), Err(Errno::EXIST));
        assert_eq!(names(&home).len(), 2);
    }

    #[test]
    fn a_file_is_replaced_in_either_way_and_one_that_was_removed_does_not_come_back() {
        let (home, dir, modes) = place();
        let stage = |bytes: &'static [u8]| Staged::named(Arc::clone(&dir), bytes, modes).unwrap();
        fs::write(home.path().join("a"), "old, and longer").unwrap();
        stage(b"new").replace("a").unwrap();
        assert_eq!(fs::read(home.path().join("a")).unwrap(), b"new");
        crate::step::on_plain_file_system(|| stage(b"newer").replace("a")).unwrap();
        assert_eq!(fs::read(home.path().join("a")).unwrap(), b"newer");
        assert_eq!(names(&home), ["a"]);

        let staged = stage(b"too late");
        fs::remove_file(home.path().join("a")).unwrap();
        assert_eq!(staged.replace("a").unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(names(&home), [""; 0]);
    }
}
