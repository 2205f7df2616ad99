//! Revoking one key.

use otp_core::keeper::Tombstone;
use otp_core::{AccountName, KeyId};

use crate::audit::{Entry, Event};
use crate::error::Result;
use crate::place::Place;
use crate::warning::{self, Warning};
use crate::{ring, store};

/// Ends one key. Its record is deleted, and a tombstone remains; the account's other keys are not touched. If there is
/// a ring, its copy is wiped.
///
/// On a full disk there may be no room for the tombstone. The key still ends, with a [`Warning::NoTombstone`].
///
/// # Errors
///
/// Those of [`otp_core::Keeper::revoke`], and the ring's.
pub fn revoke_key<'p>(account: &str, key_id: &str, place: impl Into<Place<'p>>) -> Result<()> {
    let (name, id, place) = (AccountName::parse(account)?, KeyId::parse(key_id)?, place.into());
    let mut entry = Entry::begin(Event::Revoke)?;
    entry.key(&name, id);
    let result = revoke(&name, id, place);
    entry.done(&result);
    result
}

fn revoke(name: &AccountName, id: KeyId, place: Place<'_>) -> Result<()> {
    let ring = ring::open(place.ring, place.store)?;
    let store = store::open_to_write(place.store)?;
    let keeper = store::keeper(&store);
    let tombstone = match &ring {
        Some(ring) => keeper.with_ring(ring).revoke(name, id)?,
        None => keeper.revoke(name, id)?,
    };
    if let Tombstone::Missing(error) = tombstone {
        warning::warn(&Warning::NoTombstone { account: name, key_id: id, error: &error });
    }
    if ring.is_none() && keeper.is_in_a_ring(name)? {
        // Rule 5: anybody who can write the store could bring the key back before the next rotation.
        warning::warn(&Warning::RevokedWithoutRing { account: name });
    }
    Ok(())
}
