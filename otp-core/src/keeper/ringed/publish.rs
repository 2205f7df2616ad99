//! Publishing a new secret under the next page of each key (rule 7).

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU8;

use rand_core::TryCryptoRng;

use super::classify::{Classes, Known, Standing, Target};
use super::ring_keeper::{RingKeeper, ring_failed};
use super::rotate::RingRotation;
use crate::frame::Capacity;
use crate::hazmat;
use crate::id::KeyId;
use crate::keeper::rotation::Replacement;
use crate::keeper::{Grant, KeepError};
use crate::key::{Key, max_pages};
use crate::name::AccountName;
use crate::note::Note;
use crate::record::{Header, Record, Terms};
use crate::ring::{Entry, Ring};
use crate::store::{Slot, Store};

/// What a rotation with a ring did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Published {
    /// The generation that it reached.
    pub generation: u64,
    /// The keys that kept their text.
    pub kept: Vec<KeyId>,
    /// Of these, the keys whose records had been of an older page than they should have been.
    pub behind: Vec<KeyId>,
    /// The new keys, each beside the one that it replaces: at once, or at the next rotation if that one has just used its
    /// last page.
    pub replacements: Vec<Replacement>,
    /// The keys that ended.
    pub ended: Vec<KeyId>,
    /// Records that appeared during the rotation, which the ring knows nothing of.
    pub unknown: Vec<KeyId>,
    /// Keys of the ring whose records are gone.
    pub orphaned: Vec<KeyId>,
}

/// How often a replacement whose answer is in doubt is tried again.
const TRIES: usize = 3;

impl<S: Store, R: Ring> RingKeeper<'_, '_, S, R> {
    /// Seals the payload for every key and ends the rotation that `staged` is the record of, and which began at the
    /// generation `base`.
    pub(super) fn publish<E, G>(
        &self,
        account: &AccountName,
        (staged, base): (&Slot, u64),
        payload: &[u8],
        options: &RingRotation,
        rng: &mut G,
        hand_over: impl FnOnce(&[Replacement]) -> Result<(), E>,
    ) -> Result<Published, E>
    where
        E: From<KeepError<S::Error>>,
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let guard = self.keeper.lock(account)?;
        let generation = self.claim(account, staged, rng)?;
        let target = Target { generation, base, payload_len: payload.len(), published: Some(payload), options };
        let mut done = Published { generation, ..Published::default() };
        // Afresh: others may have revoked keys while the database changed.
        let records = self.keeper.survey(account)?.records;
        let classes = self.classify(account, &records, &self.ledger(account)?, &target)?;
        for id in &classes.replaced {
            let Standing::Known(known) = self.standing(account, *id)? else { continue };
            done.replacements.extend(self.successor(account, *id, &known.header, &target, rng)?);
        }
        for id in classes.resealed {
            let Standing::Known(known) = self.standing(account, id)? else { continue };
            let header = known.header.clone();
            let Some(page) = self.page_at(account, id, header.pages, generation)? else { continue };
            if self.reseal(account, &guard, *known, page, &target)? {
                done.kept.push(id);
                if page + 1 == header.pages {
                    done.replacements.extend(self.successor(account, id, &header, &target, rng)?);
                }
            }
        }
        // A key that the rotation itself issued needs no successor.
        for id in classes.served {
            let Standing::Known(known) = self.standing(account, id)? else { continue };
            if !self.is_after(account, id, base)? {
                done.replacements.extend(self.successor(account, id, &known.header, &target, rng)?);
            }
            done.kept.push(id);
        }
        for id in &classes.ended {
            if let Standing::Known(known) = self.standing(account, *id)? {
                done.replacements.extend(self.issued_successor(account, *id, &known.header, base)?);
            }
        }
        // One that replaces two, of which an earlier run issued the second, is handed over once.
        done.replacements.sort_by_key(|new| new.key.id());
        done.replacements.dedup_by_key(|new| new.key.id());
        (done.behind, done.unknown) = (classes.behind, classes.unknown);
        for id in classes.orphaned {
            // An earlier run of this rotation died before it put the record: nobody has that key.
            if self.is_after(account, id, base)? {
                self.forget(account, id)?;
            } else {
                done.orphaned.push(id);
            }
        }

