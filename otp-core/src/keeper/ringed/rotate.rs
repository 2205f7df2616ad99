//! Rotating with a ring: the keys keep their text, and the database may change in between (rules 6 and 8).

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::num::NonZeroU8;

use rand_core::TryCryptoRng;

use super::apply::{Applied, Change, cut_short};
use super::begun::Begun;
use super::classify::{Classes, Known, Standing, Target};
use super::publish::Published;
use super::ring_keeper::RingKeeper;
use crate::buffer::{OwnedBuffer, Wiped};
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::keeper::rotation::Replacement;
use crate::keeper::survey::Survey;
use crate::keeper::{Grant, KeepError};
use crate::name::AccountName;
use crate::record::Record;
use crate::ring::{Entry, Ring};
use crate::seal::open_ignoring_expiry;
use crate::store::{Slot, Store};
use crate::time::UnixTime;

/// What a rotation with a ring may do.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RingRotation {
    /// When all keys stop opening; `None` to leave that as it is.
    pub expires: Option<UnixTime>,
    /// The capacity of new keys; `None` for that of the keys that they replace, or the smallest larger one that fits.
    pub capacity: Option<Capacity>,
    /// How many pages new keys have; `None` for as many as the keys that they replace.
    pub pages: Option<NonZeroU8>,
    /// Whether every key ends and gets a successor, as after a theft. Without it, keys that would end make the rotation fail.
    pub new_keys: bool,
    /// Records that the ring knows nothing of, to be ended.
    pub end_unknown: Vec<KeyId>,
}

/// A payload in memory of its own, which is wiped.
pub(super) fn kept<M: OwnedBuffer>(payload: &[u8]) -> Wiped<M> {
    let mut kept = Wiped::new(M::zeroed(payload.len()));
    kept.bytes_mut().copy_from_slice(payload);
    kept
}

impl<'r, S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, 'r, S, R, M> {
    /// What [`rotate`](RingKeeper::rotate) would do to an account, without doing any of it.
    ///
    /// # Errors
    ///
    /// Those of [`rotate`](RingKeeper::rotate) before anything has changed.
    pub fn plan<P, E>(
        &self,
        account: &AccountName,
        change: impl FnOnce(&[u8]) -> Result<P, E>,
        options: &RingRotation,
    ) -> Result<Published<M>, E>
    where
        P: AsRef<[u8]>,
        E: From<KeepError<S::Error>>,
    {
        let survey = self.keeper.survey(account)?;
        if survey.is_empty() {
            return Err(KeepError::NoAccount { account: account.clone().into() }.into());
        }
        survey.check_no_rotation(account)?;
        let ledger = self.ledger(account)?;
        ledger.check_not_applying(account)?;
        let new = self.changed(account, &survey, change)?.1;
        let target = Target::before(ledger.reached(account, &survey)?, new.as_ref().len(), options);
        let classes = self.classify(account, &survey.records, &ledger, &target)?;
        classes.check(account, options)?;
        Ok(Published::planned(target.generation, classes))
    }

    /// Gives an account a new secret: the one that `change` makes of the current one.
    ///
    /// Each key that has a page left keeps its text. `apply` changes the database in between, while the account is not
    /// locked; it gets the ring's lock, which a program that it starts should inherit. `hand_over` gets the new keys that
    /// some holders need.
    ///
    /// Wherever it dies, the secret that the database has is in a record, or [`resume`](RingKeeper::resume) finds it.
    ///
    /// # Errors
    ///
    /// Before anything has changed: [`KeepError::NoAccount`], [`KeepError::NotInRing`], [`KeepError::UnknownKeys`],
    /// [`KeepError::UsedUp`], [`KeepError::AllExpired`], [`KeepError::Busy`], [`KeepError::StaleRing`], what `change` fails with,
    /// and [`KeepError::Unfinished`] if an earlier rotation is. [`KeepError::NotApplied`]: the database was not changed, and
    /// nothing else was. Afterwards: [`KeepError::Unfinished`], [`KeepError::Overtaken`], and [`KeepError::CutShort`] with
    /// whatever else failed, all of which `resume` ends; and what `hand_over` fails with, when the rotation is finished and the
    /// ring has the keys.
    pub fn rotate<P, E, G>(
        &self,
        account: &AccountName,
        change: impl FnOnce(&[u8]) -> Result<P, E>,
        options: &RingRotation,
        rng: &mut G,
        apply: impl FnOnce(&R::Guard<'r>, Change<'_>) -> Applied,
        hand_over: impl FnOnce(&[Replacement<M>]) -> Result<(), E>,
    ) -> Result<Published<M>, E>
    where
        P: AsRef<[u8]>,
        E: From<KeepError<S::Error>>,
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let ring_guard = self.lock()?;
        let guard = self.keeper.lock_known(account)?;
        let mut survey = self.keeper.tidy(account, &guard)?;
        survey.check_no_rotation(account)?;
        let mut ledger = self.ledger(account)?;
        self.note_ended(account, &mut ledger, &mut survey)?;
        ledger.check_not_applying(account)?;
        self.clear_recovery(account, &ledger)?;

