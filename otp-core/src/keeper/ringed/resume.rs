//! A rotation that was cut short: resuming, aborting, or forgetting it (rules 9 and 10).

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::apply::{Applied, Change, cut_short};
use super::begun::Begun;
use super::ledger::Ledger;
use super::publish::Published;
use super::ring_keeper::RingKeeper;
use super::rotate::{RingRotation, kept};
use crate::buffer::{OwnedBuffer, Wiped};
use crate::ct;
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::keeper::KeepError;
use crate::keeper::rotation::Replacement;
use crate::name::AccountName;
use crate::record::Record;
use crate::ring::{Entry, Ring};
use crate::seal::open_ignoring_expiry;
use crate::store::{Slot, Store};

/// What was found of a rotation that was cut short.
enum Found<M: OwnedBuffer> {
    Unfinished(Pending<M>),
    /// Its database had not been touched, or all of it was done.
    Leftover {
        staged: Slot,
        records: Vec<KeyId>,
    },
}

/// An unfinished rotation.
struct Pending<M: OwnedBuffer> {
    staged: Slot,
    records: Vec<KeyId>,
    new: Wiped<M>,
    begun: Begun,
    /// Whether its pages may have been sealed.
    is_claimed: bool,
}

impl<'r, S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, 'r, S, R, M> {
    /// Resumes an unfinished rotation: applies the same change again, and publishes it. Returns `None` if nothing was
    /// left to do, because the database had not been touched or all of it was done; the rotation is then forgotten.
    ///
    /// What the rotation was to do is remembered; `options` says what to do differently.
    ///
    /// # Errors
    ///
    /// [`KeepError::NotUnfinished`]; [`KeepError::StagedLost`] if the new secret can't be opened any more; else as
    /// [`rotate`](RingKeeper::rotate).
    pub fn resume<E, G>(
        &self,
        account: &AccountName,
        options: &RingRotation,
        rng: &mut G,
        apply: impl FnOnce(&R::Guard<'r>, Change<'_>) -> Applied,
        hand_over: impl FnOnce(&[Replacement<M>]) -> Result<(), E>,
    ) -> Result<Option<Published<M>>, E>
    where
        E: From<KeepError<S::Error>>,
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let ring_guard = self.lock()?;
        let Pending { staged, records, new, begun, .. } = match self.find(account)? {
            Found::Unfinished(pending) => pending,
            Found::Leftover { staged, .. } => return self.clear(account, &staged).map(|()| None).map_err(E::from),
        };
        let base = begun.base;
        let options = &begun.resumed(options);
        let old = self.payload_at(account, &records, base)?;
        let change = Change { account, old: old.as_ref().unwrap_or(&new).bytes(), new: new.bytes() };
        match apply(&ring_guard, change) {
            Applied::Done => self.publish(account, (&staged, base), new.bytes(), options, rng, hand_over).map(Some),
            // That this run changed nothing says nothing about the run that was cut short.
            Applied::Unchanged | Applied::InDoubt => {
                Err(KeepError::Unfinished { account: account.clone().into() }.into())
            }
        }
    }

    /// Goes back to the old secret: applies the change in reverse, and forgets the rotation.
    ///
    /// # Errors
    ///
    /// [`KeepError::NotUnfinished`], [`KeepError::StagedLost`], [`KeepError::Published`] if a record may have the new secret,
    /// [`KeepError::NotInRing`], [`KeepError::Unfinished`] if the database may still have it, and [`KeepError::CutShort`] if it has
    /// the old one, and what was staged could not be removed.
    pub fn abort(
        &self,
        account: &AccountName,
        apply: impl FnOnce(&R::Guard<'r>, Change<'_>) -> Applied,
    ) -> Result<(), KeepError<S::Error>> {
        let ring_guard = self.lock()?;
        let published = || KeepError::Published { account: account.clone().into() };
        let Pending { staged, records, new, begun, is_claimed } = match self.find(account)? {
            Found::Unfinished(pending) => pending,
            Found::Leftover { staged, records } => {
                let (new, current) = (self.staged(account, &staged)?, self.payload_at(account, &records, u64::MAX)?);
                let is_done = current.is_some_and(|current| ct::equal(current.bytes(), new.bytes()));
                return if is_done { Err(published()) } else { self.clear(account, &staged) };
            }
        };
        // Once a generation is claimed, a record may have the new secret, or get it late: then the database has it too.
        if is_claimed {
            return Err(published());
        }
        let old = self.payload_at(account, &records, begun.base)?;
        let old = old.ok_or_else(|| KeepError::NotInRing { account: account.clone().into() })?;
        match apply(&ring_guard, Change { account, old: new.bytes(), new: old.bytes() }) {
            Applied::Done => self.clear(account, &staged).map_err(cut_short(account)),
            Applied::Unchanged | Applied::InDoubt => Err(KeepError::Unfinished { account: account.clone().into() }),
        }
    }

    /// Forgets every unfinished rotation of an account, whatever its database has now.
    ///
    /// # Errors
    ///
    /// [`KeepError::NotUnfinished`]
    pub fn forget_rotation(&self, account: &AccountName) -> Result<(), KeepError<S::Error>> {
        let _ring_guard = self.lock()?;
        let staged = self.keeper.survey(account)?.staged;
        let ledger = self.ledger(account)?;
        if staged.is_empty() && ledger.applying.is_empty() && ledger.recovery.is_empty() {
            return Err(KeepError::NotUnfinished { account: account.clone().into() });
        }
        for id in staged.iter().chain(&ledger.applying).chain(&ledger.recovery) {
            self.clear(account, &Slot::staged(account, *id))?;
        }
        Ok(())
    }

    /// Finds the rotation of an account that was cut short, and opens its new secret if it is unfinished.
    fn find(&self, account: &AccountName) -> Result<Found<M>, KeepError<S::Error>> {
        let guard = self.keeper.lock_known(account)?;
        let mut survey = self.keeper.tidy(account, &guard)?;
        let mut ledger = self.ledger(account)?;
        self.note_ended(account, &mut ledger, &mut survey)?;
        let account_of = || account.clone().into();
        let (&[id], applying) = (&survey.staged[..], &ledger.applying[..]) else {
            if !survey.staged.is_empty() {
                return Err(KeepError::Overtaken { account: account_of() });
            }
            // A crash may have left the key to a record that was never staged, or is gone already.
            ledger.check_not_applying(account)?;
            self.clear_recovery(account, &ledger)?;
            return Err(KeepError::NotUnfinished { account: account_of() });
        };
        let (staged, highest_claim) = (Slot::staged(account, id), survey.highest_claim());
        // The mark is the last thing written before the program is asked, and the first removed once all is done.
        if !applying.contains(&id) && ledger.recovery.contains(&id) {
            return Ok(Found::Leftover { staged, records: survey.records });
        }
        let new = self.staged(account, &staged)?;
        let begun = self.begun(account, id, ledger.highest_done())?;
        let is_claimed = ledger.highest_spent().max(highest_claim) > begun.base;
        Ok(Found::Unfinished(Pending { staged, records: survey.records, new, begun, is_claimed }))
    }

    /// Opens the new secret that a rotation staged.
    fn staged(&self, account: &AccountName, staged: &Slot) -> Result<Wiped<M>, KeepError<S::Error>> {
        let lost = || KeepError::StagedLost { account: account.clone().into() };
        let key = self.read_key(account, Entry::Recovery(staged.id), staged.id)?.ok_or_else(lost)?;
        let mut bytes = alloc::vec![0; Record::max_len(Capacity::MAX)];
        let len = self.keeper.store.get(staged, &mut bytes).map_err(KeepError::Store)?;
        let bytes = len.and_then(|len| bytes.get(..len)).ok_or_else(lost)?;
        let record = Record::decode(bytes).map_err(|_| lost())?;
        let secret = open_ignoring_expiry(key, &record).map_err(|_| lost())?;
        Ok(kept(secret.expose()))
    }

    /// Wipes recovery keys whose rotations never began or are finished.
    pub(super) fn clear_recovery(&self, account: &AccountName, ledger: &Ledger) -> Result<(), KeepError<S::Error>> {
        ledger.recovery.iter().try_for_each(|id| self.drop_entry(account, Entry::Recovery(*id)))
    }
}
