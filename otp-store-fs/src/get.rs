//! Reading objects: one open and one read each, plus a check of each directory on the way.

use otp_core::store::Slot;
use otp_core::{AccountName, KeyId};
use otp_sys::fill;

use crate::error::Error;
use crate::reach::{Reached, reach};
use crate::store::FsStore;

/// Reads an object to the front of a buffer, and returns its whole length.
pub(crate) fn get(store: &FsStore, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
    match reach(store, &slot.account)? {
        Some(account) => read(store, &account, slot, buffer),
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
    let Some(reached) = reach(store, account)? else {
        return Ok((None, None));
    };
    let record = read(store, &reached, &Slot::record(account, id), record)?;
    Ok((record, read(store, &reached, &Slot::note(account, id), note)?))
}

fn read(store: &FsStore, account: &Reached, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
    let Some((mut file, status)) = account.open(store, slot)? else {
        return Ok(None);
    };
    let len = usize::try_from(status.len).unwrap_or(usize::MAX);
    let fits = len.min(buffer.len());
    let read =
        fill(&mut file, &mut buffer[..fits]).map_err(|error| Error::store("read", store.path_of(slot), error))?;
    // Nobody shortens an object; if a file system lost its end, the record's own checks will find that.
    Ok(Some(if read < fits { read } else { len }))
}
