//! [`Keeper`]: what people do with keys, over any store: add, issue, rotate, revoke, remove.
//!
//! All of it is right without a lock. Each record stands alone. What may not meet is kept apart by writing first and
//! looking afterwards: whoever wrote second sees what the first one wrote, and steps back. A store that can lock an
//! account ([`Keeper::alone`]) saves the others from stepping back.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use rand_core::TryCryptoRng;

use crate::buffer::Buffer;
use crate::error::Error;
use crate::frame::Capacity;
use crate::key::{FreshKey, Key};
use crate::name::{AccountName, Holder, KeyId, UnixTime};
use crate::note::Note;
use crate::random::DrawError;
use crate::record::{Header, Record, Terms};
use crate::seal::{Secret, open, seal, verify};
use crate::store::{Kind, Slot, Store};

mod error;
mod rotation;

pub use error::{Gone, KeepError};
pub use rotation::{Replacement, Rotation};

/// For how long the trace of a revoked or replaced key is kept: 400 days, in seconds. After that the key was never there.
pub const TRACE_SECS: u64 = 400 * 24 * 60 * 60;

/// A rotation that has been under way for longer than this, an hour in seconds, has crashed.
pub const ROTATION_LIMIT_SECS: u64 = 60 * 60;

/// What a new key is given.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    /// Who holds it.
    pub holder: Option<Holder>,
    /// From when on it does not open any more.
    pub expires: Option<UnixTime>,
    /// The capacity of its frame; `None` takes the smallest that fits.
    pub capacity: Option<Capacity>,
}

impl Grant {
    /// The capacity of a frame for a payload of this length.
    ///
    /// # Errors
    ///
    /// [`Error::PayloadTooLong`]
    pub fn capacity_for(&self, payload_len: usize) -> Result<Capacity, Error> {
        match self.capacity {
            Some(capacity) if capacity.bytes() >= payload_len => Ok(capacity),
            Some(capacity) => Err(Error::PayloadTooLong { len: payload_len, capacity: capacity.bytes() }),
            None => Capacity::fitting(payload_len),
        }
    }
}

/// What a store says of one key.
#[derive(Clone, Debug)]
pub struct KeyInfo {
    /// Its record's header.
    pub header: Header,
    /// Until when it still opens the old secret, if it has been replaced.
    pub grace: Option<UnixTime>,
}

/// A key and the record that it opens, which is not in the store yet.
struct Sealed {
    key: Key<Vec<u8>>,
    record: Vec<u8>,
}

/// Does with the keys of a store what people do with keys.
#[derive(Debug)]
pub struct Keeper<'s, S> {
    store: &'s S,
    now: UnixTime,
    alone: bool,
}

impl<'s, S: Store> Keeper<'s, S> {
    /// A keeper of a store, at a time.
    #[must_use]
    pub const fn new(store: &'s S, now: UnixTime) -> Self {
        Self { store, now, alone: false }
    }

    /// Says that the caller holds a lock that keeps all other writers of the account out.
    ///
    /// A rotation whose sign stands there is then one that crashed.
    #[must_use]
    pub const fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// Opens the record of a key. It reads one record, and looks for the note beside it.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoKey`], the store's, and those of [`Record::decode`] and [`open`].
    pub fn open<B: Buffer>(&self, key: Key<B>) -> Result<Secret<B>, KeepError<S::Error>> {
        let bytes = self.read_live(key.account(), key.id(), Record::max_len(key.capacity()))?;
        let record = Record::decode(&bytes)?;
        Ok(open(key, &record, Some(self.now))?)
    }

    /// Checks that a key opens its record, without opening it. Its expiry does not matter.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoKey`], the store's, and those of [`Record::decode`] and [`verify`].
    pub fn verify<B: Buffer>(&self, key: &Key<B>) -> Result<(), KeepError<S::Error>> {
        let bytes = self.read_live(key.account(), key.id(), Record::max_len(key.capacity()))?;
        Ok(verify(key, &Record::decode(&bytes)?)?)
    }

