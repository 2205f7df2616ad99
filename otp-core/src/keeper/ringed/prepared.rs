//! Adding accounts in steps, with a ring: see [`Prepared`]. The order is that of rule 4.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::ring_keeper::{RingKeeper, ring_failed};
use crate::buffer::{OwnedBuffer, Wiped};
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
    /// Like [`Keeper::check_vacant`](crate::Keeper::check_vacant), and lets the ring catch up with the store.
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

    /// Puts the prepared keys of many accounts into the ring, before their records are put.
    ///
    /// # Errors
    ///
    /// The ring's, and [`KeepError::Randomness`] if an id exists already; any of the keys may be in the ring then.
    pub fn keep_prepared(&self, all: &[(&Prepared<M>, &Vacancy)]) -> Result<(), KeepError<S::Error>> {
        let taken = || KeepError::Randomness(Box::from("the source gave the id of an existing key"));
        let (mut reached, mut texts) = (Vec::new(), Vec::new());
        for (prepared, vacancy) in all {
            let account = prepared.account();
            for key in prepared.keys() {
                if self.ring.get(account, Entry::Key(key.id()), &mut []).map_err(ring_failed)?.is_some() {
                    return Err(taken());
                }
                let mut text = Wiped::new(M::zeroed(key.text_len()));
                key.write_text(text.bytes_mut())?;
                reached.push((account, Entry::First(key.id()), vacancy.reached.to_string()));
                texts.push((account, Entry::Key(key.id()), text));
            }
        }
        let reached: Vec<_> =
            reached.iter().map(|(account, entry, digits)| (*account, *entry, digits.as_bytes())).collect();
        let texts: Vec<_> = texts.iter().map(|(account, entry, text)| (*account, *entry, text.bytes())).collect();
        // First generations go first: a key without one would be of none.
        for entries in [reached, texts] {
            if self.ring.put_many(&entries).map_err(ring_failed)? < entries.len() {
                return Err(taken());
            }
        }
        Ok(())
    }

    /// Like [`Keeper::settle`](crate::Keeper::settle); what does not stay is removed from the ring too.
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
