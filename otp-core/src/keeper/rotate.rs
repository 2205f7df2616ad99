//! Rotating an account: the plan, and the new records beside the old ones.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU8;

use rand_core::TryCryptoRng;

use super::batch::Batch;
use super::error::KeepError;
use super::grant::Grant;
use super::info::{AccountInfo, KeyInfo};
use super::keeper::Keeper;
use super::rotation::{Replacement, Rotation};
use super::seal::Sealed;
use crate::buffer::{Buffer, OwnedBuffer};
use crate::error::Error;
use crate::id::KeyId;
use crate::key::{Key, drawn_len};
use crate::name::AccountName;
use crate::note::{MAX_GRACE_SECS, Note};
use crate::store::{Slot, Store};

/// What a rotation does with the keys of an account.
struct Plan {
    /// Each key that gets a successor, what the successor is granted, and how many random bytes it takes.
    replaced: Vec<(KeyId, Grant, usize)>,
    /// Keys without a successor: expired ones, and those whose grace period a rotation without one cuts short.
    ended: Vec<KeyId>,
    /// Keys whose records can't be read, so that nobody knows what a successor should be granted.
    damaged: Vec<(KeyId, Error)>,
}

impl<'s, S: Store, M: OwnedBuffer> Keeper<'s, S, M> {
    /// Seals a new payload under one new key for each key of the account that opens today.
    ///
    /// A new key has the holder and expiry of the key that it replaces, unless the grant has others, and at least its
    /// capacity. With `grace`, in seconds, the old keys open the old secret for that long after the rotation is finished;
    /// without it, not at all, and earlier grace periods end too. A key whose record or note is damaged opens nothing: it gets no
    /// successor, stays as it is, and is named by [`Rotation::damaged`].
    ///
    /// The payload replaces everything that the account has. To keep some of that, use
    /// [`rotate_from`](Keeper::rotate_from).
    ///
    /// # Errors
    ///
    /// [`KeepError::NoAccount`], [`KeepError::AllExpired`], [`KeepError::AllReplaced`], [`KeepError::GraceTooLong`];
    /// [`KeepError::DamagedKey`] if no other key is left, or if the record is of a later version; [`KeepError::Busy`] if
    /// another process is rotating the account. Nothing has changed then.
    pub fn rotate<R>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grant: &Grant,
        grace: Option<u64>,
        rng: &mut R,
    ) -> Result<Rotation<'s, S, M>, KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        self.begin(account, None, payload, grant, grace, rng)
    }

    /// Rotates the account of a key as [`rotate`](Keeper::rotate) does, to the payload that `change` makes of the current one.
    ///
    /// The key must be current: one in its grace period would bring the old secret back for everybody.
    ///
    /// # Errors
    ///
    /// As [`rotate`](Keeper::rotate) and [`open`](Keeper::open), [`KeepError::Superseded`], and what `change` fails with.
    pub fn rotate_from<B, P, E, R>(
        &self,
        key: Key<B>,
        change: impl FnOnce(&[u8]) -> Result<P, E>,
        grant: &Grant,
        grace: Option<u64>,
        rng: &mut R,
    ) -> Result<Rotation<'s, S, M>, E>
    where
        B: Buffer,
        P: AsRef<[u8]>,
        E: From<KeepError<S::Error>>,
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        let (account, id) = (key.account().clone(), key.id());
        let (secret, _) = self.open_current(key)?;
        let payload = change(secret.expose())?;
        drop(secret);
        Ok(self.begin(&account, Some(id), payload.as_ref(), grant, grace, rng)?)
    }

    fn begin<R>(
        &self,
        account: &AccountName,
        from: Option<KeyId>,
        payload: &[u8],
        grant: &Grant,
        grace: Option<u64>,
        rng: &mut R,
    ) -> Result<Rotation<'s, S, M>, KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        if grace.is_some_and(|secs| secs > MAX_GRACE_SECS) {
            return Err(KeepError::GraceTooLong);
        }
        // A mistyped name leaves nothing behind, not even a lock.
        if self.survey(account)?.records.is_empty() {
            return Err(KeepError::NoAccount { account: account.clone().into() });
        }
        let guard = self.lock(account)?;
        let survey = self.tidy(account, &guard)?;
        survey.check_not_staged(account)?;
        let records = survey.records;
        // Rule 12.
        if !self.leaves_rings && !survey.claims.is_empty() {
            return Err(KeepError::NeedsRing { account: account.clone().into() });
        }
        let plan = self.plan(account, &records, from, payload.len(), grant, grace)?;
        let failed = |error| KeepError::Randomness(Box::new(error));
        let mut rng = Batch::<_, M>::draw(rng, plan.drawn_len()).map_err(failed)?;

        let marker = Slot::rotation(account, KeyId::generate(&mut rng).map_err(failed)?);
        let put = self.put(&marker, &Note::Rotating { since: self.now }.encode());
        if let Ok(false) = put {
            return Err(KeepError::Randomness("the source gave the id of a rotation in progress".into()));
        }
        let mut rotation = Rotation::new(self.store, self.now, guard, marker, grace);
        let sealed = put.and_then(|_| {
            // From here on nobody issues: `issue` checks for the marker after writing. `revoke` leaves a note, which is
            // checked for once the new records are there, and again when the old keys end.
            let plan = if rotation.is_alone() {
                plan
            } else {
                let survey = self.survey(account)?;
                if survey.rotations != [rotation.id()] {
                    return Err(KeepError::Busy { account: account.clone().into() });
                }
                self.plan(account, &survey.records, from, payload.len(), grant, grace)?
            };
            self.put_successors(&mut rotation, plan, payload, &mut rng)
        });
        match sealed {
            Ok(()) => Ok(rotation),
            Err(error) => {
                // Report the first failure; what can't be taken back is left to the next writer.
                let _ = rotation.abandon();
                Err(error)
            }
        }
    }

    /// Decides what becomes of each key.
    fn plan(
        &self,
        account: &AccountName,
        records: &[KeyId],
        from: Option<KeyId>,
        payload_len: usize,
        grant: &Grant,
        grace: Option<u64>,
    ) -> Result<Plan, KeepError<S::Error>> {
        let fitting = grant.capacity_for(payload_len)?;
        let AccountInfo { keys, damaged } = self.infos(account, records.iter().copied())?;
        // A key of a later version opens: leaving it out would leave its holder behind.
        let is_newer = |(_, error): &&(KeyId, Error)| matches!(error, Error::NewerRecord { .. });
        let blocking = damaged.iter().find(is_newer).or(damaged.first().filter(|_| keys.is_empty()));
        if let Some(&(id, error)) = blocking {
            return Err(KeepError::DamagedKey { account: account.clone().into(), id, error });
        }
        let mut plan = Plan { replaced: Vec::new(), ended: Vec::new(), damaged };
        let mut any_expired = false;
        for KeyInfo { header, grace: grace_ends } in keys {
            let expires = grant.expires.or(header.terms.expires);
            if grace_ends.is_some() {
                if grace.is_none() {
                    plan.ended.push(header.id);
                }
            } else if expires.is_some_and(|at| self.now >= at) {
                any_expired = true;
                plan.ended.push(header.id);
            } else if header.pages > 1 && !self.leaves_rings {
                return Err(KeepError::NeedsRing { account: account.clone().into() });
            } else {
                let holder = grant.holder.clone().or(header.terms.holder);
                // Never smaller than before, so that a capacity chosen to hide more is kept.
                let capacity = grant.capacity.unwrap_or(fitting.max(header.capacity));
                let pages = grant.pages.or(NonZeroU8::new(header.pages));
                let grant = Grant { holder, expires, capacity: Some(capacity), pages };
                let drawn = drawn_len(capacity, grant.page_count());
                plan.replaced.push((header.id, grant, drawn));
            }
        }
        if plan.replaced.is_empty() {
            let account = account.clone().into();
            return Err(if any_expired {
                KeepError::AllExpired { account }
            } else {
                KeepError::AllReplaced { account }
            });
        }
        match from {
            // It was current when it was opened, and may have been replaced or revoked since.
            Some(id) if !plan.replaced.iter().any(|(old, ..)| *old == id) => {
                self.check_current(account, id)?;
                Err(KeepError::Busy { account: account.clone().into() })
            }
            _ => Ok(plan),
        }
    }

    /// Seals one record for each key that gets a successor, and puts them.
    fn put_successors<R>(
        &self,
        rotation: &mut Rotation<'s, S, M>,
        plan: Plan,
        payload: &[u8],
        rng: &mut R,
    ) -> Result<(), KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        let account = rotation.account().clone();
        let mut objects = Vec::with_capacity(plan.replaced.len());
        for (old, grant, _) in plan.replaced {
            let Sealed { key, record } = self.seal(&account, payload, &grant, rng)?;
            objects.push((Slot::record(&account, key.id()), record));
            rotation.replacements.push(Replacement { old, holder: grant.holder, key });
        }
        (rotation.ended, rotation.damaged) = (plan.ended, plan.damaged);
        let objects: Vec<(Slot, &[u8])> =
            objects.iter().map(|(slot, record)| (slot.clone(), record.as_slice())).collect();
        let count = self.store.put_many(&objects).map_err(KeepError::Store)?;
        if count < objects.len() {
            // The record in the slot that was taken is another's: it must not be taken back.
            rotation.replacements.truncate(count);
            return Err(KeepError::Randomness("the source gave the id of an existing key".into()));
        }
        self.drop_revoked(rotation)
    }

    /// Takes back the successors of keys that were revoked while they were sealed.
    fn drop_revoked(&self, rotation: &mut Rotation<'s, S, M>) -> Result<(), KeepError<S::Error>> {
        if rotation.is_alone() {
            return Ok(());
        }
        let account = rotation.account().clone();
        let live = self.survey(&account)?.records;
        let mut number = 0;
        // If a step fails, those that are not taken back yet are still listed, for `abandon`.
        while let Some(new) = rotation.replacements.get(number) {
            if live.contains(&new.old) && self.read_note(&Slot::note(&account, new.old))?.is_none() {
                number += 1;
            } else {
                self.take_back(&account, new.key.id())?;
                rotation.replacements.remove(number);
            }
        }
        if rotation.replacements.is_empty() {
            return Err(KeepError::NoAccount { account: account.into() });
        }
        Ok(())
    }
}

impl Plan {
    /// How many random bytes it takes: the marker's id, and a key for each successor.
    fn drawn_len(&self) -> usize {
        KeyId::LEN + self.replaced.iter().map(|(_, _, drawn)| drawn).sum::<usize>()
    }
}
