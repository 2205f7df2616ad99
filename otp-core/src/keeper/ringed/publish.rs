//! Publishing a new secret under the next page of each key (rule 7).

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::classify::{Classes, Known, Standing};
use super::ring_keeper::{RingKeeper, ring_failed};
use super::rotate::RingRotation;
use crate::buffer::{Buffer, OwnedBuffer, Wiped};
use crate::frame::Capacity;
use crate::hazmat;
use crate::id::KeyId;
use crate::keeper::rotation::Replacement;
use crate::keeper::{Grant, KeepError};
use crate::key::{Key, max_pages};
use crate::name::AccountName;
use crate::note::Note;
use crate::record::{Record, Terms};
use crate::ring::{Entry, Ring};
use crate::store::{Slot, Store};

/// What a rotation with a ring did.
#[derive(Debug)]
#[non_exhaustive]
pub struct Published<M: Buffer = Vec<u8>> {
    /// The generation that it reached.
    pub generation: u64,
    /// The keys that kept their text.
    pub kept: Vec<KeyId>,
    /// Of these, the keys whose records had been of an older page than they should have been.
    pub behind: Vec<KeyId>,
    /// The new keys, each beside the one that it replaces: at once, or at the next rotation if that one has just used its
    /// last page.
    pub replacements: Vec<Replacement<M>>,
    /// The keys that ended.
    pub ended: Vec<KeyId>,
    /// Records that appeared during the rotation, which the ring knows nothing of.
    pub unknown: Vec<KeyId>,
    /// Keys of the ring whose records are gone.
    pub orphaned: Vec<KeyId>,
}

/// How often a replacement whose answer is in doubt is tried again.
const TRIES: usize = 3;

