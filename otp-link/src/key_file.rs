//! Key files: who may read them, and how to write them for their owner alone. `docs/key-files.md` has the rules.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use otp_sys::{FileKind, Status};

use crate::environment;
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

/// Opens a key file, checks it, and returns its length if that is known before reading.
pub(crate) fn open(path: &Path, mode: KeyFileMode, credentials: Option<&Path>) -> Result<(File, Option<u64>)> {
    let failed = |source| Error::KeyNotRead { origin: KeyOrigin::File(path.to_owned()), source };
    let (file, status) = otp_sys::open_with_status(path).map_err(failed)?;
    match status.kind {
        FileKind::File if mode == KeyFileMode::Any => {}
        // Somebody else opened it, so anything wrong with it is only a warning.
        FileKind::File if is_descriptor(path) => check_open(&file, &KeyOrigin::File(path.to_owned())),
        FileKind::File => check(path, &status, credentials)?,
        FileKind::Directory => return Err(failed(ErrorKind::IsADirectory.into())),
        // A pipe is as private as its maker wanted.
        FileKind::Symlink | FileKind::Other => {}
    }
    // Files whose contents the system makes up as they are read report no length.
    let len = Some(status.len).filter(|len| status.kind == FileKind::File && *len > 0);
    Ok((file, len))
}

/// Whether a path is that of an open descriptor.
fn is_descriptor(path: &Path) -> bool {
    path == Path::new("/dev/stdin")
        || ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.parent() == Some(Path::new(folder)))
}

/// Refuses a key file that others could have read or replaced.
fn check(path: &Path, status: &Status, credentials: Option<&Path>) -> Result<()> {
    let is_credential = credentials.is_some_and(|directory| platform::is_in(path, directory));
    let beyond = if is_credential { BEYOND_GROUP } else { beyond(status) };
    let user = otp_sys::user();
    let checked = if status.owner != user && status.owner != 0 {
        Err(Error::KeyOwnedByOther { path: path.to_owned(), owner: status.owner, user })
    } else if status.mode & beyond != 0 {
        Err(Error::KeyOpenToOthers { path: path.to_owned(), mode: status.mode })
    } else {
        Ok(())
    };
    match checked {
        Err(_) if platform::is_provided(path, status) => Ok(()),
        // Nobody else uses a directory of credentials, so it draws no warning.
        Ok(()) if is_credential => match platform::sharing(platform::parent(path)) {
            Ok(Some((mode, platform::Sharing::Open))) => Err(open_to_others(platform::parent(path), mode)),
            _ => Ok(()),
        },
        Ok(()) => check_place(path, || platform::is_provided(path, status)),
        refused => refused,
    }
}

/// What the group and others must not do with a key file.
fn beyond(status: &Status) -> u32 {
    if status.owner == 0 { BEYOND_GROUP_READ } else { OTHERS }
}

fn open_to_others(path: &Path, mode: u32) -> Error {
    Error::DirectoryOpenToOthers { path: path.to_owned(), mode }
}

/// Like [`check`], for a regular file that somebody else opened: anything wrong with it is only a warning.
pub(crate) fn check_open(file: &File, origin: &KeyOrigin) {
    let Ok(status) = otp_sys::status_of(file) else { return };
    let is_strangers = status.owner != otp_sys::user() && status.owner != 0;
    let is_open = status.kind == FileKind::File && (is_strangers || status.mode & beyond(&status) != 0);
    if is_open && !platform::is_provided_open(file, &status) {
        warning::warn(&Warning::KeyOpenToOthers { origin, mode: status.mode });
    }
}

/// Like [`check_directory`], for the directory that holds a path's last part: where its name is, and where it leads.
pub(crate) fn check_parent(path: &Path) -> Result<()> {
    check_place(path, || false)
}

