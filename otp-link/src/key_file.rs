//! Key files: read only if nobody else can, written so that nobody else can.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use otp_sys::{FileKind, Status};

use crate::error::{Error, Result};
use crate::key_origin::KeyOrigin;

/// How private a key file has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Its owner's alone.
    Owner,
    /// As systemd makes credentials: it shows an access list for the service's user as bits of the group.
    Credential,
}

/// Opens a key file, checks it, and tells its length if that is known before it is read.
pub(crate) fn open(path: &Path, strictness: Strictness) -> Result<(File, Option<u64>)> {
    let failed = |source| Error::KeyNotRead { origin: KeyOrigin::File(path.to_owned()), source };
    let (file, status) = otp_sys::open_with_status(path).map_err(failed)?;
    match status.kind {
        FileKind::File => check(path, &status, strictness)?,
        FileKind::Directory => return Err(failed(ErrorKind::IsADirectory.into())),
        // A pipe is as private as its maker wanted.
        FileKind::Symlink | FileKind::Other => {}
    }
    // Files that the system makes up as they are read say that they have no length.
    let len = Some(status.len).filter(|len| status.kind == FileKind::File && *len > 0);
    Ok((file, len))
}

fn check(path: &Path, status: &Status, strictness: Strictness) -> Result<()> {
    let others = match strictness {
        Strictness::Owner => 0o077,
        Strictness::Credential => 0o007,
    };
    let user = otp_sys::user();
    if status.owner != user && status.owner != 0 {
        return Err(Error::KeyOwnedByOther { path: path.to_owned(), owner: status.owner, user });
    }
    if status.mode & others != 0 {
        return Err(Error::KeyOpenToOthers { path: path.to_owned(), mode: status.mode });
    }
    Ok(())
}

/// Checks that a key file is its owner's alone, without reading it: mode 0600 or less, owned by this user or root.
///
/// Pipes and other files that are not regular are not checked. On Windows nothing is.
///
/// # Errors
///
/// [`Error::KeyOpenToOthers`], [`Error::KeyOwnedByOther`], or [`Error::KeyNotRead`] if there is no such file.
pub fn check_key_file(path: &Path) -> Result<()> {
    open(path, Strictness::Owner).map(drop)
}

/// Writes a key's text to a new file of mode 0600, with a newline behind it, durably.
///
/// Where files can be written before they have a name (Linux, on most file systems), nobody finds a part of a key at
/// `path`, even after a crash.
///
/// # Errors
///
/// [`Error::KeyFileExists`] if anything has that name, which stays as it is; [`Error::KeyNotWritten`].
/// If it fails, no file is left behind.
pub fn write_key_file(path: &Path, text: &str) -> Result<()> {
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
/// [`Error::KeyNotWritten`].
pub fn make_key_dir(path: &Path) -> Result<()> {
    // One that was made before a crash may have been made, and not synced.
    otp_sys::make_private_dir(path)
        .and_then(|()| otp_sys::sync_parent(path))
        .map_err(|source| Error::KeyNotWritten { path: path.to_owned(), source })
}

fn write(file: &mut File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}
