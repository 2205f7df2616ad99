//! Files and directories, and what is made for this user alone.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle};
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Foundation::{GENERIC_WRITE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, CREATE_NEW, CreateDirectoryW, CreateFileW, FILE_ATTRIBUTE_NORMAL,
    FILE_FLAG_BACKUP_SEMANTICS, FILE_SHARE_READ, GetFileInformationByHandle,
};

use super::access::{self, Private};
use super::paths::{check_name, wide_path};
use super::patience::patiently;
use crate::{FileKind, Status};

/// The number that stands for this user, the system and its administrators.
const TRUSTED: u32 = 0;
/// The number that stands for the owner of a whole that this is a part of, if it is not one of these.
const OWNER: u32 = 2;
/// The number that stands for anybody else.
const STRANGER: u32 = 1;

/// What the system's answer about a file or directory says, without its access list.
#[must_use]
pub fn status_from(metadata: &Metadata) -> Status {
    let kind = file_kind(metadata.file_type());
    Status { kind, mode: 0o600, owner: TRUSTED, group: TRUSTED, len: metadata.len(), place: (0, 0) }
}

/// What kind of thing a directory's entry is. Links of all sorts count as symbolic ones, mount points too.
#[must_use]
pub fn file_kind(of: FileType) -> FileKind {
    if of.is_symlink() {
        FileKind::Symlink
    } else if of.is_dir() {
        FileKind::Directory
    } else if of.is_file() {
        FileKind::File
    } else {
        FileKind::Other
    }
}

/// The number that a private file's owner has.
#[must_use]
pub fn user() -> u32 {
    TRUSTED
}

/// Opens a file to append to, and makes it if there is none, with the access list that its directory gives it.
///
/// # Errors
///
/// The system's.
pub fn open_log(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    patiently(|| options.open(path))
}

/// Opens whatever a path leads to, waiting for those who have it open just now, and asks what it is.
pub fn open_with_status(path: &Path) -> io::Result<(File, Status)> {
    // A directory can be opened with this flag alone.
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
    let file = patiently(|| options.open(path))?;
    let status = status_of(&file)?;
    Ok((file, status))
}

/// What the system says about an open file or directory: its access list as permission bits.
///
/// The bits of the group and of everybody both say what others can do.
pub fn status_of(file: &File) -> io::Result<Status> {
    Ok(Status { place: place(file)?, ..status_of_part(file, None)? })
}