        let (old, new) = self.changed(account, &survey, change)?;
        let new = new.as_ref();
        let base = ledger.reached(account, &survey)?;
        let target = Target::before(base, new.len(), options);
        let classes = self.classify(account, &survey.records, &ledger, &target)?;
        classes.check(account, options)?;
        self.probe(account, &guard, &classes)?;

        let staged = self.stage(account, new, rng)?;
        let begun = Begun { base, options: options.clone() };
        self.put_entry(account, Entry::Applying(staged.id), begun.to_string().as_bytes())?;
        // Readers and `revoke` go on while the database changes; the staged record keeps others from sealing.
        drop(guard);
        match apply(&ring_guard, Change { account, old: old.bytes(), new }) {
            Applied::Done => self.publish(account, (&staged, base), new, options, rng, hand_over),
            Applied::Unchanged => {
                self.clear(account, &staged).map_err(cut_short(account))?;
                Err(KeepError::NotApplied { account: account.clone().into() }.into())
            }
            Applied::InDoubt => Err(KeepError::Unfinished { account: account.clone().into() }.into()),
        }
    }

    /// The account's payload, and what a change makes of it.
    fn changed<P: AsRef<[u8]>, E: From<KeepError<S::Error>>>(
        &self,
        account: &AccountName,
        survey: &Survey,
        change: impl FnOnce(&[u8]) -> Result<P, E>,
    ) -> Result<(Wiped<M>, P), E> {
        let old = self.payload_at(account, &survey.records, u64::MAX)?;
        let old = old.ok_or_else(|| KeepError::NotInRing { account: account.clone().into() })?;
        let new = change(old.bytes())?;
        Capacity::fitting(new.as_ref().len()).map_err(KeepError::from)?;
        Ok((old, new))
    }

    /// Replaces one record with the same bytes: a store that refuses is noticed before anything has changed (rule 8).
    fn probe(&self, account: &AccountName, guard: &S::Guard<'_>, classes: &Classes) -> Result<(), KeepError<S::Error>> {
        let Some(id) = classes.resealed.iter().chain(&classes.replaced).next() else { return Ok(()) };
        let Standing::Known(known) = self.standing(account, *id)? else { return Ok(()) };
        let record = known.record;
        let slot = Slot::record(account, *id);
        if self.keeper.store.replace(guard, &slot, &record, &record).map_err(KeepError::Store)? {
            Ok(())
        } else {
            Err(KeepError::Busy { account: account.clone().into() })
        }
    }

    /// Stages the new payload under a recovery key, which the ring gets first (rule 6).
    fn stage<G>(&self, account: &AccountName, payload: &[u8], rng: &mut G) -> Result<Slot, KeepError<S::Error>>
    where
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let sealed = self.keeper.seal(account, payload, &Grant::default(), rng)?;
        let staged = Slot::staged(account, sealed.key.id());
        self.put_key(account, Entry::Recovery(staged.id), &sealed.key)?;
        let put = self.keeper.put(&staged, &sealed.record);
        let alone = put.and_then(|_| {
            let survey = self.keeper.survey(account)?;
            match (survey.staged == [staged.id], survey.rotations.is_empty()) {
                (true, true) => Ok(()),
                _ => Err(KeepError::Busy { account: account.clone().into() }),
            }
        });
        if let Err(error) = alone {
            // Report the first failure. The next rotation finds and removes what is left.
            let _ = self.clear(account, &staged);
            return Err(error);
        }
        Ok(staged)
    }

    /// Removes what a rotation staged. The mark goes first: a staged record without it means that nothing is in doubt.
    pub(super) fn clear(&self, account: &AccountName, staged: &Slot) -> Result<(), KeepError<S::Error>> {
        self.drop_entry(account, Entry::Applying(staged.id))?;
        self.keeper.remove_slot(staged)?;
        self.drop_entry(account, Entry::Recovery(staged.id))
    }

    /// The account's payload as of a generation, from the latest record up to it that the ring can open.
    pub(super) fn payload_at(
        &self,
        account: &AccountName,
        records: &[KeyId],
        generation: u64,
    ) -> Result<Option<Wiped<M>>, KeepError<S::Error>> {
        let mut latest: Option<(u64, Box<Known<M>>)> = None;
        for id in records {
            let Standing::Known(known) = self.standing(account, *id)? else { continue };
            let sealed = self.sealed_at(account, *id, &known.header)?;
            if sealed <= generation && latest.as_ref().is_none_or(|(other, _)| sealed > *other) {
                latest = Some((sealed, known));
            }
        }
        let Some((_, known)) = latest else { return Ok(None) };
        let secret = open_ignoring_expiry(known.key, &Record::decode(&known.record)?)?;
        Ok(Some(kept(secret.expose())))
    }
}

impl Classes {
    /// Refuses a rotation that would end keys that nobody wants to end.
    fn check<E>(&self, account: &AccountName, options: &RingRotation) -> Result<(), KeepError<E>> {
        let account = || account.clone().into();
        if !self.unknown.is_empty() {
            return Err(KeepError::UnknownKeys { account: account(), ids: self.unknown.clone() });
        }
        if !self.replaced.is_empty() && !options.new_keys {
            return Err(KeepError::UsedUp { account: account(), ids: self.replaced.clone() });
        }
        if self.resealed.is_empty() && self.replaced.is_empty() {
            return Err(KeepError::AllExpired { account: account() });
        }
        Ok(())
    }
}
