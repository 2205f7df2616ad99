//! [`Keeper`] itself, and how it reads and writes its store.

use alloc::vec;
use alloc::vec::Vec;
use core::marker::PhantomData;

use super::error::{Gone, KeepError};
use crate::buffer::OwnedBuffer;
use crate::error::Error;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::note::Note;
use crate::record::Record;
use crate::store::{Slot, Store};
use crate::time::UnixTime;

/// Keeps the accounts and keys of a store, as of one moment. New keys, and secrets on the way, are in memory of `M`.
#[derive(Debug)]
pub struct Keeper<'s, S, M = Vec<u8>> {
    pub(super) store: &'s S,
    pub(super) now: UnixTime,
    /// Whether an account that is kept in a ring may be rotated without it.
    pub(super) leaves_rings: bool,
    pub(super) memory: PhantomData<fn() -> M>,
}

/// A record that its key may still open.
pub(super) struct Live {
    pub(super) bytes: Vec<u8>,
    /// When its grace period ends, if the key has been replaced.
    pub(super) grace: Option<UnixTime>,
}

/// What a look at such a record tells: its length in bytes, and when its grace period ends.
pub(super) struct Look {
    len: usize,
    grace: Option<UnixTime>,
}

impl<'s, S: Store> Keeper<'s, S> {
    /// A keeper of a store, at a time.
    #[must_use]
    pub const fn new(store: &'s S, now: UnixTime) -> Self {
        Self::in_memory(store, now)
    }
}

impl<'s, S: Store, M: OwnedBuffer> Keeper<'s, S, M> {
    /// A keeper of a store, at a time, that holds secrets in memory of a type of your own, such as locked memory.
    #[must_use]
    pub const fn in_memory(store: &'s S, now: UnixTime) -> Self {
        Self { store, now, leaves_rings: false, memory: PhantomData }
    }

    /// The same keeper, but it rotates accounts in a ring without that ring, which then has no key that opens them.
    #[must_use]
    pub const fn leaving_rings(mut self) -> Self {
        self.leaves_rings = true;
        self
    }

    /// The keeper's store.
    #[must_use]
    pub const fn store(&self) -> &'s S {
        self.store
    }

    /// Reads the record of a key that may still open it. `guess` is the record's probable length in bytes.
    pub(super) fn read_live(
        &self,
        account: &AccountName,
        id: KeyId,
        guess: usize,
    ) -> Result<Live, KeepError<S::Error>> {
        let mut bytes = vec![0; guess];
        loop {
            // The note is read again with the record: the key may have ended since the last look.
            let Look { len, grace } = self.look(account, id, &mut bytes)?;
            if len <= bytes.len() || bytes.len() > Record::MAX_LEN {
                bytes.truncate(len);
                return Ok(Live { bytes, grace });
            }
            // No more than any record can have: the decoder refuses one that is longer.
            bytes = vec![0; len.min(Record::MAX_LEN + 1)];
        }
    }

    /// Looks whether a key may still open its record, and reads as much of the record as fits into `bytes`.
    pub(super) fn look(&self, account: &AccountName, id: KeyId, bytes: &mut [u8]) -> Result<Look, KeepError<S::Error>> {
        let mut note = [0; Note::LEN + 1];
        let (record_len, note_len) =
            self.store.get_with_note(account, id, bytes, &mut note).map_err(KeepError::Store)?;
        let note = note_len.map(|len| Note::decode_at(&note[..len.min(note.len())], self.now)).transpose()?;
        let gone = match (note, record_len) {
            (None, Some(len)) => return Ok(Look { len, grace: None }),
            (Some(Note::Grace { until }), Some(len)) if self.now < until => {
                return Ok(Look { len, grace: Some(until) });
            }
            (Some(Note::Revoked { at }), _) => Gone::Revoked { at },
            (Some(Note::Rotated { at } | Note::Grace { until: at }), _) => Gone::Rotated { at },
            (Some(Note::Rotating { .. }), _) => return Err(Error::DamagedNote.into()),
            (None, None) => Gone::Unknown,
        };
        Err(KeepError::NoKey { account: account.clone().into(), id, gone })
    }

    /// Reads a note or a marker; `None` if there is none.
    pub(super) fn read_note(&self, slot: &Slot) -> Result<Option<Note>, KeepError<S::Error>> {
        let mut bytes = [0; Note::LEN + 1];
        match self.store.get(slot, &mut bytes).map_err(KeepError::Store)? {
            Some(len) => Ok(Some(Note::decode_at(&bytes[..len.min(bytes.len())], self.now)?)),
            None => Ok(None),
        }
    }

    /// Whether a key has been revoked, as far as its note can be read.
    pub(super) fn is_revoked(&self, account: &AccountName, id: KeyId) -> Result<bool, KeepError<S::Error>> {
        match self.read_note(&Slot::note(account, id)) {
            Ok(note) => Ok(matches!(note, Some(Note::Revoked { .. }))),
            Err(KeepError::Invalid(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether an account is kept in a ring, that is, whether a generation of it was ever claimed.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn is_in_a_ring(&self, account: &AccountName) -> Result<bool, KeepError<S::Error>> {
        Ok(!self.survey(account)?.claims.is_empty())
    }

    /// Checks that a key opens the account's current secret: that it has neither ended nor been replaced.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoKey`], [`KeepError::Superseded`], and the store's.
    pub fn check_current(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        check_not_replaced(account, id, self.look(account, id, &mut [])?.grace)
    }

    pub(super) fn lock(&self, account: &AccountName) -> Result<S::Guard<'s>, KeepError<S::Error>> {
        self.store.lock(account).map_err(KeepError::Store)
    }

    /// As [`lock`](Keeper::lock), for an account that must exist: a mistyped name leaves nothing behind, not even a lock.
    pub(super) fn lock_known(&self, account: &AccountName) -> Result<S::Guard<'s>, KeepError<S::Error>> {
        if self.survey(account)?.is_empty() {
            return Err(KeepError::NoAccount { account: account.clone().into() });
        }
        self.lock(account)
    }

    pub(super) fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, KeepError<S::Error>> {
        self.store.put(slot, bytes).map_err(KeepError::Store)
    }

    pub(super) fn remove_slot(&self, slot: &Slot) -> Result<bool, KeepError<S::Error>> {
        self.store.remove(slot).map_err(KeepError::Store)
    }
}

impl Live {
    /// The record's bytes, unless the key has been replaced.
    pub(super) fn into_current<E>(self, account: &AccountName, id: KeyId) -> Result<Vec<u8>, KeepError<E>> {
        check_not_replaced(account, id, self.grace)?;
        Ok(self.bytes)
    }
}

/// Checks that a key is not in its grace period: it would open the old secret, which must not come back.
fn check_not_replaced<E>(account: &AccountName, id: KeyId, grace: Option<UnixTime>) -> Result<(), KeepError<E>> {
    match grace {
        Some(until) => Err(KeepError::Superseded { account: account.clone().into(), id, until }),
        None => Ok(()),
    }
}