impl<S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, '_, S, R, M> {
    /// Seals the payload for every key and ends the rotation that `staged` is the record of.
    pub(super) fn publish<E, G>(
        &self,
        account: &AccountName,
        staged: &Slot,
        payload: &[u8],
        options: &RingRotation,
        rng: &mut G,
        hand_over: impl FnOnce(&[Replacement<M>]) -> Result<(), E>,
    ) -> Result<Published<M>, E>
    where
        E: From<KeepError<S::Error>>,
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let guard = self.keeper.lock(account)?;
        self.probe_staged(account, &guard, staged)?;
        let generation = self.claim(account, staged, rng)?;
        let mut done = Published::at(generation);
        // Afresh: others may have revoked keys while the database changed.
        let records = self.keeper.survey(account)?.records;
        let ledger = self.ledger(account)?;
        let classes = self.classify(account, &records, &ledger, generation, payload.len(), options)?;
        for id in &classes.resealed {
            let Standing::Known(known) = self.standing(account, *id)? else { continue };
            let header = known.header.clone();
            let pages = known.key.pages().get();
            let Some(page) = self.page_at(account, *id, pages, generation)? else { continue };
            // After the record was read, and before the page is sealed: a slow run must not replace a later page.
            self.check_ours(account, staged, generation)?;
            self.reseal(account, &guard, known, page, payload, options)?;
            done.kept.push(*id);
            if page + 1 == pages {
                let key = self.succeed(account, *id, &header, payload, options, generation, rng)?;
                done.replacements.push(key);
            }
        }
        for id in &classes.replaced {
            let Standing::Known(known) = self.standing(account, *id)? else { continue };
            if ledger.succeeded.binary_search(id).is_err() {
                let key = self.succeed(account, *id, &known.header, payload, options, generation, rng)?;
                done.replacements.push(key);
            }
        }
        let Classes { behind, unknown, orphaned, .. } = classes;
        (done.behind, done.unknown, done.orphaned) = (behind, unknown, orphaned);

        // The ring has the new keys, so that one which could not be handed over now can be later.
        self.drop_revoked(account, &mut done.replacements)?;
        let handed_over = hand_over(&done.replacements);
        self.drop_revoked(account, &mut done.replacements)?;
        if handed_over.is_ok() {
            // Otherwise the next rotation names the key, whose holder has no other yet.
            for Replacement { old, .. } in &done.replacements {
                self.mark(account, Entry::Succeeded(*old))?;
            }
        }
        for id in classes.replaced.into_iter().chain(classes.ended) {
            self.end(account, id)?;
            done.ended.push(id);
        }
        self.mark(account, Entry::Done(generation))?;
        self.clear(account, staged)?;
        self.drop_older_marks(account, generation)?;
        handed_over.map(|()| done)
    }

    /// Takes back the successors of keys that were revoked meanwhile.
    fn drop_revoked(
        &self,
        account: &AccountName,
        replacements: &mut Vec<Replacement<M>>,
    ) -> Result<(), KeepError<S::Error>> {
        let mut number = 0;
        while let Some(Replacement { old, key, .. }) = replacements.get(number) {
            if self.keeper.is_revoked(account, *old)? || self.is_ended(account, *old)? {
                self.take_back(account, key.id())?;
                replacements.remove(number);
            } else {
                number += 1;
            }
        }
        Ok(())
    }

    /// Seals one page, and puts the record into the place of the one that was read (rule 3).
    fn reseal(
        &self,
        account: &AccountName,
        guard: &S::Guard<'_>,
        known: Known<M>,
        page: u8,
        payload: &[u8],
        options: &RingRotation,
    ) -> Result<(), KeepError<S::Error>> {
        let Known { key, header, record: old } = known;
        let (slot, capacity) = (Slot::record(account, key.id()), key.capacity());
        // Rule 2: this run seals the page once, so that it has one header.
        let terms =
            Terms { created: self.keeper.now, expires: options.expires.or(header.terms.expires), ..header.terms };
        // The frame is under its pad only when it leaves this.
        let mut draft = Wiped::new(M::zeroed(Record::max_len(capacity)));
        let new = hazmat::seal_page(key, page, &terms, payload, draft.bytes_mut())?.to_vec();

        let overtaken = || KeepError::Overtaken { account: account.clone().into() };
        let mut failure = None;
        for _ in 0..TRIES {
            match self.keeper.store.replace(guard, &slot, &old, &new) {
                Ok(true) => return self.drop_if_revoked(account, &slot),
                Ok(false) => {}
                Err(error) => failure = Some(KeepError::Store(error)),
            }
            let mut bytes = vec![0; Record::MAX_LEN];
            let there = self.keeper.store.get(&slot, &mut bytes).map_err(KeepError::Store)?;
            match there.and_then(|len| bytes.get(..len)) {
                Some(bytes) if bytes == new => return self.drop_if_revoked(account, &slot),
                Some(bytes) if bytes == old => {}
                Some(_) => return Err(overtaken()),
                // It was revoked: a comparison never creates what is gone.
                None => return Ok(()),
            }
        }
        Err(failure.unwrap_or_else(overtaken))
    }

    /// Removes a record that was replaced just now if its key was revoked meanwhile, and its record put back by somebody who
    /// can write the store (rule 5).
    fn drop_if_revoked(&self, account: &AccountName, slot: &Slot) -> Result<(), KeepError<S::Error>> {
        if self.keeper.is_revoked(account, slot.id)? || self.is_ended(account, slot.id)? {
            self.keeper.remove_slot(slot)?;
        }
        Ok(())
    }

    fn is_ended(&self, account: &AccountName, id: KeyId) -> Result<bool, KeepError<S::Error>> {
        Ok(self.ring.get(account, Entry::Ended(id), &mut []).map_err(ring_failed)?.is_some())
    }

    /// Issues the successor of a key that has no page left after this rotation.
    #[allow(clippy::too_many_arguments, reason = "each is a fact of this rotation")]
    fn succeed<G>(
        &self,
        account: &AccountName,
        old: KeyId,
        header: &crate::record::Header,
        payload: &[u8],
        options: &RingRotation,
        generation: u64,
        rng: &mut G,
    ) -> Result<Replacement<M>, KeepError<S::Error>>
    where
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let capacity = options.capacity.unwrap_or(Capacity::fitting(payload.len())?.max(header.capacity));
        let pages = options.pages.or(core::num::NonZeroU8::new(header.pages));
        let pages = pages.map(|pages| pages.min(max_pages(account.as_str().len(), capacity)));
        let grant = Grant {
            holder: header.terms.holder.clone(),
            expires: options.expires.or(header.terms.expires),
            capacity: Some(capacity),
            pages,
        };
        let key = self.put_new(account, payload, &grant, generation, rng)?;
        Ok(Replacement { old, holder: grant.holder, key })
    }

    /// Seals a payload under a new key: the ring has it before the store has its record (rule 4).
    pub(super) fn put_new<G>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grant: &Grant,
        generation: u64,
        rng: &mut G,
    ) -> Result<Key<M>, KeepError<S::Error>>
    where
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let sealed = self.keeper.seal(account, payload, grant, rng)?;
        let id = sealed.key.id();
        let repeated = || KeepError::Randomness(Box::from("the source gave the id of an existing key"));
        let digits = alloc::string::ToString::to_string(&generation);
        if !self.put_entry(account, Entry::First(id), digits.as_bytes())?
            || !self.put_key(account, Entry::Key(id), &sealed.key)?
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
    pub(super) fn end(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        self.mark(account, Entry::Ended(id))?;
        self.keeper.put(&Slot::note(account, id), &Note::Rotated { at: self.keeper.now }.encode())?;
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

impl<M: Buffer> Published<M> {
    fn at(generation: u64) -> Self {
        let nobody = Vec::new;
        Self {
            generation,
            kept: nobody(),
            behind: nobody(),
            replacements: Vec::new(),
            ended: nobody(),
            unknown: nobody(),
            orphaned: nobody(),
        }
    }

    /// What a rotation would do; it has no new keys yet.
    pub(super) fn planned(generation: u64, classes: Classes) -> Self {
        let Classes { resealed, behind, replaced, mut ended, unknown, orphaned } = classes;
        ended.extend(replaced);
        Self { generation, kept: resealed, behind, replacements: Vec::new(), ended, unknown, orphaned }
    }
}