    /// Reads the record of a key that may still open it.
    fn read_live(&self, account: &AccountName, id: KeyId, guess: usize) -> Result<Vec<u8>, KeepError<S::Error>> {
        let bytes = self.read(&Slot::record(account, id), guess)?;
        let gone = match (self.note(account, id)?, &bytes) {
            (Some(Note::Revoked { at }), _) => Gone::Revoked { at },
            (Some(Note::Rotated { at }), _) => Gone::Rotated { at },
            (Some(Note::Grace { until }), bytes) if bytes.is_none() || self.now >= until => Gone::Rotated { at: until },
            (Some(Note::Rotating { .. }), _) => return Err(Error::DamagedNote.into()),
            (None, None) => Gone::Unknown,
            _ => return bytes.ok_or_else(|| KeepError::NoAccount { account: account.clone().into() }),
        };
        Err(KeepError::NoKey { account: account.clone().into(), id, gone })
    }

    /// Reads an object whose length is probably at most `guess`.
    fn read(&self, slot: &Slot, guess: usize) -> Result<Option<Vec<u8>>, KeepError<S::Error>> {
        let mut bytes = vec![0; guess];
        let Some(mut len) = self.store.get(slot, &mut bytes).map_err(KeepError::Store)? else {
            return Ok(None);
        };
        if len > guess {
            // Not longer than any object can be: the decoder refuses one that ends early.
            bytes = vec![0; len.min(Record::MAX_LEN + 1)];
            match self.store.get(slot, &mut bytes).map_err(KeepError::Store)? {
                Some(again) => len = again,
                None => return Ok(None),
            }
        }
        bytes.truncate(len);
        Ok(Some(bytes))
    }

    fn note(&self, account: &AccountName, id: KeyId) -> Result<Option<Note>, KeepError<S::Error>> {
        self.read_note(&Slot::note(account, id))
    }

    fn read_note(&self, slot: &Slot) -> Result<Option<Note>, KeepError<S::Error>> {
        let mut bytes = [0; Note::LEN + 1];
        match self.store.get(slot, &mut bytes).map_err(KeepError::Store)? {
            Some(len) => Ok(Some(Note::decode(&bytes[..len.min(bytes.len())])?)),
            None => Ok(None),
        }
    }

