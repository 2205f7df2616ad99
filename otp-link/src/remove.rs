//! Removing an account.

use otp_core::AccountName;

use crate::audit::{Entry, Event};
use crate::error::Result;
use crate::place::Place;
use crate::{ring, store};

/// Deletes an account: all its records and tombstones; its keys in the ring, if there is one, are wiped.
///
/// With `force`, what an unfinished rotation staged goes too.
///
/// # Errors
///
/// Those of [`otp_core::Keeper::remove`], and the ring's.
pub fn remove_account<'p>(account: &str, force: bool, place: impl Into<Place<'p>>) -> Result<()> {
    let (name, place) = (AccountName::parse(account)?, place.into());
    let mut entry = Entry::begin(Event::Remove)?;
    entry.account(&name);
    let result = remove(&name, force, place);
    entry.done(&result);
    result
}

fn remove(name: &AccountName, force: bool, place: Place<'_>) -> Result<()> {
    let ring = ring::open(place.ring, place.store)?;
    let store = store::open_to_write(place.store)?;
    let keeper = store::keeper(&store);
    match &ring {
        Some(ring) => keeper.with_ring(ring).remove(name, force)?,
        None if force => keeper.force_remove(name)?,
        None => keeper.remove(name)?,
    }
    Ok(())
}
