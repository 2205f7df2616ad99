//! A rotation that was cut short: going on, going back, forgetting it (rules 9 and 10).

use alloc::vec::Vec;

use rand_core::TryCryptoRng;
use zeroize::Zeroizing;

use super::apply::{Applied, Change};
use super::classify::Standing;
use super::ledger::Ledger;
use super::publish::Published;
use super::ring_keeper::{RingKeeper, ring_failed};
use super::rotate::{Begun, Payload, RingRotation};
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::keeper::KeepError;
use crate::keeper::rotation::Replacement;
use crate::name::AccountName;
use crate::record::Record;
use crate::ring::{Entry, Ring};
use crate::seal::open_ignoring_expiry;
use crate::store::{Slot, Store};

/// An unfinished rotation.
struct Pending {
    staged: Slot,
    records: Vec<KeyId>,
    new: Payload,
    begun: Begun,
}

impl<'r, S: Store, R: Ring> RingKeeper<'_, 'r, S, R> {
    /// Goes on with an unfinished rotation: applies the same change again, and publishes it. `None` if the database had not
    /// been touched: then the rotation is forgotten, and nothing has changed.
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
        hand_over: impl FnOnce(&[Replacement]) -> Result<(), E>,
    ) -> Result<Option<Published>, E>
    where
        E: From<KeepError<S::Error>>,
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let Some(Pending { staged, records, new, begun }) = self.pending(account)? else { return Ok(None) };
        let options = &RingRotation { new_keys: options.new_keys || begun.new_keys, ..options.clone() };
        let old = self.payload_at(account, &records, begun.base)?;
        let unfinished = || KeepError::Unfinished { account: account.clone().into() };
        match apply(&self.guard, Change { account, old: old.as_ref().unwrap_or(&new), new: &new }) {
            Applied::Done => self.publish(account, (&staged, begun.base), &new, options, rng, hand_over).map(Some),
            Applied::Unchanged if !self.is_published(account, &records, begun.base)? => {
                self.clear(account, &staged)?;
                Err(KeepError::NotApplied { account: account.clone().into() }.into())
            }
            Applied::Unchanged | Applied::InDoubt => Err(unfinished().into()),
        }
    }

    /// Goes back to the old secret: applies the change the other way round, and forgets the rotation.
    ///
    /// # Errors
    ///
    /// [`KeepError::NotUnfinished`], [`KeepError::StagedLost`], [`KeepError::Published`] if a record has the new secret,
    /// [`KeepError::NotInRing`], and [`KeepError::Unfinished`] if the database may still have it.
    pub fn abort(
        &self,
        account: &AccountName,
        apply: impl FnOnce(&R::Guard<'r>, Change<'_>) -> Applied,
    ) -> Result<(), KeepError<S::Error>> {
        let Some(Pending { staged, records, new, begun }) = self.pending(account)? else { return Ok(()) };
        if self.is_published(account, &records, begun.base)? {
            return Err(KeepError::Published { account: account.clone().into() });
        }
        let old = self.payload_at(account, &records, begun.base)?;
        let old = old.ok_or_else(|| KeepError::NotInRing { account: account.clone().into() })?;
        match apply(&self.guard, Change { account, old: &new, new: &old }) {
            Applied::Done => self.clear(account, &staged),
            Applied::Unchanged | Applied::InDoubt => Err(KeepError::Unfinished { account: account.clone().into() }),
        }
    }

    /// Forgets every unfinished rotation of an account, whatever its database has now.
    ///
    /// # Errors
    ///
    /// [`KeepError::NotUnfinished`]
    pub fn forget_rotation(&self, account: &AccountName) -> Result<(), KeepError<S::Error>> {
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

    /// Finds the unfinished rotation of an account and opens its new secret; `None` if it can be and was forgotten.
    fn pending(&self, account: &AccountName) -> Result<Option<Pending>, KeepError<S::Error>> {
        let guard = self.keeper.lock_known(account)?;
        let mut survey = self.keeper.tidy(account, &guard)?;
        let mut ledger = self.ledger(account)?;
        self.note_ended(account, &mut ledger, &mut survey)?;
        let (account_of, lost) =
            (|| account.clone().into(), || KeepError::StagedLost { account: account.clone().into() });
        let (&[id], applying) = (&survey.staged[..], &ledger.applying[..]) else {
            if !survey.staged.is_empty() {
                return Err(KeepError::Overtaken { account: account_of() });
            }
            // A crash may have left the key to a record that was never staged, or is gone already.
            ledger.check_not_applying(account)?;
            self.clear_recovery(account, &ledger)?;
            return Err(KeepError::NotUnfinished { account: account_of() });
        };
        let staged = Slot::staged(account, id);
        if !applying.contains(&id) && ledger.recovery.contains(&id) {
            self.clear(account, &staged)?;
            return Ok(None);
        }
        let key = self.read_key(account, Entry::Recovery(id), id)?.ok_or_else(lost)?;
        let mut text = [0; Begun::MAX_LEN];
        let len = self.ring.get(account, Entry::Applying(id), &mut text).map_err(ring_failed)?;
        let begun = len.and_then(|len| Begun::parse(text.get(..len)?)).ok_or_else(lost)?;
        let mut bytes = alloc::vec![0; Record::max_len(Capacity::MAX)];
        let len = self.keeper.store.get(&staged, &mut bytes).map_err(KeepError::Store)?;
        let bytes = len.and_then(|len| bytes.get(..len)).ok_or_else(lost)?;
        let record = Record::decode(bytes).map_err(|_| lost())?;
        let secret = open_ignoring_expiry(key, &record).map_err(|_| lost())?;
        let new = Zeroizing::new(secret.expose().to_vec());
        Ok(Some(Pending { staged, records: survey.records, new, begun }))
    }

    /// Whether a run of a rotation that began at this generation has published its secret in a record.
    fn is_published(&self, account: &AccountName, records: &[KeyId], base: u64) -> Result<bool, KeepError<S::Error>> {
        for id in records {
            if let Standing::Known(known) = self.standing(account, *id)?
                && self.sealed_at(account, *id, &known.header)? > base
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Wipes recovery keys whose rotations never began or are finished.
    pub(super) fn clear_recovery(&self, account: &AccountName, ledger: &Ledger) -> Result<(), KeepError<S::Error>> {
        ledger.recovery.iter().try_for_each(|id| self.drop_entry(account, Entry::Recovery(*id)))
    }
}