/// The number of a file's volume, and its number there.
fn place(file: &File) -> io::Result<(u64, u64)> {
    let mut told = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open as long as `file` is borrowed, and the answer has a place.
    if unsafe { GetFileInformationByHandle(file.as_raw_handle(), &raw mut told) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let number = u64::from(told.nFileIndexHigh) << 32 | u64::from(told.nFileIndexLow);
    Ok((told.dwVolumeSerialNumber.into(), number))
}

/// As [`status_of`], for a part of something that belongs to the user of this identifier, and without its place.
pub fn status_of_part(file: &File, owner_of_whole: Option<&str>) -> io::Result<Status> {
    let status = status_from(&file.metadata()?);
    if !matches!(status.kind, FileKind::File | FileKind::Directory) {
        return Ok(status);
    }
    let list = access::access_of(file, owner_of_whole)?;
    let owner = match owner_of_whole {
        _ if list.owner_is_trusted => TRUSTED,
        Some(other) if list.owner != other => STRANGER,
        _ => OWNER,
    };
    Ok(Status { mode: list.mode(), owner, ..status })
}

/// Makes a new file for this user, the system and its administrators, for writing.
///
/// Nobody else can write to it while it is open.
pub fn create_private(path: &Path) -> io::Result<File> {
    check_name(path)?;
    let (name, list) = (wide_path(path)?, Private::new(false)?);
    // SAFETY: the name ends with a NUL, and the attributes are valid as long as `list` is.
    let handle = unsafe {
        CreateFileW(
            name.as_ptr(),
            GENERIC_WRITE,
            FILE_SHARE_READ,
            list.attributes(),
            CREATE_NEW,
            FILE_ATTRIBUTE_NORMAL,
            ptr::null_mut(),
        )
    };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just opened it, for us alone.
    Ok(unsafe { File::from_raw_handle(handle) })
}

/// Always an error: this system has no unnamed files.
pub fn unnamed_private(_: &Path) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// Always an error: this system has no unnamed files.
pub fn give_name(_: &File, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Nothing to do: the file system's journal keeps names in order, and flushing a new file flushes the journal up to its name.
#[allow(clippy::unnecessary_wraps, reason = "other platforms can fail")]
pub fn sync_parent(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Never possible: only administrators can flush a volume.
#[allow(clippy::unnecessary_wraps, reason = "other platforms can fail")]
pub fn sync_file_system(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// Makes a directory for this user, the system and its administrators, as is everything that will be made in it.
///
/// # Errors
///
/// `AlreadyExists`, and the system's.
pub fn make_new_private_dir(path: &Path) -> io::Result<()> {
    check_name(path)?;
    let (name, list) = (wide_path(path)?, Private::new(true)?);
    // SAFETY: the name ends with a NUL, and the attributes are valid as long as `list` is.
    if unsafe { CreateDirectoryW(name.as_ptr(), list.attributes()) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// As [`make_new_private_dir`], if there is none. An existing directory is left untouched.
pub fn make_private_dir(path: &Path) -> io::Result<()> {
    match make_new_private_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        outcome => outcome,
    }
}

/// Makes a directory for this user alone. Missing directories above it get what their own parents give them.
pub fn make_private_dirs(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        check_name(parent)?;
        fs::create_dir_all(parent)?;
    }
    make_private_dir(path)
}

/// As [`make_private_dirs`], which syncs nothing here.
pub fn make_private_dirs_unsynced(path: &Path) -> io::Result<()> {
    make_private_dirs(path)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::access::access_list;
    use super::super::sid::{self, ADMINISTRATORS, SYSTEM};
    use super::*;

    fn folder() -> std::path::PathBuf {
        let folder =
            std::env::temp_dir().join(format!("otp-sys-{}-{:?}", std::process::id(), std::thread::current().id()));
        make_new_private_dir(&folder).unwrap();
        folder
    }

    #[test]
    fn what_is_made_here_is_for_this_user_the_system_and_administrators() {
        let folder = folder();
        let (file, below) = (folder.join("file"), folder.join("a\u{e9} b"));
        create_private(&file).unwrap().write_all(b"x").unwrap();
        make_private_dirs(&below.join("c")).unwrap();
        let user = sid::user_sid().unwrap();
        for path in [&folder, &file, &below.join("c")] {
            let list = access_list(path).unwrap();
            assert!(list.is_kept && list.owner_is_trusted, "{list:?}");
            for party in &list.parties {
                assert!([user.as_str(), SYSTEM, ADMINISTRATORS].contains(&party.sid.as_str()), "{list:?}");
            }
            assert!(list.parties.iter().any(|party| party.sid == user && party.reads && party.writes), "{list:?}");
        }
        assert_eq!(status_of(&File::open(&file).unwrap()).unwrap().mode, 0o600);
        assert_eq!(create_private(&file).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&file).unwrap(), b"x");
        assert!(make_new_private_dir(&below.join("c")).is_err());
        make_private_dir(&below.join("c")).unwrap();
        assert!(make_private_dir(&file).is_err());

        let (_, directory) = open_with_status(&folder).unwrap();
        assert_eq!((directory.kind, directory.mode), (FileKind::Directory, 0o600));
        let place = open_with_status(&file).unwrap().1.place;
        fs::rename(&file, folder.join("renamed")).unwrap();
        fs::copy(folder.join("renamed"), &file).unwrap();
        assert_eq!(open_with_status(&folder.join("renamed")).unwrap().1.place, place);
        assert_ne!(open_with_status(&file).unwrap().1.place, place, "a copy is another file");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn paths_may_be_long_and_names_must_be_kept() {
        let folder = folder();
        let long = folder.join("d".repeat(120)).join("e".repeat(120)).join("f".repeat(120));
        make_private_dirs(&long).unwrap();
        drop(create_private(&long.join("file")).unwrap());
        assert_eq!(open_with_status(&long.join("file")).unwrap().1.kind, FileKind::File);
        for name in ["a.", "nul", "aux.key"] {
            assert_eq!(create_private(&folder.join(name)).unwrap_err().kind(), ErrorKind::InvalidFilename, "{name}");
            assert!(make_private_dirs(&folder.join(name).join("b")).is_err(), "{name}");
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing was made under another name");
        fs::remove_dir_all(folder).unwrap();
    }
}
