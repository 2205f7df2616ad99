//! Publishing a new secret under the next page of each key (rule 7).

use alloc::vec;
use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::apply::cut_short;
use super::classify::{Classes, Known, Standing, Target};
use super::ring_keeper::{RingKeeper, ring_failed};
use super::rotate::RingRotation;
use crate::buffer::{Buffer, OwnedBuffer, Wiped};
use crate::hazmat;
use crate::id::KeyId;
use crate::keeper::KeepError;
use crate::keeper::rotation::Replacement;
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
    /// The new keys, each with the key that it replaces: at once or, if that key has just used its last page, at the
    /// next rotation.
    pub replacements: Vec<Replacement<M>>,
    /// In a plan, the keys whose holders will get a new one: those that are replaced at once, and those about to use
    /// their last page.
    pub to_replace: Vec<KeyId>,
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
    /// Seals the payload for every key, and ends the rotation that began at the generation `base` and whose staged
    /// record is `staged`.
    ///
    /// The database already has the payload, so any failure means that the rotation is unfinished. Only a failure of
    /// `hand_over` is reported after everything is done.
    pub(super) fn publish<E, G>(
        &self,
        account: &AccountName,
        rotation: (&Slot, u64),
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
        let mut handed_over = Ok(());
        let take = |new: &[Replacement<M>]| handed_over = hand_over(new);
        let done = self.publish_all(account, rotation, payload, options, rng, take).map_err(cut_short(account))?;
        handed_over.map(|()| done)
    }

    fn publish_all<G>(
        &self,
        account: &AccountName,
        (staged, base): (&Slot, u64),
        payload: &[u8],
        options: &RingRotation,
        rng: &mut G,
        hand_over: impl FnOnce(&[Replacement<M>]),
    ) -> Result<Published<M>, KeepError<S::Error>>
    where
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let guard = self.keeper.lock(account)?;
        self.probe_staged(account, &guard, staged)?;
        let generation = self.claim(account, staged, rng)?;
        let target = Target { generation, base, payload_len: payload.len(), published: Some(payload), options };
        let mut done = Published::at(generation);
        // Afresh: others may have revoked keys while the database changed.
        let records = self.keeper.survey(account)?.records;
        let classes = self.classify(account, &records, &self.ledger(account)?, &target)?;
        self.seal_all(account, &guard, (staged, &classes), &target, &mut done, rng)?;
        (done.behind, done.unknown) = (classes.behind, classes.unknown);
        for id in classes.orphaned {
            // An earlier run of this rotation died before it put the record: nobody has that key.
            if self.is_after(account, id, base)? {
                self.forget(account, id)?;
            } else {
                done.orphaned.push(id);
            }
        }

        // The ring has the new keys, so a key that can't be handed over now can be later.
        self.drop_revoked(account, &mut done.replacements)?;
        hand_over(&done.replacements);
        self.drop_revoked(account, &mut done.replacements)?;
        for id in classes.replaced.into_iter().chain(classes.ended) {
            self.end(account, id, Note::Rotated { at: self.keeper.now })?;
            done.ended.push(id);
        }
        self.mark(account, Entry::Done(generation))?;
        self.clear(account, staged)?;
        // All is done; the next rotation drops what stays.
        let _ = self.drop_older_marks(account, generation);
        Ok(done)
    }

    /// Gives every key the secret: its own next page, or a successor.
    fn seal_all<G>(
        &self,
        account: &AccountName,
        guard: &S::Guard<'_>,
        (staged, classes): (&Slot, &Classes),
        target: &Target<'_>,
        done: &mut Published<M>,
        rng: &mut G,
    ) -> Result<(), KeepError<S::Error>>
    where
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        for id in &classes.replaced {
            let Standing::Known(known) = self.standing(account, *id)? else { continue };
            done.replacements.extend(self.successor(account, *id, &known.header, target, rng)?);
        }
        for id in &classes.resealed {
            let Standing::Known(known) = self.standing(account, *id)? else { continue };
            let header = known.header.clone();
            let Some(page) = self.page_at(account, *id, header.pages, target.generation)? else { continue };
            // After the record was read, and before the page is sealed: a slow run must not replace a later page.
            self.check_ours(account, staged, target.generation)?;
            if self.reseal(account, guard, *known, page, target)? {
                done.kept.push(*id);
                if page + 1 == header.pages {
                    done.replacements.extend(self.successor(account, *id, &header, target, rng)?);
                }
            }
        }
        for id in &classes.served {
            let Standing::Known(known) = self.standing(account, *id)? else { continue };
            // A key that the rotation itself issued needs no successor.
            if !self.is_after(account, *id, target.base)? {
                done.replacements.extend(self.successor(account, *id, &known.header, target, rng)?);
            }
            done.kept.push(*id);
        }
        for id in &classes.ended {
            if let Standing::Known(known) = self.standing(account, *id)? {
                done.replacements.extend(self.issued_successor(account, *id, &known.header, target.base)?);
            }
        }
        // One that replaces two, of which an earlier run issued the second, is handed over once.
        done.replacements.sort_by_key(|new| new.key.id());
        done.replacements.dedup_by_key(|new| new.key.id());
        Ok(())
    }

    /// Seals one page, and puts the record in place of the one that was read (rule 3). Returns `false` if that one is
    /// gone: the key was revoked.
    fn reseal(
        &self,
        account: &AccountName,
        guard: &S::Guard<'_>,
        known: Known<M>,
        page: u8,
        target: &Target<'_>,
    ) -> Result<bool, KeepError<S::Error>> {
        let Known { key, header, record: old } = known;
        let overtaken = || KeepError::Overtaken { account: account.clone().into() };
        // Check the record being replaced, not an earlier look at it: another run may have put a later one since.
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
        // The frame does not leave this before it is under its pad.
        let mut draft = Wiped::new(M::zeroed(Record::max_len(capacity)));
        let new = hazmat::seal_page(key, page, &terms, payload, draft.bytes_mut())?.to_vec();

        let mut failure = None;
        for _ in 0..TRIES {
            match self.keeper.store.replace(guard, &slot, &old, &new) {
                Ok(true) => return self.is_kept(account, &slot),
                Ok(false) => {}
                Err(error) => failure = Some(KeepError::Store(error)),
            }
            let mut bytes = vec![0; Record::MAX_LEN];
            let there = self.keeper.store.get(&slot, &mut bytes).map_err(KeepError::Store)?;
            match there.and_then(|len| bytes.get(..len)) {
                Some(bytes) if bytes == new => return self.is_kept(account, &slot),
                Some(bytes) if bytes == old => {}
                Some(_) => return Err(overtaken()),
                // A comparison never creates what is gone.
                None => return Ok(false),
            }
        }
        Err(failure.unwrap_or_else(overtaken))
    }

    /// Whether a record that was replaced just now stays. It goes if its key was revoked in the meantime and somebody
    /// who can write the store put the record back (rule 5).
    fn is_kept(&self, account: &AccountName, slot: &Slot) -> Result<bool, KeepError<S::Error>> {
        if self.keeper.is_revoked(account, slot.id)? || self.is_ended(account, slot.id)? {
            self.keeper.remove_slot(slot)?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Whether the ring says that a key has ended.
    pub(super) fn is_ended(&self, account: &AccountName, id: KeyId) -> Result<bool, KeepError<S::Error>> {
        Ok(self.ring.get(account, Entry::Ended(id), &mut []).map_err(ring_failed)?.is_some())
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

impl<M: Buffer> Published<M> {
    fn at(generation: u64) -> Self {
        let nobody = Vec::new;
        Self {
            generation,
            kept: nobody(),
            behind: nobody(),
            replacements: Vec::new(),
            to_replace: nobody(),
            ended: nobody(),
            unknown: nobody(),
            orphaned: nobody(),
        }
    }

    /// What a rotation would do; it has no new keys yet.
    pub(super) fn planned(generation: u64, classes: Classes) -> Self {
        let Classes { resealed, behind, last_page, replaced, mut ended, unknown, orphaned, .. } = classes;
        let to_replace = [replaced.as_slice(), &last_page].concat();
        ended.extend(replaced);
        Self { generation, kept: resealed, behind, replacements: Vec::new(), to_replace, ended, unknown, orphaned }
    }
}
