//! Key files: who may read them, and writing them so that nobody else can. `docs/key-files.md` has the rules as a table.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use otp_sys::{FileKind, Status};

use crate::error::{Error, Result};
use crate::key_origin::KeyOrigin;
use crate::warning::{self, Warning};

/// Which key files are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFileMode {
    /// Those that only their owner can read, and those that a container runtime or systemd provides.
    #[default]
    Private,
    /// All of them: for places where modes mean nothing.
    Any,
}

/// Anything at all, for anybody but the owner.
const OTHERS: u32 = 0o077;
/// What a group must not do with a root-owned key file: anything but read.
const BEYOND_GROUP_READ: u32 = 0o037;
/// What others must not do with a credential of systemd, which shows an access list as bits of the group.
const BEYOND_GROUP: u32 = 0o007;

/// Opens a key file, checks it, and tells its length if that is known before it is read.
pub(crate) fn open(path: &Path, mode: KeyFileMode, credentials: Option<&Path>) -> Result<(File, Option<u64>)> {
    let failed = |source| Error::KeyNotRead { origin: KeyOrigin::File(path.to_owned()), source };
    let (file, status) = otp_sys::open_with_status(path).map_err(failed)?;
    match status.kind {
        FileKind::File if mode == KeyFileMode::Any => {}
        FileKind::File => check(path, &status, credentials)?,
        FileKind::Directory => return Err(failed(ErrorKind::IsADirectory.into())),
        // A pipe is as private as its maker wanted.
        FileKind::Symlink | FileKind::Other => {}
    }
    // Files that the system makes up as they are read say that they have no length.
    let len = Some(status.len).filter(|len| status.kind == FileKind::File && *len > 0);
    Ok((file, len))
}

/// Refuses a key file that others could have read, or put in its place.
fn check(path: &Path, status: &Status, credentials: Option<&Path>) -> Result<()> {
    if platform::is_provided(path, status) {
        return Ok(());
    }
    let beyond = match credentials {
        Some(directory) if path.parent() == Some(directory) => BEYOND_GROUP,
        _ if status.owner == 0 => BEYOND_GROUP_READ,
        _ => OTHERS,
    };
    let user = otp_sys::user();
    if status.owner != user && status.owner != 0 {
        return Err(Error::KeyOwnedByOther { path: path.to_owned(), owner: status.owner, user });
    }
    if status.mode & beyond != 0 {
        return Err(Error::KeyOpenToOthers { path: path.to_owned(), mode: status.mode });
    }
    if credentials.is_some_and(|directory| path.parent() == Some(directory)) {
        return Ok(());
    }
    check_parent(path)
}

/// As [`check`], for a regular file that somebody else opened: what is wrong with it is a warning.
pub(crate) fn check_open(file: &File, origin: &KeyOrigin) {
    let Ok(status) = otp_sys::status_of(file) else { return };
    let beyond = if status.owner == 0 { BEYOND_GROUP_READ } else { OTHERS };
    if status.kind == FileKind::File && status.mode & beyond != 0 {
        warning::warn(&Warning::KeyOpenToOthers { origin, mode: status.mode });
    }
}

/// As [`check_directory`], for the directory that a path's last part is in.
pub(crate) fn check_parent(path: &Path) -> Result<()> {
    check_directory(platform::parent(path))
}

/// Refuses a directory in which everybody could replace a file, and warns of one that is shared.
fn check_directory(path: &Path) -> Result<()> {
    match platform::sharing(path) {
        Some((mode, platform::Sharing::Open)) => Err(Error::DirectoryOpenToOthers { path: path.to_owned(), mode }),
        Some((mode, platform::Sharing::Shared)) => {
            warning::warn(&Warning::SharedDirectory { path, mode });
            Ok(())
        }
        None => Ok(()),
    }
}

/// Checks a key file without reading it: that only its owner can, or that it is one of the accepted exceptions.
///
/// Pipes and other files that are not regular are not checked. On Windows nothing is.
///
/// # Errors
///
/// [`Error::KeyOpenToOthers`], [`Error::KeyOwnedByOther`], [`Error::DirectoryOpenToOthers`], or [`Error::KeyNotRead`] if there
/// is no such file.
pub fn check_key_file(path: &Path) -> Result<()> {
    open(path, KeyFileMode::Private, None).map(drop)
}

/// Refuses a path at which no key file can be written: before somebody types a password for its account.
///
/// # Errors
///
/// As [`write_key_file`], as far as it can be known beforehand.
pub fn check_new_key_file(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(Error::KeyFileExists { path: path.to_owned() });
    }
    let not_written = |source| Error::KeyNotWritten { path: path.to_owned(), source };
    let parent = platform::parent(path);
    if !parent.metadata().map_err(not_written)?.is_dir() {
        return Err(not_written(ErrorKind::NotADirectory.into()));
    }
    check_directory(parent)
}