/// Like [`check_parent`], but a shared directory does not matter if `excused` says so.
fn check_place(path: &Path, excused: impl Fn() -> bool) -> Result<()> {
    let is_missing = |sharing: &io::Result<_>| matches!(sharing, Err(error) if error.kind() == ErrorKind::NotFound);
    let mut above = platform::parent(path);
    let mut sharing = platform::sharing(above);
    // If the directory is still to be made, the nearest one above that exists.
    while is_missing(&sharing) && platform::parent(above) != above {
        above = platform::parent(above);
        sharing = platform::sharing(above);
    }
    if matches!(sharing, Ok(Some(_))) && excused() {
        return Ok(());
    }
    judge(above, &sharing)?;
    let leads_elsewhere = path.file_name().is_none() || path.symlink_metadata().is_ok_and(|status| status.is_symlink());
    if leads_elsewhere && let Ok(resolved) = path.canonicalize() {
        return check_directory(platform::parent(&resolved));
    }
    Ok(())
}

/// Refuses a directory in which everybody could replace a file, and warns of one that is shared.
fn check_directory(path: &Path) -> Result<()> {
    judge(path, &platform::sharing(path))
}

fn judge(path: &Path, sharing: &io::Result<Option<(u32, platform::Sharing)>>) -> Result<()> {
    match sharing {
        Ok(Some((mode, platform::Sharing::Open))) => Err(open_to_others(path, *mode)),
        Ok(Some((mode, platform::Sharing::Shared))) => {
            warning::warn(&Warning::SharedDirectory { path, mode: *mode });
            Ok(())
        }
        // What can't be looked at fails when it is used.
        Ok(None) | Err(_) => Ok(()),
    }
}

/// Checks a key file without reading it: that only its owner can read it, or that it is one of the accepted exceptions.
///
/// Pipes and other files that are not regular are not checked.
///
/// # Errors
///
/// [`Error::KeyOpenToOthers`], [`Error::KeyOwnedByOther`], [`Error::DirectoryOpenToOthers`], or [`Error::KeyNotRead`] if there
/// is no such file.
pub fn check_key_file(path: &Path) -> Result<()> {
    let credentials = environment::variable(&environment::process, "CREDENTIALS_DIRECTORY");
    open(path, KeyFileMode::Private, credentials.as_deref().map(Path::new)).map(drop)
}

/// Refuses a path at which no key file can be written, before somebody types a password for its account.
///
/// # Errors
///
/// As [`write_key_file`], as far as it can be known beforehand.
pub fn check_new_key_file(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(Error::KeyFileExists { path: path.to_owned() });
    }
    let not_written = |source| Error::KeyNotWritten { path: path.to_owned(), source };
    #[cfg(windows)]
    otp_sys::check_name(path).map_err(not_written)?;
    let parent = platform::parent(path);
    if !parent.metadata().map_err(not_written)?.is_dir() {
        return Err(not_written(ErrorKind::NotADirectory.into()));
    }
    check_directory(parent)
}

/// Writes a key's text and a newline to a new file of mode 0600, durably.
///
/// Where files can be written before they have a name (Linux, on most file systems), `path` never holds part of a key,
/// even after a crash.
///
/// # Errors
///
/// [`Error::KeyFileExists`] if anything has that name, which stays as it is; [`Error::DirectoryOpenToOthers`],
/// [`Error::KeyNotWritten`]. If it fails, no file is left behind.
pub fn write_key_file(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    let text = text.as_ref();
    check_parent(path)?;
    create_durably(path, &[text, b"\n"]).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => Error::KeyFileExists { path: path.to_owned() },
        _ => Error::KeyNotWritten { path: path.to_owned(), source },
    })
}

/// Makes a file of mode 0600 durably; fails with `AlreadyExists` if anything has that name. If it fails, no file is left behind.
pub(crate) fn create_durably(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let removed = |error| {
        // It was made here, so it belongs to nobody else.
        let _ = std::fs::remove_file(path);
        error
    };
    if let Ok(mut file) = otp_sys::unnamed_private(path) {
        write(&mut file, parts)?;
        match otp_sys::give_name(&file, path) {
            Ok(()) => return otp_sys::sync_parent(path).map_err(removed),
            // There may be no /proc.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {}
            Err(error) => return Err(error),
        }
    }
    let mut file = otp_sys::create_private(path)?;
    let written = write(&mut file, parts);
    // Windows does not remove an open file.
    drop(file);
    written.and_then(|()| otp_sys::sync_parent(path)).map_err(removed)
}

