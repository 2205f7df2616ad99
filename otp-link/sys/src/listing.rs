//! Listing a directory. The standard library panics if the system reports an error when the directory is closed.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

/// Calls `each` with every name in a directory except `.` and `..`, and whether it is a directory.
///
/// # Errors
///
/// The system's, until the directory is read to its end.
#[cfg(unix)]
pub fn each_entry(dir: &Path, mut each: impl FnMut(&OsStr, bool)) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;

    use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};

    let opened = openat(CWD, dir, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    for entry in Dir::read_from(&opened)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => FileType::from_raw_mode(statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode),
            known => known,
        };
        each(OsStr::from_bytes(name.to_bytes()), kind == FileType::Directory);
    }
    Ok(())
}

/// Calls `each` with every name in a directory, and whether it is a directory.
///
/// # Errors
///
/// The system's.
#[cfg(not(unix))]
pub fn each_entry(dir: &Path, mut each: impl FnMut(&OsStr, bool)) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        each(&entry.file_name(), entry.file_type()?.is_dir());
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_name_is_given_once_with_its_kind() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("dir")).unwrap();
        fs::write(home.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink("dir", home.path().join("link")).unwrap();
        let mut found = Vec::new();
        each_entry(home.path(), |name, is_dir| found.push((name.to_owned(), is_dir))).unwrap();
        found.sort();
        assert_eq!(found, [("dir".into(), true), ("file".into(), false), ("link".into(), false)]);
        let missing = each_entry(&home.path().join("nowhere"), |_, _| {}).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        let file = each_entry(&home.path().join("file"), |_, _| {}).unwrap_err();
        assert_eq!(file.kind(), io::ErrorKind::NotADirectory);
    }
}