/// Writes a key's text to a new file of mode 0600, with a newline behind it, durably.
///
/// Where files can be written before they have a name (Linux, on most file systems), nobody finds a part of a key at
/// `path`, even after a crash.
///
/// # Errors
///
/// [`Error::KeyFileExists`] if anything has that name, which stays as it is; [`Error::DirectoryOpenToOthers`],
/// [`Error::KeyNotWritten`]. If it fails, no file is left behind.
pub fn write_key_file(path: &Path, text: &str) -> Result<()> {
    check_parent(path)?;
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::AlreadyExists => Error::KeyFileExists { path: path.to_owned() },
        _ => Error::KeyNotWritten { path: path.to_owned(), source },
    };
    let removed = |error| {
        // It was made here, so it belongs to nobody else.
        let _ = std::fs::remove_file(path);
        failed(error)
    };
    if let Ok(mut file) = otp_sys::unnamed_private(path) {
        write(&mut file, text).map_err(failed)?;
        match otp_sys::give_name(&file, path) {
            Ok(()) => return otp_sys::sync_parent(path).map_err(removed),
            // As in a place without /proc.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    let mut file = otp_sys::create_private(path).map_err(failed)?;
    write(&mut file, text).and_then(|()| otp_sys::sync_parent(path)).map_err(removed)
}

/// Makes a directory for key files, of mode 0700, if there is none; it is as durable as the files that are written to it.
///
/// # Errors
///
/// [`Error::KeyNotWritten`], [`Error::DirectoryOpenToOthers`].
pub fn make_key_dir(path: &Path) -> Result<()> {
    // One that was made before a crash may have been made, and not synced.
    otp_sys::make_private_dir(path)
        .and_then(|()| otp_sys::sync_parent(path))
        .map_err(|source| Error::KeyNotWritten { path: path.to_owned(), source })?;
    check_directory(path)
}

fn write(file: &mut File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// What the modes of Unix say.
#[cfg(unix)]
mod platform {
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};

    use otp_sys::{FileKind, Status};

    /// Where container runtimes put secrets.
    const PROVIDED: [&str; 2] = ["/run/secrets", "/var/run/secrets"];
    const STICKY: u32 = 0o1000;
    const GROUP_WRITE: u32 = 0o020;
    const WORLD_WRITE: u32 = 0o002;

    /// How a directory is shared with others.
    pub(super) enum Sharing {
        /// Others can replace what is in it.
        Open,
        /// Others can write to it, and not replace what is not theirs; or a group can.
        Shared,
    }

    pub(super) fn parent(path: &Path) -> &Path {
        match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => path,
        }
    }

    /// The directory's mode and how it is shared, if it is.
    pub(super) fn sharing(path: &Path) -> Option<(u32, Sharing)> {
        // A link leads to the directory that counts.
        let status = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_dir)?;
        let mode = status.mode() & 0o7777;
        let world = mode & WORLD_WRITE != 0;
        if world && mode & STICKY == 0 {
            Some((mode, Sharing::Open))
        } else if world || (mode & GROUP_WRITE != 0 && !otp_sys::is_private_group(status.gid())) {
            Some((mode, Sharing::Shared))
        } else {
            None
        }
    }

    /// Whether a container runtime provides the file: it has any mode and owner, and only root can replace it.
    pub(super) fn is_provided(path: &Path, opened: &Status) -> bool {
        PROVIDED.iter().any(|top| path.starts_with(top)) && only_root_can_replace(path, opened)
    }

    pub(super) fn only_root_can_replace(path: &Path, opened: &Status) -> bool {
        let Ok(resolved) = path.canonicalize() else { return false };
        let parts: Vec<PathBuf> = resolved.ancestors().map(Path::to_owned).collect();
        let statuses: Option<Vec<Status>> = parts.iter().map(|part| otp_sys::status_of_path(part).ok()).collect();
        let Some(statuses) = statuses else { return false };
        // It is the file that was opened, and not another one that has taken its name.
        let same = statuses.first().is_some_and(|file| file.place == opened.place);
        same && statuses.windows(2).all(|pair| {
            let (below, directory) = (&pair[0], &pair[1]);
            let closed = directory.mode & (GROUP_WRITE | WORLD_WRITE) == 0;
            let sticky = directory.mode & STICKY != 0 && below.owner == 0;
            directory.kind == FileKind::Directory && directory.owner == 0 && (closed || sticky)
        })
    }
}

/// Windows has access lists instead of modes, which are not read.
#[cfg(windows)]
mod platform {
    use std::path::Path;

    use otp_sys::Status;

    #[allow(dead_code, reason = "Unix tells")]
    pub(super) enum Sharing {
        Open,
        Shared,
    }

    pub(super) fn parent(path: &Path) -> &Path {
        path.parent().unwrap_or(path)
    }

    pub(super) fn sharing(_: &Path) -> Option<(u32, Sharing)> {
        None
    }

    pub(super) fn is_provided(_: &Path, _: &Status) -> bool {
        false
    }
}

#[cfg(all(test, unix))]
mod tests;
