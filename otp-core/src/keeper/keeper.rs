//! [`Keeper`] itself, and how it reads and writes its store.

use alloc::vec;
use alloc::vec::Vec;

use super::error::{Gone, KeepError};
use crate::error::Error;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::note::Note;
use crate::record::Record;
use crate::store::{Slot, Store};
use crate::time::UnixTime;

/// Keeps the accounts and keys of a store, at one moment.
#[derive(Debug)]
pub struct Keeper<'s, S> {
    pub(super) store: &'s S,
    pub(super) now: UnixTime,
}

/// A record that its key may still open.
pub(super) struct Live {
    pub(super) bytes: Vec<u8>,
    /// When its grace period ends, if the key has been replaced.
    pub(super) grace: Option<UnixTime>,
}

impl<'s, S: Store> Keeper<'s, S> {
    /// A keeper of a store, at a time.
    #[must_use]
    pub const fn new(store: &'s S, now: UnixTime) -> Self {
        Self { store, now }
    }

    /// The store that is kept.
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
        let (mut bytes, mut note) = (vec![0; guess], [0; Note::LEN + 1]);
        let (record_len, note_len) =
            self.store.get_with_note(account, id, &mut bytes, &mut note).map_err(KeepError::Store)?;
        let record = match record_len {
            Some(len) => self.rest_of(&Slot::record(account, id), bytes, len)?,
            None => None,
        };
        let note = note_len.map(|len| Note::decode(&note[..len.min(note.len())])).transpose()?;
        let gone = match (note, record) {
            (None, Some(bytes)) => return Ok(Live { bytes, grace: None }),
            (Some(Note::Grace { until }), Some(bytes)) if self.now < until => {
                return Ok(Live { bytes, grace: Some(until) });
            }
            (Some(Note::Revoked { at }), _) => Gone::Revoked { at },
            (Some(Note::Rotated { at } | Note::Grace { until: at }), _) => Gone::Rotated { at },
            (Some(Note::Rotating { .. }), _) => return Err(Error::DamagedNote.into()),
            (None, None) => Gone::Unknown,
        };
        Err(KeepError::NoKey { account: account.clone().into(), id, gone })
    }

    /// The bytes of an object of which `read` holds the start, or `None` if it was removed meanwhile.
    fn rest_of(&self, slot: &Slot, mut read: Vec<u8>, mut len: usize) -> Result<Option<Vec<u8>>, KeepError<S::Error>> {
        if len > read.len() {
            // No more than any object can have: the decoder refuses one that is longer.
            read = vec![0; len.min(Record::MAX_LEN + 1)];
            match self.store.get(slot, &mut read).map_err(KeepError::Store)? {
                Some(again) => len = again,
                None => return Ok(None),
            }
        }
        read.truncate(len);
        Ok(Some(read))
    }

    /// Reads a note or a marker; `None` if there is none.
    pub(super) fn read_note(&self, slot: &Slot) -> Result<Option<Note>, KeepError<S::Error>> {
        let mut bytes = [0; Note::LEN + 1];
        match self.store.get(slot, &mut bytes).map_err(KeepError::Store)? {
            Some(len) => Ok(Some(Note::decode(&bytes[..len.min(bytes.len())])?)),
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

    /// Checks that a key opens the account's current secret: that it has neither ended nor been replaced.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoKey`], [`KeepError::Superseded`], and the store's.
    pub fn check_current(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        self.read_live(account, id, 0)?.into_current(account, id).map(drop)
    }

    pub(super) fn lock(&self, account: &AccountName) -> Result<S::Guard<'s>, KeepError<S::Error>> {
        self.store.lock(account).map_err(KeepError::Store)
    }

    pub(super) fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, KeepError<S::Error>> {
        self.store.put(slot, bytes).map_err(KeepError::Store)
    }

    pub(super) fn remove_slot(&self, slot: &Slot) -> Result<bool, KeepError<S::Error>> {
        self.store.remove(slot).map_err(KeepError::Store)
    }
}

impl Live {
    /// The record's bytes, unless the key has been replaced: then it opens the old secret, which must not come back.
    pub(super) fn into_current<E>(self, account: &AccountName, id: KeyId) -> Result<Vec<u8>, KeepError<E>> {
        match self.grace {
            Some(until) => Err(KeepError::Superseded { account: account.clone().into(), id, until }),
            None => Ok(self.bytes),
        }
    }
}
