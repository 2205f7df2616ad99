//! [`ValueFiles`]: values as files that only this user can read and that are removed when the command has ended.
//!
//! Each run has its own directory in the user's directory for temporary files, with a lock file in it that nobody else
//! can open while the run lasts. A run that was killed leaves its directory behind. The next run that makes files can
//! open that lock file, and removes the directory.
//!
//! Overwriting reaches the blocks on most disks' file systems, but no copies in a journal, in a shadow copy or in the
//! cells of a solid-state disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::windows::overwrite;
use crate::error::{Error, Result};

/// How the names of the directories begin.
const PREFIX: &str = "otp-run-";
const LOCK: &str = "lock";
/// Nobody else can open it while this process has it open.
const SHARE_NOTHING: u32 = 0;

/// Files, each with one value. Dropping them overwrites and removes them.
pub(super) struct ValueFiles {
    paths: Vec<PathBuf>,
    /// The directory, and the lock that says it is in use.
    place: Option<(PathBuf, File)>,
}

impl ValueFiles {
    /// Writes a file for each value, and closes it. On failure, none is left.
    pub(super) fn write(values: &[&[u8]]) -> Result<Self> {
        let mut files = Self { paths: Vec::new(), place: None };
        if values.is_empty() {
            return Ok(files);
        }
        let temporary = std::env::temp_dir();
        remove_strays(&temporary);
        let failed = || Error::io(format!("no private file can be made in {}", temporary.display()));
        let dir = make_dir(&temporary).map_err(failed())?;
        files.place = Some((dir.clone(), open_lock(&dir, true).map_err(failed())?));
        for (number, value) in values.iter().enumerate() {
            let path = dir.join(number.to_string());
            let mut file = otp_sys::create_private(&path).map_err(failed())?;
            files.paths.push(path);
            file.write_all(value).map_err(failed())?;
        }
        Ok(files)
    }

    /// Where the files are, in the order of the values.
    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

impl Drop for ValueFiles {
    fn drop(&mut self) {
        if let Some((dir, lock)) = self.place.take() {
            remove_dir(&dir, lock);
        }
    }
}

/// Makes a directory that only this user can access.
fn make_dir(temporary: &Path) -> io::Result<PathBuf> {
    let mut number = 0;
    loop {
        let dir = temporary.join(format!("{PREFIX}{}-{number}", std::process::id()));
        match otp_sys::make_new_private_dir(&dir) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            made => return made.map(|()| dir),
        }
    }
}

fn open_lock(dir: &Path, is_new: bool) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(is_new).share_mode(SHARE_NOTHING).open(dir.join(LOCK))
}

/// Removes what killed runs have left behind.
fn remove_strays(temporary: &Path) {
    let Ok(entries) = fs::read_dir(temporary) else { return };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    for dir in names.filter(|name| name.starts_with(PREFIX)).map(|name| temporary.join(name)) {
        // A directory of another user, or a planted link, is left alone.
        let is_ours = dir.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
            && otp_sys::access_list(&dir).is_ok_and(|list| list.owner_is_trusted && list.others().next().is_none());
        match open_lock(&dir, false) {
            _ if !is_ours => {}
            Ok(lock) => remove_dir(&dir, lock),
            // Killed before the lock was made. If a run has only just begun, it makes its directory again.
            Err(error) if error.kind() == ErrorKind::NotFound => drop(fs::remove_dir(&dir)),
            Err(_) => {}
        }
    }
}

/// Overwrites and removes all files in a directory, and the directory. What fails is left to the next run.
fn remove_dir(dir: &Path, lock: File) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| !path.ends_with(LOCK)) {
        // The command may have made it read-only.
        if let Ok(metadata) = path.symlink_metadata() {
            let mut permissions = metadata.permissions();
            #[allow(clippy::permissions_set_readonly_false, reason = "it is about to be deleted")]
            permissions.set_readonly(false);
            let _ = fs::set_permissions(&path, permissions);
        }
        let _ = otp_sys::patiently(|| OpenOptions::new().write(true).open(&path).and_then(overwrite));
        let _ = otp_sys::patiently(|| fs::remove_file(&path));
    }
    drop(lock);
    let _ = fs::remove_file(dir.join(LOCK));
    let _ = fs::remove_dir(dir);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_whole_and_private_and_go_and_so_do_those_of_runs_that_were_killed() {
        let files = ValueFiles::write(&[b"one", b"\xff\0"]).unwrap();
        let paths = files.paths().to_vec();
        assert_eq!([fs::read(&paths[0]).unwrap(), fs::read(&paths[1]).unwrap()], [&b"one"[..], b"\xff\0"]);
        let list = otp_sys::access_list(&paths[0]).unwrap();
        assert!(list.owner_is_trusted && list.others().next().is_none(), "{list:?}");
        let dir = paths[0].parent().unwrap().to_owned();

        // A directory in use stays; the others go.
        let stray = dir.with_file_name(format!("{PREFIX}1-stray"));
        otp_sys::make_new_private_dir(&stray).unwrap();
        fs::write(stray.join("0"), "secret").unwrap();
        drop(open_lock(&stray, true).unwrap());
        let empty = dir.with_file_name(format!("{PREFIX}1-empty"));
        otp_sys::make_new_private_dir(&empty).unwrap();
        remove_strays(&std::env::temp_dir());
        assert!(dir.exists() && !stray.exists() && !empty.exists());

        drop(files);
        assert!(!dir.exists());
    }

    #[test]
    fn another_users_directory_of_that_name_stays() {
        let dir = std::env::temp_dir().join(format!("{PREFIX}1-open"));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("0"), "theirs").unwrap();
        fs::write(dir.join(LOCK), "").unwrap();
        remove_strays(&std::env::temp_dir());
        let list = otp_sys::access_list(&dir).unwrap();
        assert_eq!(dir.join("0").exists(), list.others().next().is_some(), "{list:?}");
        let _ = fs::remove_dir_all(dir);
    }
}
