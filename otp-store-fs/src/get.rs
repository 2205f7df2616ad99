//! Reading objects: one open and one read each, beside a look at each directory on the way.

use std::fs::File;
use std::io::ErrorKind;

use otp_core::store::Slot;
use otp_core::{AccountName, KeyId};
use otp_sys::{Status, fill};

use crate::error::Error;
use crate::platform::Dir;
use crate::store::FsStore;
use crate::{check, walk};

/// Reads an object to the front of a buffer, and returns its whole length.
pub(crate) fn get(store: &FsStore, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
    match walk::find(store, &slot.account)? {
        Some(dir) => read(store, &dir, slot, buffer),
        None => Ok(None),
    }
}

/// Reads a record and then the note beside it, from one directory.
pub(crate) fn get_with_note(
    store: &FsStore,
    account: &AccountName,
    id: KeyId,
    record: &mut [u8],
    note: &mut [u8],
) -> Result<(Option<usize>, Option<usize>), Error> {
    let Some(dir) = walk::find(store, account)? else {
        return Ok((None, None));
    };
    let record = read(store, &dir, &Slot::record(account, id), record)?;
    Ok((record, read(store, &dir, &Slot::note(account, id), note)?))
}

fn read(store: &FsStore, dir: &Dir, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
    let Some((mut file, status)) = open(store, dir, slot)? else {
        return Ok(None);
    };
    let len = usize::try_from(status.len).unwrap_or(usize::MAX);
    let fits = len.min(buffer.len());
    let read =
        fill(&mut file, &mut buffer[..fits]).map_err(|error| Error::store("read", store.path_of(slot), error))?;
    // Nobody shortens an object; if a file system lost its end, the record's own checks will find that.
    Ok(Some(if read < fits { read } else { len }))
}

/// Opens an object in its account's directory; `None` if it does not exist.
pub(crate) fn open(store: &FsStore, dir: &Dir, slot: &Slot) -> Result<Option<(File, Status)>, Error> {
    let name = slot.name().to_string();
    let path = || store.path_of(slot);
    let (file, status) = match dir.open_file(&name) {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            // Perhaps something else stands in the object's place.
            if let Ok(status) = dir.status_at(&name) {
                check::regular_file(&status, path)?;
            }
            return Err(Error::store("read", path(), error));
        }
    };
    check::regular_file(&status, path)?;
    check::part(&status, store.root.status(), path)?;
    Ok(Some((file, status)))
}
