//! Making directories and files with exactly their modes, and safe from those who clear up after crashes.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FlockOperation, Mode, RawMode, RenameFlags};
use rustix::io::Errno;

use super::dir::Dir;
use crate::modes::Modes;
use crate::names::TEMPORARY;
use crate::step::step;

impl Dir {
    /// Makes a directory in this one, with exactly these modes from the moment that it is visible.
    ///
    /// An existing directory is left untouched. Until it is renamed, the new one is named after what it will become: if
    /// its maker crashes, the next maker carries on with it. If several makers meet, it may fail with `NotFound`: then
    /// one of them succeeded, and the others try again.
    pub(crate) fn make_dir(&self, name: &str, modes: &Modes) -> io::Result<()> {
        let temporary = format!("{TEMPORARY}dir-{name}");
        step("make directory");
        match rustix::fs::mkdirat(self, &temporary, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let made = self.open_made(&temporary)?;
        // Another maker has it locked until they have renamed it.
        keep_from_removal(&made)?;
        if self.status_at(&temporary)?.place != made.status().place {
            return Err(io::ErrorKind::NotFound.into());
        }
        let renamed = dress(&made, modes.dir, modes.group).and_then(|()| {
            step("rename directory");
            Ok(rustix::fs::renameat_with(self, &temporary, self, name, RenameFlags::NOREPLACE)?)
        });
        let Err(error) = renamed else {
            return Ok(());
        };
        self.remove_dir(&temporary)?;
        match Errno::from_io_error(&error) {
            Some(Errno::EXIST) => Ok(()),
            // A file system that can't rename without replacing: for a moment, others see a directory of ours alone.
            Some(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => self.make_dir_in_place(name, modes),
            _ => Err(error),
        }
    }

    /// Opens a directory that was just made, even if a umask such as 0777 keeps its own maker out.
    fn open_made(&self, name: &str) -> io::Result<Self> {
        match self.open_dir(name) {
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied
                    && rustix::fs::chmodat(self, name, Mode::RWXU, AtFlags::empty()).is_ok() =>
            {
                self.open_dir(name)
            }
            outcome => outcome,
        }
    }

    fn make_dir_in_place(&self, name: &str, modes: &Modes) -> io::Result<()> {
        match rustix::fs::mkdirat(self, name, Mode::RWXU) {
            Ok(()) => dress(&self.open_made(name)?, modes.dir, modes.group),
            Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Locks a temporary file or directory until it is closed, so that nobody takes it for a stray.
///
/// Somebody who is just looking may hold the lock for a moment. If they remove the file, its maker can't rename it, and
/// starts over.
pub(super) fn keep_from_removal(fd: impl AsFd) -> io::Result<()> {
    Ok(rustix::io::retry_on_intr(|| rustix::fs::flock(&fd, FlockOperation::LockExclusive))?)
}

/// Gives a new file or directory its group and mode, whatever the umask says.
pub(super) fn dress(fd: impl AsFd, mode: u32, group: u32) -> io::Result<()> {
    let mut mode = mode;
    if mode & 0o070 != 0
        && rustix::fs::fstat(&fd)?.st_gid != group
        && rustix::fs::fchown(&fd, None, Some(rustix::fs::Gid::from_raw(group))).is_err()
    {
        // The bits were meant for the group of the store's root; no other group gets them.
        mode &= !0o070;
    }
    #[allow(clippy::useless_conversion, clippy::cast_possible_truncation, reason = "16 bits on some systems")]
    Ok(rustix::fs::fchmod(fd, Mode::from_raw_mode(mode as RawMode))?)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    #[test]
    fn a_directory_is_made_with_its_modes_in_either_way_and_an_existing_one_stays() {
        let home = otp_test_tools::folder();
        let dir = Dir::open(home.path()).unwrap();
        let modes = Modes { file: 0o640, dir: 0o750, group: fs::metadata(home.path()).unwrap().gid() };
        for (name, make) in
            [("a", Dir::make_dir as fn(&Dir, &str, &Modes) -> io::Result<()>), ("b", Dir::make_dir_in_place)]
        {
            let path = home.path().join(name);
            make(&dir, name, &modes).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o750);
            fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
            make(&dir, name, &modes).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o700);
            assert!(make(&dir, "no/parent", &modes).is_err());
        }
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2, "nothing else is left");
    }

    #[test]
    fn a_file_that_is_kept_from_removal_is_no_stray() {
        let home = otp_test_tools::folder();
        let dir = Dir::open(home.path()).unwrap();
        let file = File::create(home.path().join("file")).unwrap();
        keep_from_removal(&file).unwrap();
        assert!(!dir.is_stray("file").unwrap());
    }

    #[test]
    fn a_group_is_given_only_with_bits_that_are_meant_for_it() {
        let home = otp_test_tools::folder();
        let file = File::create(home.path().join("file")).unwrap();
        let own = file.metadata().unwrap().gid();
        let (group, other) = (|| file.metadata().unwrap().gid(), own + 1);
        dress(&file, 0o600, other).unwrap();
        assert_eq!((group(), file.metadata().unwrap().mode() & 0o777), (own, 0o600));
        dress(&file, 0o644, other).unwrap();
        // A user who may not give a file to that group lets no group read it.
        let expected = if otp_sys::user() == 0 { (other, 0o644) } else { (own, 0o604) };
        assert_eq!((group(), file.metadata().unwrap().mode() & 0o777), expected);
    }
}
