//! An account's directory as readers need it: each directory on the way is looked at, and on Linux none is opened.
//!
//! Opening and closing directories is most of what a read costs. Since version 5.6, Linux can open a path and refuse
//! symbolic links in all of it (`openat2` with `RESOLVE_NO_SYMLINKS`). Where that is missing or forbidden, or answers
//! anything but "found" or "missing", the directories are opened one by one, which also tells what is wrong.

use std::fs::File;
use std::io::ErrorKind;

use otp_core::AccountName;
use otp_core::store::Slot;
#[cfg(target_os = "linux")]
use otp_sys::FileKind;
use otp_sys::Status;

use crate::error::Error;
use crate::platform::Dir;
use crate::store::FsStore;
use crate::{check, walk};

/// An account's directory that exists.
pub(crate) enum Reached {
    /// Each directory on the way is as it should be.
    #[cfg(target_os = "linux")]
    Looked,
    /// It is open.
    Opened(Dir),
}

/// Looks for the account's directory; `None` if it does not exist.
pub(crate) fn reach(store: &FsStore, account: &AccountName) -> Result<Option<Reached>, Error> {
    #[cfg(target_os = "linux")]
    {
        let mut whole = true;
        for (_, below) in walk::segments(account) {
            match store.root.status_at(below) {
                Ok(status) if status.kind == FileKind::Directory => {
                    check::part(&status, store.root.status(), || store.path.join(below))?;
                }
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                _ => {
                    whole = false;
                    break;
                }
            }
        }
        if whole {
            return Ok(Some(Reached::Looked));
        }
    }
    Ok(walk::find(store, account)?.map(Reached::Opened))
}

impl Reached {
    /// Opens an object of the account; `None` if it does not exist.
    pub(crate) fn open(&self, store: &FsStore, slot: &Slot) -> Result<Option<(File, Status)>, Error> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Looked => match store.root.open_file_below(&format!("{}/{}", slot.account, slot.name())) {
                Ok((file, status)) => check_object(store, slot, &status).map(|()| Some((file, status))),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(_) => match walk::find(store, &slot.account)? {
                    Some(dir) => open_in(store, &dir, slot),
                    None => Ok(None),
                },
            },
            Self::Opened(dir) => open_in(store, dir, slot),
        }
    }
}

/// Opens an object in its account's directory; `None` if it does not exist.
pub(crate) fn open_in(store: &FsStore, dir: &Dir, slot: &Slot) -> Result<Option<(File, Status)>, Error> {
    let name = slot.name().to_string();
    match dir.open_file(&name) {
        Ok((file, status)) => check_object(store, slot, &status).map(|()| Some((file, status))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            // Perhaps something else stands in the object's place.
            if let Ok(status) = dir.status_at(&name) {
                check::regular_file(&status, || store.path_of(slot))?;
            }
            Err(Error::store("read", store.path_of(slot), error))
        }
    }
}

fn check_object(store: &FsStore, slot: &Slot, status: &Status) -> Result<(), Error> {
    let path = || store.path_of(slot);
    check::regular_file(status, path)?;
    check::part(status, store.root.status(), path)
}