    /// Seals a payload for a new account, and gives its first key.
    ///
    /// # Errors
    ///
    /// [`KeepError::Exists`] if the account has a key, which stays as it is. Where two add one account at the same
    /// time and without a lock, it may be that neither succeeds, but never that both do.
    pub fn add<R>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grant: &Grant,
        rng: &mut R,
    ) -> Result<Key<Vec<u8>>, KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        self.sweep(account)?;
        let exists = || KeepError::Exists { account: account.clone().into() };
        if !self.records(account)?.is_empty() {
            return Err(exists());
        }
        let key = self.put_sealed(account, payload, grant, rng)?;
        match self.records(account) {
            Ok(ids) if ids == [key.id()] => Ok(key),
            other => {
                self.take_back(account, key.id());
                Err(other.err().unwrap_or_else(exists))
            }
        }
    }

    /// Seals the secret of a key again for one more caller, and gives the new key.
    ///
    /// # Errors
    ///
    /// Those of [`Keeper::open`]; [`KeepError::NoKey`] too if the given key has been replaced; and
    /// [`KeepError::Busy`] if the account is being rotated.
    pub fn issue<B, R>(&self, key: Key<B>, grant: &Grant, rng: &mut R) -> Result<Key<Vec<u8>>, KeepError<S::Error>>
    where
        B: Buffer,
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        let (account, id) = (key.account().clone(), key.id());
        let grant = Grant { capacity: grant.capacity.or(Some(key.capacity())), ..grant.clone() };
        self.sweep(&account)?;
        let secret = self.open(key)?;
        let new = self.put_sealed(&account, secret.expose(), &grant, rng)?;
        // Written first, looked at afterwards: a rotation that does not know the new record yet is seen here.
        if let Err(error) = self.check_undisturbed(&account, id) {
            self.take_back(&account, new.id());
            return Err(error);
        }
        Ok(new)
    }

    /// Checks that a key is still the current one, and that nobody is rotating its account.
    fn check_undisturbed(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        self.check_no_rotation(account)?;
        self.read_live(account, id, 0)?;
        match self.note(account, id)? {
            Some(_) => {
                Err(KeepError::NoKey { account: account.clone().into(), id, gone: Gone::Rotated { at: self.now } })
            }
            None => Ok(()),
        }
    }

    /// Ends one key; the others are not touched. The record is deleted, and a trace of it stays.
    ///
    /// A rotation that began while it was at it gives the holder no new key, or ends that one when it finishes.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoKey`], and [`KeepError::Busy`] if the account is being rotated.
    pub fn revoke(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        let (record, note) = (Slot::record(account, id), Slot::note(account, id));
        if self.is_revoked(account, id)? && self.remove_slot(&record)? {
            // An earlier call was cut short.
            return Ok(());
        }
        self.sweep(account)?;
        self.check_no_rotation(account)?;
        self.check_revocable(account, id)?;
        let revoked = Note::Revoked { at: self.now }.encode();
        if self.put(&note, &revoked)? {
            self.remove_slot(&record)?;
            return Ok(());
        }
        // A note is there: of a period of grace, a damaged one, or of somebody who ended the key meanwhile.
        self.check_revocable(account, id)?;
        // The record goes first: better no trace for a moment than a key that opens again.
        self.remove_slot(&record)?;
        self.remove_slot(&note)?;
        self.put(&note, &revoked)?;
        Ok(())
    }

    /// Checks that a key still opens, or that nobody knows because its note is damaged.
    fn check_revocable(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        match self.read_live(account, id, 0) {
            Ok(_) | Err(KeepError::Invalid(Error::DamagedNote)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn is_revoked(&self, account: &AccountName, id: KeyId) -> Result<bool, KeepError<S::Error>> {
        match self.note(account, id) {
            Ok(note) => Ok(matches!(note, Some(Note::Revoked { .. }))),
            Err(KeepError::Invalid(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes an account: all its records, and all traces of keys that it had. What others put meanwhile may go too.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoAccount`]
    pub fn remove(&self, account: &AccountName) -> Result<(), KeepError<S::Error>> {
        let mut found = false;
        // Until nothing is left: others may have put something since it was listed.
        loop {
            let mut removed = false;
            for kind in [Kind::Record, Kind::Note, Kind::Rotation] {
                for id in self.slots(account, kind)? {
                    removed |= self.remove_slot(&Slot { account: account.clone(), id, kind })?;
                }
            }
            if !removed {
                break;
            }
            found = true;
        }
        if found { Ok(()) } else { Err(KeepError::NoAccount { account: account.clone().into() }) }
    }

    /// What the store says of an account's keys, sorted by id.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoAccount`] if it has no key, [`KeepError::DamagedKey`].
    pub fn info(&self, account: &AccountName) -> Result<Vec<KeyInfo>, KeepError<S::Error>> {
        let mut infos = Vec::new();
        for id in self.records(account)? {
            if let Some(info) = self.key_info(account, id)? {
                infos.push(info);
            }
        }
        if infos.is_empty() { Err(KeepError::NoAccount { account: account.clone().into() }) } else { Ok(infos) }
    }

    /// What the store says of one key; `None` if it does not open anything any more.
    ///
    /// # Errors
    ///
    /// [`KeepError::DamagedKey`] and the store's.
    pub fn key_info(&self, account: &AccountName, id: KeyId) -> Result<Option<KeyInfo>, KeepError<S::Error>> {
        let damaged = |error| KeepError::DamagedKey { account: account.clone().into(), id, error };
        let bytes = match self.read_live(account, id, Record::max_len(Capacity::MIN)) {
            Ok(bytes) => bytes,
            Err(KeepError::NoKey { .. }) => return Ok(None),
            Err(KeepError::Invalid(error)) => return Err(damaged(error)),
            Err(error) => return Err(error),
        };
        let header = Record::decode(&bytes).map_err(damaged)?.header().clone();
        if (&header.account, header.id) != (account, id) {
            return Err(damaged(Error::WrongKey));
        }
        let grace = match self.note(account, id)? {
            Some(Note::Grace { until }) => Some(until),
            _ => None,
        };
        Ok(Some(KeyInfo { header, grace }))
    }

    /// Clears up what others left: records whose note says that they are over, old traces, signs of crashed rotations.
    ///
    /// Notes that can't be read stay: whoever needs one tells, and revoking its key replaces it.
    fn sweep(&self, account: &AccountName) -> Result<(), KeepError<S::Error>> {
        for id in self.slots(account, Kind::Note)? {
            let (record, note) = (Slot::record(account, id), Slot::note(account, id));
            let over = match self.read_note(&note) {
                Ok(Some(Note::Revoked { at } | Note::Rotated { at } | Note::Grace { until: at })) if self.now >= at => {
                    at
                }
                Ok(_) | Err(KeepError::Invalid(_)) => continue,
                Err(error) => return Err(error),
            };
            self.remove_slot(&record)?;
            if self.now >= over.after(TRACE_SECS) {
                self.remove_slot(&note)?;
            }
        }
        for id in self.slots(account, Kind::Rotation)? {
            let sign = Slot { account: account.clone(), id, kind: Kind::Rotation };
            let crashed = match self.read_note(&sign) {
                Ok(Some(Note::Rotating { since })) => self.now >= since.after(ROTATION_LIMIT_SECS),
                // A sign that nobody can read would stand for ever.
                Ok(Some(_)) | Err(KeepError::Invalid(Error::DamagedNote)) => true,
                Ok(None) | Err(KeepError::Invalid(_)) => false,
                Err(error) => return Err(error),
            };
            if self.alone || crashed {
                self.remove_slot(&sign)?;
            }
        }
        Ok(())
    }

    fn check_no_rotation(&self, account: &AccountName) -> Result<(), KeepError<S::Error>> {
        if self.slots(account, Kind::Rotation)?.is_empty() {
            Ok(())
        } else {
            Err(KeepError::Busy { account: account.clone().into() })
        }
    }

    /// Seals a payload under a new key and puts the record.
    fn put_sealed<R>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grant: &Grant,
        rng: &mut R,
    ) -> Result<Key<Vec<u8>>, KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        let Sealed { key, record } = self.seal(account, payload, grant, rng)?;
        match self.put(&Slot::record(account, key.id()), &record) {
            Ok(true) => Ok(key),
            // Ten random bytes that are there already: the source of randomness is broken.
            Ok(false) => Err(KeepError::Randomness("it gave the id of a key that exists".into())),
            Err(error) => {
                // It may be there all the same.
                self.take_back(account, key.id());
                Err(error)
            }
        }
    }

    /// Removes the record of a key that is not handed out, since something went wrong: that is what is told, and if
    /// the record can't be removed either, it has a key that nobody knows.
    fn take_back(&self, account: &AccountName, id: KeyId) {
        let _ = self.remove_slot(&Slot::record(account, id));
    }

    fn seal<R>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grant: &Grant,
        rng: &mut R,
    ) -> Result<Sealed, KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        let capacity = grant.capacity_for(payload.len())?;
        let fresh = FreshKey::draw(account, capacity, rng).map_err(|error| match error {
            DrawError::Invalid(error) => KeepError::Invalid(error),
            DrawError::Source(error) => KeepError::Randomness(Box::new(error)),
        })?;
        let terms = Terms { created: self.now, expires: grant.expires, holder: grant.holder.clone() };
        let mut record = vec![0; Record::max_len(capacity)];
        let (key, len) = seal(fresh, &terms, payload, &mut record).map(|(key, bytes)| (key, bytes.len()))?;
        record.truncate(len);
        Ok(Sealed { key, record })
    }

    fn records(&self, account: &AccountName) -> Result<Vec<KeyId>, KeepError<S::Error>> {
        self.slots(account, Kind::Record)
    }

    /// The ids of all slots of one kind that an account has, sorted.
    fn slots(&self, account: &AccountName, kind: Kind) -> Result<Vec<KeyId>, KeepError<S::Error>> {
        let mut ids = Vec::new();
        let prefix = alloc::format!("{account}/");
        let each = &mut |slot: &Slot| {
            // The account's own slots come before those of the accounts below it.
            if slot.account != *account {
                return ControlFlow::Break(());
            }
            if slot.kind == kind {
                ids.push(slot.id);
            }
            ControlFlow::Continue(())
        };
        self.store.list(&prefix, each).map_err(KeepError::Store)?;
        Ok(ids)
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, KeepError<S::Error>> {
        self.store.put(slot, bytes).map_err(KeepError::Store)
    }

    fn is_there(&self, slot: &Slot) -> Result<bool, KeepError<S::Error>> {
        Ok(self.store.get(slot, &mut []).map_err(KeepError::Store)?.is_some())
    }

    fn remove_slot(&self, slot: &Slot) -> Result<bool, KeepError<S::Error>> {
        self.store.remove(slot).map_err(KeepError::Store)
    }
}
