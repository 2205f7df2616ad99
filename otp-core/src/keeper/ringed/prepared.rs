//! Adding accounts in steps, with a ring: see [`Prepared`]. The order is that of rule 4.

use alloc::boxed::Box;
use alloc::string::ToString;

use super::ring_keeper::{RingKeeper, ring_failed};
use crate::buffer::OwnedBuffer;
use crate::keeper::{KeepError, Prepared};
use crate::name::AccountName;
use crate::ring::{Entry, Ring};
use crate::store::Store;

/// The place of a new account: what ring and store said of it before anything was made.
#[derive(Debug)]
pub struct Vacancy {
    /// The generation that the account has reached: the pages of its first key count from it.
    reached: u64,
    /// The highest generation that was claimed in the store.
    claimed: u64,
}

impl<S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, '_, S, R, M> {
    /// As [`Keeper::check_vacant`](crate::Keeper::check_vacant), and lets the ring catch up with the store.
    ///
    /// # Errors
    ///
    /// As [`RingKeeper::add`].
    pub fn check_vacant(&self, account: &AccountName) -> Result<Vacancy, KeepError<S::Error>> {
        let mut survey = self.keeper.survey(account)?;
        if !survey.is_empty() {
            let guard = self.keeper.lock(account)?;
            survey = self.keeper.tidy(account, &guard)?;
        }
        let mut ledger = self.ledger(account)?;
        self.note_ended(account, &mut ledger, &mut survey)?;
        if !survey.records.is_empty() {
            return Err(KeepError::Exists { account: account.clone().into() });
        }
        survey.check_no_rotation(account)?;
        Ok(Vacancy { reached: self.catch_up(account, &ledger, &survey)?, claimed: survey.highest_claim() })
    }

    /// Puts prepared keys into the ring, before their records are put.
    ///
    /// # Errors
    ///
    /// The ring's, and [`KeepError::Randomness`] if an id exists already.
    pub fn keep_prepared(&self, prepared: &Prepared<M>, vacancy: &Vacancy) -> Result<(), KeepError<S::Error>> {
        let account = prepared.account();
        for key in prepared.keys() {
            if self.ring.get(account, Entry::Key(key.id()), &mut []).map_err(ring_failed)?.is_some()
                || !self.put_entry(account, Entry::First(key.id()), vacancy.reached.to_string().as_bytes())?
                || !self.put_key(account, Entry::Key(key.id()), key)?
            {
                return Err(KeepError::Randomness(Box::from("the source gave the id of an existing key")));
            }
        }
        Ok(())
    }

    /// As [`Keeper::settle`](crate::Keeper::settle); what does not stay goes from the ring too.
    ///
    /// # Errors
    ///
    /// As [`RingKeeper::add`].
    pub fn settle(&self, prepared: &Prepared<M>, vacancy: &Vacancy) -> Result<(), KeepError<S::Error>> {
        let account = prepared.account();
        let look = || {
            self.keeper.settle(prepared)?;
            let survey = self.keeper.survey(account)?;
            survey.check_no_rotation(account)?;
            if survey.highest_claim() == vacancy.claimed {
                Ok(())
            } else {
                Err(KeepError::Busy { account: account.clone().into() })
            }
        };
        look().inspect_err(|_| {
            for key in prepared.keys() {
                let _ = self.take_back(account, key.id());
            }
        })
    }
}