        // The ring has the new keys, so that one which could not be handed over now can be later.
        let handed_over = hand_over(&done.replacements);
        for id in classes.replaced.into_iter().chain(classes.ended) {
            self.end(account, id, Note::Rotated { at: self.keeper.now })?;
            done.ended.push(id);
        }
        self.mark(account, Entry::Done(generation))?;
        self.clear(account, staged)?;
        self.drop_older_marks(account, generation)?;
        handed_over.map(|()| done)
    }

    /// Seals one page, and puts the record into the place of the one that was read (rule 3). `false` if that is gone: the key
    /// was revoked.
    fn reseal(
        &self,
        account: &AccountName,
        guard: &S::Guard<'_>,
        known: Known,
        page: u8,
        target: &Target<'_>,
    ) -> Result<bool, KeepError<S::Error>> {
        let Known { key, header, record: old } = known;
        let overtaken = || KeepError::Overtaken { account: account.clone().into() };
        // Of the record that is replaced, not of an earlier look at it: another run may have put a later one since.
        if page <= header.page {
            return Err(overtaken());
        }
        let (slot, capacity) = (Slot::record(account, key.id()), key.capacity());
        // Rule 2: this run seals the page once, so that it has one header.
        let terms = Terms {
            created: self.keeper.now,
            expires: target.options.expires.or(header.terms.expires),
            ..header.terms
        };
        let payload = target.published.unwrap_or_default();
        let mut new = vec![0; Record::max_len(capacity)];
        let len = hazmat::seal_page(key, page, &terms, payload, &mut new)?.len();
        new.truncate(len);

        let mut failure = None;
        for _ in 0..TRIES {
            match self.keeper.store.replace(guard, &slot, &old, &new) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => failure = Some(KeepError::Store(error)),
            }
            let mut bytes = vec![0; Record::MAX_LEN];
            let there = self.keeper.store.get(&slot, &mut bytes).map_err(KeepError::Store)?;
            match there.and_then(|len| bytes.get(..len)) {
                Some(bytes) if bytes == new => return Ok(true),
                Some(bytes) if bytes == old => {}
                Some(_) => return Err(overtaken()),
                // A comparison never creates what is gone.
                None => return Ok(false),
            }
        }
        Err(failure.unwrap_or_else(overtaken))
    }

    /// The successor of a key that has no page left after this rotation, to be handed over; `None` if it was before.
    fn successor<G>(
        &self,
        account: &AccountName,
        old: KeyId,
        header: &Header,
        target: &Target<'_>,
        rng: &mut G,
    ) -> Result<Option<Replacement>, KeepError<S::Error>>
    where
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        if self.ring.get(account, Entry::Succeeded(old), &mut []).map_err(ring_failed)?.is_some() {
            return self.issued_successor(account, old, header, target.base);
        }
        let options = target.options;
        let capacity = options.capacity.unwrap_or(Capacity::fitting(target.payload_len)?.max(header.capacity));
        let pages = options.pages.or(NonZeroU8::new(header.pages));
        let pages = pages.map(|pages| pages.min(max_pages(account.as_str().len(), capacity)));
        let grant = Grant {
            holder: header.terms.holder.clone(),
            expires: options.expires.or(header.terms.expires),
            capacity: Some(capacity),
            pages,
        };
        let payload = target.published.unwrap_or_default();
        let key = self.put_new(account, payload, &grant, target.generation, rng)?;
        self.put_entry(account, Entry::Succeeded(old), key.id().to_string().as_bytes())?;
        Ok(Some(Replacement { old, holder: grant.holder, key }))
    }

    /// The successor that an earlier run of the same rotation issued, which may have died before it handed the key over.
    fn issued_successor(
        &self,
        account: &AccountName,
        old: KeyId,
        header: &Header,
        base: u64,
    ) -> Result<Option<Replacement>, KeepError<S::Error>> {
        let mut last = old;
        while let Some(next) = self.succeeded_by(account, last)? {
            if !self.is_after(account, next, base)? {
                return Ok(None);
            }
            last = next;
        }
        let key = if last == old { None } else { self.read_key(account, Entry::Key(last), last)? };
        Ok(key.map(|key| Replacement { old, holder: header.terms.holder.clone(), key }))
    }

    /// The id of a key's successor, as far as the ring knows.
    fn succeeded_by(&self, account: &AccountName, id: KeyId) -> Result<Option<KeyId>, KeepError<S::Error>> {
        let mut text = [0; KeyId::TEXT_LEN];
        let len = self.ring.get(account, Entry::Succeeded(id), &mut text).map_err(ring_failed)?;
        Ok(len.and_then(|len| KeyId::parse(core::str::from_utf8(text.get(..len)?).ok()?).ok()))
    }

    /// Seals a payload under a new key: the ring has it before the store has its record (rule 4).
    pub(super) fn put_new<G>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grant: &Grant,
        generation: u64,
        rng: &mut G,
    ) -> Result<Key<Vec<u8>>, KeepError<S::Error>>
    where
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let sealed = self.keeper.seal(account, payload, grant, rng)?;
        let id = sealed.key.id();
        let repeated = || KeepError::Randomness(Box::from("the source gave the id of an existing key"));
        // A key that is in the ring with its generation and without a record is one that a crash has left behind.
        if self.ring.get(account, Entry::Key(id), &mut []).map_err(ring_failed)?.is_some()
            || !self.put_entry(account, Entry::First(id), generation.to_string().as_bytes())?
            || !self.put_entry(account, Entry::Key(id), sealed.key.to_text().as_bytes())?
        {
            return Err(repeated());
        }
        match self.keeper.put(&Slot::record(account, id), &sealed.record) {
            Ok(true) => Ok(sealed.key),
            Ok(false) => Err(repeated()),
            Err(error) => {
                // The record may be there all the same.
                let _ = self.take_back(account, id);
                Err(error)
            }
        }
    }

    /// Leaves a tombstone, and removes record and key.
    pub(super) fn end(&self, account: &AccountName, id: KeyId, tombstone: Note) -> Result<(), KeepError<S::Error>> {
        self.mark(account, Entry::Ended(id))?;
        self.keeper.put(&Slot::note(account, id), &tombstone.encode())?;
        self.keeper.remove_slot(&Slot::record(account, id))?;
        self.forget(account, id)
    }

    /// Only the highest marks and the highest claim count.
    fn drop_older_marks(&self, account: &AccountName, generation: u64) -> Result<(), KeepError<S::Error>> {
        let ledger = self.ledger(account)?;
        let older = |number: &&u64| **number < generation;
        for number in ledger.spent.iter().filter(older) {
            self.drop_entry(account, Entry::Spent(*number))?;
        }
        for number in ledger.done.iter().filter(older) {
            self.drop_entry(account, Entry::Done(*number))?;
        }
        for number in self.keeper.survey(account)?.claims.iter().filter(older) {
            // A store may keep claims for ever.
            let _ = self.keeper.remove_slot(&Slot::claim(account, *number));
        }
        Ok(())
    }
}

impl Published {
    /// What a rotation would do; it has no new keys yet.
    pub(super) fn planned(generation: u64, classes: Classes) -> Self {
        let Classes { resealed, behind, replaced, mut ended, unknown, orphaned, .. } = classes;
        ended.extend(replaced);
        Self { generation, kept: resealed, behind, replacements: Vec::new(), ended, unknown, orphaned }
    }
}
