//! Removing an object.

use std::io::ErrorKind;

use otp_core::store::Slot;

use crate::durable::Durable;
use crate::error::Error;
use crate::store::FsStore;
use crate::walk;

/// Removes an object, with one sync of its directory, and says whether there was one.
pub(crate) fn remove(store: &FsStore, slot: &Slot) -> Result<bool, Error> {
    walk::modes_for_writing(store)?;
    let Some(dir) = walk::find(store, &slot.account)? else {
        return Ok(false);
    };
    let failed = |error| Error::store("remove", store.path_of(slot), error);
    match dir.remove_file(&slot.name().to_string()) {
        // A key that was revoked does not come back.
        Ok(()) => dir.sync().map(|()| true).map_err(failed),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(error)),
    }
}