/// From this many files on, syncing the whole file system costs less than syncing each.
pub(crate) const TOGETHER_FROM: usize = 8;

/// Writes many keys' texts to new files in a directory that [`make_key_dir`] made, like [`write_key_file`], but makes
/// them durable together. If it fails, any of them may be there, whole.
pub(crate) fn write_key_files(dir: &Path, keys: &[(&Path, &[u8])]) -> Result<()> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| match source.kind() {
            ErrorKind::AlreadyExists => Error::KeyFileExists { path },
            _ => Error::KeyNotWritten { path, source },
        }
    };
    let mut written = Vec::with_capacity(keys.len());
    for (path, text) in keys {
        written.push(WholeFile::write(path, &[text, b"\n"]).map_err(failed(path))?);
    }
    // One file system for all: they are in one directory.
    let is_synced = match written.first() {
        Some(one) if keys.len() >= TOGETHER_FROM => otp_sys::sync_file_system(&one.file).map_err(failed(dir))?,
        _ => false,
    };
    for (one, (path, _)) in written.into_iter().zip(keys) {
        if !is_synced {
            one.file.sync_all().map_err(failed(path))?;
        }
        one.give_name(path).map_err(failed(path))?;
    }
    // The first file stands for all files in the directory.
    keys.first().map_or(Ok(()), |(path, _)| otp_sys::sync_parent(path).map_err(failed(dir)))
}

/// A file of mode 0600 that is whole before it has its name.
struct WholeFile {
    file: File,
    /// Its first name, where files can't do without one.
    temporary: Option<PathBuf>,
}

impl WholeFile {
    fn write(path: &Path, parts: &[&[u8]]) -> io::Result<Self> {
        let temporary = path.with_extension("new");
        // A crash may have left one behind; a lock keeps others out.
        let _ = std::fs::remove_file(&temporary);
        let (mut file, temporary) = match otp_sys::unnamed_private(path) {
            Ok(file) => (file, None),
            Err(_) => (otp_sys::create_private(&temporary)?, Some(temporary)),
        };
        parts.iter().try_for_each(|part| file.write_all(part))?;
        Ok(Self { file, temporary })
    }

    fn give_name(self, path: &Path) -> io::Result<()> {
        let Some(temporary) = self.temporary else {
            return otp_sys::give_name(&self.file, path);
        };
        // Windows does not rename an open file.
        drop(self.file);
        std::fs::hard_link(&temporary, path)?;
        std::fs::remove_file(temporary)
    }
}

/// Refuses a directory that anybody but this user, its owner, can use.
pub(crate) fn check_private_dir(path: &Path) -> Result<()> {
    let failed = |source| Error::Ring { path: path.to_owned(), source };
    let (_, status) = otp_sys::open_with_status(path).map_err(failed)?;
    if status.mode & OTHERS != 0 {
        return Err(open_to_others(path, status.mode));
    }
    let user = otp_sys::user();
    if status.owner != user {
        return Err(Error::KeyOwnedByOther { path: path.to_owned(), owner: status.owner, user });
    }
    check_parent(path)
}

/// Makes a directory for key files, with mode 0700, if there is none; it is as durable as the files written to it.
///
/// # Errors
///
/// [`Error::KeyNotWritten`], [`Error::DirectoryOpenToOthers`].
pub fn make_key_dir(path: &Path) -> Result<()> {
    // It may have been made before a crash, and not synced.
    otp_sys::make_private_dir(path)
        .and_then(|()| otp_sys::sync_parent(path))
        .map_err(|source| Error::KeyNotWritten { path: path.to_owned(), source })?;
    check_directory(path)
}

fn write(file: &mut File, parts: &[&[u8]]) -> io::Result<()> {
    parts.iter().try_for_each(|part| file.write_all(part))?;
    // A record that was reported must have a key: nobody could open it otherwise.
    file.sync_all()
}

