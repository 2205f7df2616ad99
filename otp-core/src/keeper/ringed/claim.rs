//! Claims: at most one run seals the pages of a generation (rule 1).

use alloc::boxed::Box;

use rand_core::TryCryptoRng;

use super::ring_keeper::RingKeeper;
use crate::buffer::OwnedBuffer;
use crate::frame::Capacity;
use crate::keeper::KeepError;
use crate::name::AccountName;
use crate::record::Record;
use crate::ring::{Entry, Ring};
use crate::store::{Slot, Store};

/// The length of a claim in bytes: a random number of the run's own, so that two runs can't both find theirs.
pub const CLAIM_LEN: usize = 16;

/// How many generations a run tries to claim before it gives up.
const TRIES: usize = 8;

impl<S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, '_, S, R, M> {
    /// Replaces the run's own staged record with the same bytes, so that a store that takes no writes is noticed before
    /// that costs every key a page.
    pub(super) fn probe_staged(
        &self,
        account: &AccountName,
        guard: &S::Guard<'_>,
        staged: &Slot,
    ) -> Result<(), KeepError<S::Error>> {
        let store = self.keeper.store;
        let mut buffer = alloc::vec![0; Record::max_len(Capacity::MAX)];
        let len = store.get(staged, &mut buffer).map_err(KeepError::Store)?;
        match len.and_then(|len| buffer.get(..len)) {
            Some(bytes) if store.replace(guard, staged, bytes, bytes).map_err(KeepError::Store)? => Ok(()),
            _ => Err(KeepError::Overtaken { account: account.clone().into() }),
        }
    }

    /// Claims the next generation for this run, which may then seal one page of each key.
    ///
    /// The order is the rule: first the ring's mark is durable, then the put of the claim answers `true`, and then the
    /// claim is the highest and the run's own staged record is still there. If the answer is in doubt, that claim is
    /// lost and the next one is tried.
    pub(super) fn claim<G>(&self, account: &AccountName, staged: &Slot, rng: &mut G) -> Result<u64, KeepError<S::Error>>
    where
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let mut nonce = [0; CLAIM_LEN];
        rng.try_fill_bytes(&mut nonce).map_err(|error| KeepError::Randomness(Box::new(error)))?;
        let overtaken = || KeepError::Overtaken { account: account.clone().into() };
        let mut failure = None;
        for _ in 0..TRIES {
            let reached = self.ledger(account)?.reached(account, &self.keeper.survey(account)?)?;
            let next = reached.checked_add(1).ok_or_else(overtaken)?;
            self.mark(account, Entry::Spent(next))?;
            match self.keeper.put(&Slot::claim(account, next), &nonce) {
                Ok(true) => {}
                Ok(false) => continue,
                // Whatever fails two puts, such as a full disk, will fail the next, and each costs every key a page.
                Err(error) if failure.is_some() => return Err(error),
                Err(error) => {
                    failure = Some(error);
                    continue;
                }
            }
            match self.check_ours(account, staged, next) {
                // Another run has claimed more. If its own rotation is done, ours is over; else the next claim may be ours.
                Err(KeepError::Overtaken { .. }) if self.keeper.survey(account)?.staged == [staged.id] => {}
                outcome => return outcome.map(|()| next),
            }
        }
        Err(failure.unwrap_or_else(overtaken))
    }

    /// Checks that a generation is this run's: its claim is the highest, and its own staged record is there, alone.
    pub(super) fn check_ours(
        &self,
        account: &AccountName,
        staged: &Slot,
        generation: u64,
    ) -> Result<(), KeepError<S::Error>> {
        let survey = self.keeper.survey(account)?;
        if survey.highest_claim() == generation && survey.staged == [staged.id] {
            Ok(())
        } else {
            Err(KeepError::Overtaken { account: account.clone().into() })
        }
    }
}
