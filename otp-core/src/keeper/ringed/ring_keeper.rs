//! [`RingKeeper`], and reading and writing its ring.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::id::KeyId;
use crate::keeper::{KeepError, Keeper};
use crate::key::{Key, MAX_TEXT_LEN};
use crate::name::AccountName;
use crate::ring::{Entry, Ring};
use crate::store::Store;

/// A keeper with a ring. What rotates takes the ring's lock, and nothing else waits for a program that changes a database.
#[derive(Debug)]
pub struct RingKeeper<'s, 'r, S, R> {
    pub(super) keeper: Keeper<'s, S>,
    pub(super) ring: &'r R,
}

impl<'s, S: Store> Keeper<'s, S> {
    /// The same keeper with a ring.
    #[must_use]
    pub const fn with_ring<'r, R: Ring>(&self, ring: &'r R) -> RingKeeper<'s, 'r, S, R> {
        RingKeeper { keeper: Self { ..*self }, ring }
    }
}

pub(super) fn ring_failed<S, E: crate::ring::RingError>(error: E) -> KeepError<S> {
    KeepError::Ring(Box::new(error))
}

/// How long a key's text is assumed to be before it is read.
const FIRST_LEN: usize = 1024;

impl<'s, 'r, S: Store, R: Ring> RingKeeper<'s, 'r, S, R> {
    /// The keeper of the store alone.
    pub const fn keeper(&self) -> &Keeper<'s, S> {
        &self.keeper
    }

    /// Waits for the ring's lock. A program that changes a database inherits it, so that nobody goes on while it runs (rule 6).
    pub(super) fn lock(&self) -> Result<R::Guard<'r>, KeepError<S::Error>> {
        self.ring.lock().map_err(ring_failed)
    }

    pub(super) fn put_entry(
        &self,
        account: &AccountName,
        entry: Entry,
        bytes: &[u8],
    ) -> Result<bool, KeepError<S::Error>> {
        self.ring.put(account, entry, bytes).map_err(ring_failed)
    }

    pub(super) fn mark(&self, account: &AccountName, entry: Entry) -> Result<(), KeepError<S::Error>> {
        self.put_entry(account, entry, &[]).map(drop)
    }

    pub(super) fn drop_entry(&self, account: &AccountName, entry: Entry) -> Result<(), KeepError<S::Error>> {
        self.ring.remove(account, entry).map_err(ring_failed)
    }

    /// Reads a key's text from the ring. One that can't be read as a key of this id counts as missing.
    pub(super) fn read_key(
        &self,
        account: &AccountName,
        entry: Entry,
        id: KeyId,
    ) -> Result<Option<Key<Vec<u8>>>, KeepError<S::Error>> {
        let mut text = Zeroizing::new(vec![0; FIRST_LEN]);
        loop {
            let Some(len) = self.ring.get(account, entry, &mut text).map_err(ring_failed)? else { return Ok(None) };
            if len <= text.len() {
                text.truncate(len);
                break;
            }
            if len > MAX_TEXT_LEN {
                return Ok(None);
            }
            text = Zeroizing::new(vec![0; len]);
        }
        let key = Key::parse_owned(&text).ok();
        Ok(key.filter(|key| key.account() == account && key.id() == id))
    }

    /// Ends a key in the ring: it never opens again, and its text is wiped.
    pub(super) fn forget(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        self.mark(account, Entry::Ended(id))?;
        for entry in [Entry::Key(id), Entry::First(id), Entry::Succeeded(id)] {
            self.drop_entry(account, entry)?;
        }
        Ok(())
    }
}