/// What the modes of Unix say.
#[cfg(unix)]
mod platform {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd;
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
        /// Others can write to it, but not replace what is not theirs; or a group can.
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
    pub(super) fn sharing(path: &Path) -> io::Result<Option<(u32, Sharing)>> {
        // A link leads to the directory that counts.
        let status = std::fs::metadata(path)?;
        let mode = status.mode() & 0o7777;
        let world = mode & WORLD_WRITE != 0;
        Ok(if !status.is_dir() {
            None
        } else if world && mode & STICKY == 0 {
            Some((mode, Sharing::Open))
        } else if world || (mode & GROUP_WRITE != 0 && !otp_sys::is_private_group(status.gid())) {
            Some((mode, Sharing::Shared))
        } else {
            None
        })
    }

    /// Whether a path is directly in a directory, under any name.
    pub(super) fn is_in(path: &Path, directory: &Path) -> bool {
        let place = |path: &Path| std::fs::metadata(path).ok().map(|status| (status.dev(), status.ino()));
        path.parent() == Some(directory) || place(directory).is_some_and(|of| place(parent(path)) == Some(of))
    }

    /// Whether a container runtime provides the file: it has any mode and owner, and only root can replace it.
    pub(super) fn is_provided(path: &Path, opened: &Status) -> bool {
        let below = |resolved: &Path| PROVIDED.iter().any(|top| resolved.starts_with(top));
        path.canonicalize().is_ok_and(|resolved| below(&resolved)) && only_root_can_replace(path, opened)
    }

    /// Like [`is_provided`], for a file that somebody else opened, if the system tells its path.
    pub(super) fn is_provided_open(file: &File, status: &Status) -> bool {
        is_provided(Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd())), status)
    }

    pub(super) fn only_root_can_replace(path: &Path, opened: &Status) -> bool {
        let Ok(resolved) = path.canonicalize() else { return false };
        let parts: Vec<PathBuf> = resolved.ancestors().map(Path::to_owned).collect();
        let statuses: Option<Vec<Status>> = parts.iter().map(|part| otp_sys::status_of_path(part).ok()).collect();
        let Some(statuses) = statuses else { return false };
        // It must be the file that was opened, not another one that has taken its name.
        let same = statuses.first().is_some_and(|file| file.place == opened.place);
        same && statuses.windows(2).all(|pair| {
            let (below, directory) = (&pair[0], &pair[1]);
            let closed = directory.mode & (GROUP_WRITE | WORLD_WRITE) == 0;
            let sticky = directory.mode & STICKY != 0 && below.owner == 0;
            directory.kind == FileKind::Directory && directory.owner == 0 && (closed || sticky)
        })
    }
}

/// What the access lists of Windows say.
#[cfg(windows)]
mod platform {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    use otp_sys::Status;

    /// How a directory is shared with others.
    pub(super) enum Sharing {
        /// Others can remove what is in it, or the directory itself, and put something else there.
        Open,
        /// Others can put more into it.
        Shared,
    }

    pub(super) fn parent(path: &Path) -> &Path {
        match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => path,
        }
    }

    /// The directory's access list as a mode, and how it is shared, if it is.
    pub(super) fn sharing(path: &Path) -> io::Result<Option<(u32, Sharing)>> {
        if !std::fs::metadata(path)?.is_dir() {
            return Ok(None);
        }
        let list = otp_sys::access_list(path)?;
        Ok(if list.others().any(|party| party.replaces) {
            Some((list.mode(), Sharing::Open))
        } else if list.others().any(|party| party.writes) {
            Some((list.mode(), Sharing::Shared))
        } else {
            None
        })
    }

    pub(super) fn is_in(path: &Path, directory: &Path) -> bool {
        path.parent() == Some(directory)
    }

    pub(super) fn is_provided(_: &Path, _: &Status) -> bool {
        false
    }

    pub(super) fn is_provided_open(_: &File, _: &Status) -> bool {
        false
    }
}

#[cfg(all(test, unix))]
mod tests;
