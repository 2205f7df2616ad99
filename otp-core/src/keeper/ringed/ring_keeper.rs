//! [`RingKeeper`], and reading and writing its ring.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::buffer::{Buffer, OwnedBuffer, Wiped};
use crate::id::KeyId;
use crate::keeper::{KeepError, Keeper};
use crate::key::{Key, MAX_TEXT_LEN};
use crate::name::AccountName;
use crate::ring::{Entry, Ring};
use crate::store::Store;

/// A keeper with a ring. Only rotations take the ring's lock; nothing else waits for a program that changes a database.
#[derive(Debug)]
pub struct RingKeeper<'s, 'r, S, R, M = Vec<u8>> {
    pub(super) keeper: Keeper<'s, S, M>,
    pub(super) ring: &'r R,
}

impl<'s, S: Store, M: OwnedBuffer> Keeper<'s, S, M> {
    /// The same keeper with a ring.
    #[must_use]
    pub const fn with_ring<'r, R: Ring>(&self, ring: &'r R) -> RingKeeper<'s, 'r, S, R, M> {
        RingKeeper { keeper: Self { ..*self }, ring }
    }
}

pub(super) fn ring_failed<S, E: crate::ring::RingError>(error: E) -> KeepError<S> {
    KeepError::Ring(Box::new(error))
}

/// How long a key's text is assumed to be before it is read.
const FIRST_LEN: usize = 1024;

impl<'s, 'r, S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'s, 'r, S, R, M> {
    /// The keeper of the store alone.
    #[must_use]
    pub const fn keeper(&self) -> &Keeper<'s, S, M> {
        &self.keeper
    }

    /// Waits for the ring's lock. A program that changes a database inherits it, so all others wait for that (rule 6).
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
    ) -> Result<Option<Key<M>>, KeepError<S::Error>> {
        let mut room = FIRST_LEN;
        loop {
            let mut text = Wiped::new(M::zeroed(room));
            let Some(len) = self.ring.get(account, entry, text.bytes_mut()).map_err(ring_failed)? else {
                return Ok(None);
            };
            if let Some(text) = text.bytes().get(..len) {
                let key = Key::parse(text, M::zeroed(len * 5 / 8)).ok();
                return Ok(key.filter(|key| key.account() == account && key.id() == id));
            }
            if len > MAX_TEXT_LEN {
                return Ok(None);
            }
            room = len;
        }
    }

    /// Puts a key's text into the ring if there is none, and says whether it did.
    pub(super) fn put_key<B: Buffer>(
        &self,
        account: &AccountName,
        entry: Entry,
        key: &Key<B>,
    ) -> Result<bool, KeepError<S::Error>> {
        let mut text = Wiped::new(M::zeroed(key.text_len()));
        let text = key.write_text(text.bytes_mut())?;
        self.put_entry(account, entry, text.as_bytes())
    }

    /// Ends a key in the ring: it never opens again, and its text is wiped.
    pub(super) fn forget(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        let marked = self.mark(account, Entry::Ended(id));
        for entry in [Entry::Key(id), Entry::First(id), Entry::Succeeded(id)] {
            self.drop_entry(account, entry)?;
        }
        // What was removed may have made room.
        marked.or_else(|_| self.mark(account, Entry::Ended(id)))
    }
}
